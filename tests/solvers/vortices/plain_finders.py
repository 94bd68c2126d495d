"""Finding vortices written down plainly in NumPy and SciPy, against which compiled code is tested."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter
from understudy.solvers.vortices import FittedVortices, GradientCriterion
from understudy.solvers.vortices.gradients import okubo_weiss, q_criterion, velocity_gradient
from understudy.solvers.vortices.lamb_oseen import background, velocity_and_slopes

__all__ = ["around_circles", "fitted", "found_by", "found_by_fit", "from_integrals", "turning"]

Array = NDArray[np.float64]
WINDOW = 3
RINGS = (1.5, 2.5, 3.5, 4.5, 6.0, 8.0)
CLEAR, EXACT = 7.0, 1e-3


def turning(solver: GradientCriterion, u: Array, v: Array) -> Array:
    """The criterion, positive in vortices."""
    if solver.smoothing:
        u, v = (gaussian_filter(w, solver.smoothing, mode="nearest", truncate=3.0) for w in (u, v))
    gradient = velocity_gradient(u, v, spacing=solver.system.spacing)
    return np.asarray(q_criterion(gradient) if solver.criterion == "q" else -okubo_weiss(gradient))


def found_by(solver: GradientCriterion, u: Array, v: Array) -> Array:
    """(vortices, 5), all above the threshold, the surest first."""
    field, spacing = turning(solver, u, v), solver.system.spacing
    threshold = solver.threshold * field.std()
    top = maximum_filter(field, size=2 * WINDOW + 1, mode="nearest")
    rise = 1e-14 * (max(np.abs(u).max(), np.abs(v).max()) / spacing) ** 2
    rim = np.ones((2 * WINDOW + 1, 2 * WINDOW + 1), np.bool_)
    rim[1:-1, 1:-1] = False
    around = maximum_filter(field, footprint=rim, mode="constant", cval=-np.inf)
    places = np.argwhere((field == top) & (field > threshold) & (field - around > rise))
    found = np.empty((len(places), 5))
    middles = (places + 0.5) * spacing
    for k, (row, column) in enumerate(places):
        y, x = middle_of(field, row, column)
        apart = np.hypot(*(middles - middles[k]).T)
        nearest = np.min(apart[apart > 0], initial=1.0) / spacing
        edge = min(x, y, field.shape[1] - 1 - x, field.shape[0] - 1 - y) + 0.5
        inside = sum(r <= min(edge, 0.6 * nearest) for r in RINGS)
        radii = spacing * np.array(RINGS[: max(4, inside)])
        middle = ((x + 0.5) * spacing, (y + 0.5) * spacing)
        integrals = around_circles(u, v, middle=middle, radii=radii, spacing=spacing)
        numbers = from_integrals(integrals, radii, least=0.8 * spacing, most=0.15)
        height = field[row, column]
        found[k] = height / (height + threshold), *middle, *numbers
    return found[np.argsort(-found[:, 0], kind="stable")]


def middle_of(field: Array, row: int, column: int) -> tuple[float, float]:
    """Row and column of a peak, between cells."""
    rows, columns = (np.arange(max(0, i - WINDOW), i + WINDOW + 1) for i in (row, column))
    rows, columns = rows[rows < field.shape[0]], columns[columns < field.shape[1]]
    weights = np.maximum(field[np.ix_(rows, columns)] - 0.5 * field[row, column], 0.0)
    return (
        float(weights.sum(axis=1) @ rows / weights.sum()),
        float(weights.sum(axis=0) @ columns / weights.sum()),
    )


def around_circles(u: Array, v: Array, *, middle: tuple[float, float], radii: Array, spacing: float) -> Array:
    """(radii,) integrals of the velocity along circles, by SciPy's splines of the whole field."""
    angle = 2 * np.pi * np.arange(32) / 32
    x = (middle[0] + np.outer(radii, np.cos(angle))) / spacing - 0.5
    y = (middle[1] + np.outer(radii, np.sin(angle))) / spacing - 0.5
    along = [map_coordinates(w, np.stack([y, x]), order=3, mode="nearest") for w in (u, v)]
    turned = along[1] * np.cos(angle) - along[0] * np.sin(angle)
    return np.asarray(2 * np.pi * radii * turned.mean(axis=1))


def from_integrals(integrals: Array, radii: Array, *, least: float, most: float) -> tuple[float, float]:
    """Circulation and core radius that fit integrals best, by a least-squares fit for each of 48 radii."""
    tried = np.geomspace(least, most, 48)
    found, wrong = np.transpose([linear_fit(radius, integrals, radii) for radius in tried])
    best = int(wrong.argmin())
    if not 0 < best < 47:
        return float(found[best]), float(tried[best])
    before, here, after = wrong[best - 1 : best + 2]
    bend = before - 2 * here + after
    shift = float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend > 0 else 0.0
    radius = tried[best] * (tried[1] / tried[0]) ** shift
    return linear_fit(radius, integrals, radii)[0], float(radius)


