"""Newton's method for the stream function around one geometry, from coarse grids to fine ones.

A grid's solution, interpolated, is the first guess on the next finer one, where one elimination of the
Jacobian serves for nearly all steps: so near the solution it hardly changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from .nested_dissection import OFFSETS, Factors, dissection
from .staggered_momentum import curl, jacobian, momentum, resistances, velocities

__all__ = ["Boundary", "Stream", "Walk", "grids", "interpolated", "left", "richardson", "solved"]

Array = NDArray[np.float64]
COARSEST = 16
"""Rows below which no coarser grid is made."""
ROUGHLY = 3e-3
"""Largest change of the stream function, as a part of its range, with which a coarser grid is left."""
SLOW = 0.2
"""The Jacobian is made anew when a step is not this much smaller than the one before."""
ROUND_OFF = 1e-12
"""Changes, in parts of the range, that need not shrink any more."""
CAREFUL = 5.0
"""What seems to be left counts so many times."""
INERTIAS = (0.1, 0.3, 0.6, 1.0)
"""Shares of the inertia by which a flow is found that was not found at once."""
LOST = 1e3
"""A change of the stream function, in parts of its range, from which Newton's method does not come back."""


@dataclass(frozen=True, eq=False)
class Boundary:
    """What flows in, and how the walls hold it.

    Attributes:
        edge: (rows + 1,) stream function at the inflow, and so along the lower and the upper wall.
        grip: friction with the walls: 2 for no slip, 0 for free slip.
        lid: speed of the upper wall.
        closed: whether the outflow is a wall.
    """

    edge: Array
    grip: float = 2.0
    lid: float = 0.0
    closed: bool = False

    @property
    def scale(self) -> float:
        """Largest difference of the stream function along the inflow; 1 if nothing flows in."""
        return float(np.ptp(self.edge)) or 1.0


@dataclass(frozen=True)
class Walk:
    """How Newton's method went on one grid.

    Attributes:
        converged: whether what is left is below the tolerance.
        changes: largest change of the stream function in each step, in parts of its range.
        factorisations: how many Jacobians were eliminated.
    """

    converged: bool
    changes: tuple[float, ...]
    factorisations: int


class Stream:
    """One geometry on one grid: the equations, their derivative, and Newton's method.

    Args:
        boundary: see there.
        columns: of cells; rows are those of the boundary.
        spacing: side of a cell.
        viscosity: of the fluid.
        at_u, at_v: signed distances to solids at the faces, (rows, columns + 1) and (rows + 1, columns).
        force_u, force_v: forces on the fluid at the faces; none by default.
    """

    def __init__(
        self,
        boundary: Boundary,
        columns: int,
        spacing: float,
        viscosity: float,
        at_u: Array,
        at_v: Array,
        *,
        force_u: Array | None = None,
        force_v: Array | None = None,
    ) -> None:
        rows = len(boundary.edge) - 1
        self.boundary, self.spacing, self.viscosity = boundary, spacing, viscosity
        self.shape = rows, columns
        self.ku, self.kv = resistances(at_u, at_v, viscosity, spacing)
        self.force_u, self.force_v = force_u, force_v
        self.u, self.v = np.zeros((rows, columns + 1)), np.zeros((rows + 1, columns))
        self.fu, self.fv = np.zeros_like(self.u), np.zeros_like(self.v)
        self._missing = np.zeros((rows - 1, columns))
        self._coefficients = np.zeros((rows - 1, columns, len(OFFSETS)))
        self._order = dissection(rows - 1, columns)

    def held(self, psi: Array) -> Array:
        """A copy whose inflow and walls are the boundary's."""
        edge = self.boundary.edge
        psi = np.array(psi, dtype=np.float64)
        psi[:, 0], psi[0], psi[-1] = edge, edge[0], edge[-1]
        if self.boundary.closed:
            psi[:, -1] = edge
        return psi

    def creeping(self) -> Array:
        """The flow without inertia: where to begin when nothing is known."""
        psi = self.held(np.repeat(self.boundary.edge[:, None], self.shape[1] + 1, axis=1))
        psi[1:-1, 1:] -= self.factors(psi, inertia=0.0).solve(self.missing(psi, inertia=0.0))
        return psi

    def missing(self, psi: Array, *, inertia: float = 1.0) -> Array:
        """(rows - 1, columns) of what the curl of momentum lacks; leaves the faces' own in `fu`, `fv`."""
        velocities(psi, self.spacing, self.u, self.v)
        edge = self.boundary
        momentum(
            self.u, self.v, self.viscosity, self.spacing, edge.grip, edge.lid, edge.closed, inertia,
            self.ku, self.kv, self.fu, self.fv,
        )  # fmt: skip
        if self.force_u is not None and self.force_v is not None:
            self.fu[:, 1:] -= self.force_u[:, 1:]
            self.fv[1:-1] -= self.force_v[1:-1]
        curl(self.fu, self.fv, self.spacing, edge.closed, self._missing)
        return self._missing

    def factors(self, psi: Array, *, inertia: float = 1.0) -> Factors:
        """The derivative of `missing`, eliminated."""
        velocities(psi, self.spacing, self.u, self.v)
        edge = self.boundary
        jacobian(
            self.u, self.v, self.viscosity, self.spacing, edge.grip, edge.closed, inertia, self.ku, self.kv,
            self._coefficients,
        )  # fmt: skip
        return self._order.factorise(self._coefficients)

    def newton(
        self, psi: Array, *, tolerance: float, most_steps: int, inertia: float = 1.0
    ) -> tuple[Array, Walk]:
        """From a guess to where the stream function is off by less than the tolerance, in parts of its range.

        A step on an old Jacobian gains as many digits as the Jacobian is right to: from two steps what is
        left is known as that of a geometric series, and five times that counts; of a single step all that it
        changed. It fails, and says so, where steps grow or do not shrink in time.
        """
        psi, scale = self.held(psi), self.boundary.scale
        changes: list[float] = []
        factors, made = None, 0
        while len(changes) < most_steps:
            missing = self.missing(psi, inertia=inertia)
            if factors is None:
                factors, made = self.factors(psi, inertia=inertia), made + 1
            step = factors.solve(missing)
            change = float(np.abs(step).max()) / scale
            if not change < LOST:
                return psi, Walk(False, (*changes, change), made)
            psi[1:-1, 1:] -= step
            changes.append(change)
            if left(changes) < tolerance:
                return psi, Walk(True, tuple(changes), made)
            if change > SLOW * (changes[-2] if len(changes) > 1 else 1.0):
                factors = None
        return psi, Walk(False, tuple(changes), made)

    def forces(self, psi: Array) -> tuple[float, float]:
        """Drag and lift of all solids together, from the balance of momentum: what their faces take up."""
        velocities(psi, self.spacing, self.u, self.v)
        along = (self.ku[:, 1:-1] * self.u[:, 1:-1]).sum() + 0.5 * (self.ku[:, -1] * self.u[:, -1]).sum()
        return float(along) * self.spacing**2, float((self.kv * self.v).sum()) * self.spacing**2

    def pressure(self, psi: Array) -> Array:
        """(rows, columns) at the cells' middles, 0 at the outflow: the momentum that is missing, summed up.

        Along which way does not matter at the solution. Within solids it means nothing.
        """
        self.missing(psi)
        return self.spacing * np.cumsum(self.fu[:, :0:-1], axis=1)[:, ::-1]


def left(changes: Sequence[float]) -> float:
    """How much is left to change, by how much smaller the last change was than the one before.

    Of a single change all of it counts, and so of changes that are but round-off; where they grow, what is
    left is infinite.
    """
    last = changes[-1]
    if len(changes) < 2 or last < ROUND_OFF:
        return last
    share = last / changes[-2]
    if share >= 1:
        return np.inf
    series = last * share / (1 - share)
    return min(last, CAREFUL * series) if share <= SLOW else max(last, series)


@lru_cache(maxsize=64)
def _spline(points: int, wanted: int, *, nodes: bool) -> Array:
    """(wanted, points) the cubic spline through points of [0, 1], with its ends (`nodes`) or without."""
    x, new = (
        np.linspace(0, 1, n + 1) if nodes else (np.arange(n) + 0.5) / n for n in (points, wanted)
    )  # fmt: skip
    return np.asarray(make_interp_spline(x, np.eye(len(x)), k=3)(new))


def interpolated(values: Array, rows: int, columns: int, *, nodes: bool = True) -> Array:
    """Values at the nodes (or the middles) of a grid's cells, at those of another grid of the same domain."""
    own = (values.shape[0] - 1, values.shape[1] - 1) if nodes else values.shape
    if own == (rows, columns):
        return values
    return np.asarray(_spline(own[0], rows, nodes=nodes) @ values @ _spline(own[1], columns, nodes=nodes).T)


def grids(rows: int, columns: int) -> list[tuple[int, int]]:
    """The grid and its halves, down to `COARSEST` rows; coarsest first."""
    found = [(rows, columns)]
    while rows % 2 == columns % 2 == 0 and rows // 2 >= COARSEST:
        rows, columns = rows // 2, columns // 2
        found.append((rows, columns))
    return found[::-1]


def solved(
    streams: list[Stream], *, tolerance: float, most_steps: int, guess: Array | None = None
) -> tuple[Array, Walk, Array | None]:
    """Through these grids, coarsest first: the stream function on the last, NaN if some grid failed.

    Also how the last walk went, with the factorisations on all grids; and what the grid before gave,
    interpolated (None if there is none). A guess for the last grid does without the others.
    """
    last = streams[-1]
    if guess is not None:
        psi, walk = last.newton(guess, tolerance=tolerance, most_steps=most_steps)
        return psi if walk.converged else np.full_like(psi, np.nan), walk, None
    psi, made, coarse = streams[0].creeping(), 1, None
    for stream in streams:
        psi = interpolated(psi, *stream.shape)
        if stream is last and len(streams) > 1:
            coarse = psi
        enough = tolerance if stream is last else ROUGHLY
        found, walk = stream.newton(psi, tolerance=enough, most_steps=most_steps)
        made += walk.factorisations
        if not walk.converged:  # let inertia come in little by little
            found, made = stream.creeping(), made + 1
            for inertia in INERTIAS:
                within = tolerance if inertia == 1 and stream is last else ROUGHLY
                found, walk = stream.newton(found, tolerance=within, most_steps=most_steps, inertia=inertia)
                made += walk.factorisations
                if not walk.converged:
                    nothing = np.full([n + 1 for n in last.shape], np.nan)
                    return nothing, replace(walk, factorisations=made), None
        psi = found
    return psi, replace(walk, factorisations=made), coarse


def richardson(psi: Array, coarse: Array | None) -> float:
    """The error of the velocities, relative and root-mean-square, from what the next coarser grid gave,
    interpolated, by Richardson's rule for second order; NaN where there is none.
    """
    if coarse is None:
        return np.nan
    change, whole = (
        sum(float((np.diff(field, axis=axis) ** 2).sum()) for axis in (0, 1)) for field in (psi - coarse, psi)
    )
    return float(np.sqrt(change / whole) / 3)