def linear_fit(radius: float, integrals: Array, radii: Array) -> tuple[float, float]:
    """Circulation, and the squares that are left."""
    columns = [-np.expm1(-((radii / radius) ** 2)), (radii / radii.max()) ** 2]
    matrix = np.stack(columns, axis=1) / radii[:, None]
    found = np.linalg.lstsq(matrix, integrals / radii, rcond=None)[0]
    return float(found[0]), float(((matrix @ found - integrals / radii) ** 2).sum())


class Seen:
    """What a fit is fitted to: every so many cells, u first and then v."""

    def __init__(self, solver: FittedVortices, u: Array, v: Array) -> None:
        middles = solver.system.middles[:: solver.stride]
        x, y = np.meshgrid(middles, middles)
        self.x, self.y = x.ravel(), y.ravel()
        self.seen = np.concatenate([w[:: solver.stride, :: solver.stride].ravel() for w in (u, v)])
        self.linear = background(self.x, self.y)
        self.solver, self.spacing = solver, solver.system.spacing

    def matrix(self, vortices: Array) -> tuple[Array, Array]:
        """Slopes by all that is fitted, the background last; what is left with the best background."""
        values, slopes = velocity_and_slopes(vortices, self.x, self.y)
        rest = self.seen - values
        rest = rest - self.linear @ np.linalg.lstsq(self.linear, rest, rcond=None)[0]
        return np.hstack([slopes, self.linear]), rest

    def variance(self, squares: float, numbers: int) -> float:
        """Of the noise."""
        return max(squares / (len(self.seen) - numbers), EXACT**2 * float((self.seen**2).mean()))


def fitted(cells: Seen, vortices: Array) -> tuple[Array, float]:
    """Vortices (vortices, 4) after the descent, and the squares that are left."""
    vortices = bounded(vortices, cells.spacing)
    matrix, rest = cells.matrix(vortices)
    squares, damping = float(rest @ rest), 1e-3
    for _ in range(cells.solver.iterations):
        normal = matrix.T @ matrix
        scale = np.diag(normal).copy()
        damped = normal + np.diag(damping * scale + 1e-12 * scale.max())
        steps = np.linalg.solve(damped, matrix.T @ rest)[: vortices.size].reshape(vortices.shape)
        tried = vortices.copy()
        tried[:, :2] += np.clip(steps[:, :2], -4 * cells.spacing, 4 * cells.spacing)
        tried[:, 2] += steps[:, 2]
        tried[:, 3] *= np.exp(np.clip(steps[:, 3], -np.log(2), np.log(2)))
        tried = bounded(tried, cells.spacing)
        matrix_then, rest_then = cells.matrix(tried)
        squares_then = float(rest_then @ rest_then)
        if squares_then < squares:
            done = squares - squares_then < 1e-9 * squares
            vortices, matrix, rest, squares = tried, matrix_then, rest_then, squares_then
            damping *= 0.1
            if done:
                break
        else:
            damping *= 10
            if damping > 1e6:
                break
    return vortices, squares


def bounded(vortices: Array, spacing: float) -> Array:
    """Near the square, of radii that may be."""
    kept = vortices.copy()
    kept[:, :2] = np.clip(kept[:, :2], -0.05, 1.05)
    kept[:, 3] = np.clip(kept[:, 3], 0.5 * spacing, 0.3)
    return kept


def cleared(cells: Seen, vortices: Array) -> tuple[Array, float, Array]:
    """Those that are more than noise, the squares that are left, and how many standard errors they are."""
    while True:
        matrix, rest = cells.matrix(vortices)
        squares = float(rest @ rest)
        variance = cells.variance(squares, matrix.shape[1])
        spread = np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix))[2 : vortices.size : 4] * variance)
        clear = np.abs(vortices[:, 2]) / spread
        if not len(vortices) or clear.min() > CLEAR:
            return vortices, squares, clear
        vortices, _ = fitted(cells, np.delete(vortices, clear.argmin(), axis=0))


def found_by_fit(solver: FittedVortices, u: Array, v: Array, begun: Array | None = None) -> Array:
    """(vortices, 5), the surest first; begun at the criterion's, where nothing else is said."""
    cells, slots = Seen(solver, u, v), solver.system.slots
    begun = found_by(solver.criterion, u, v)[:slots] if begun is None else begun
    vortices, _ = fitted(cells, begun[:, 1:])
    for turn in range(solver.rounds + 1):
        vortices, left, clear = cleared(cells, vortices)
        if turn == solver.rounds or len(vortices) == slots:
            break
        x, y = np.meshgrid(solver.system.middles, solver.system.middles)
        own: Any = velocity_and_slopes(vortices, x.ravel(), y.ravel())[0].reshape(2, *u.shape)
        further = found_by(solver.criterion, u - own[0], v - own[1])[:1, 1:]
        if not len(further):
            break
        grown, squares = fitted(cells, np.vstack([vortices, further]))
        if squares > left - 4 * np.log(len(cells.seen)) * cells.variance(left, 6):
            break
        vortices = grown
    found = np.column_stack([clear / (clear + CLEAR), vortices])
    return found[np.argsort(-found[:, 0], kind="stable")]
