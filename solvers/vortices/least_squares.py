"""Vortices and their background fitted to what is seen, all at once, until only noise is left."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from .criterion import GradientCriterion
from .finder import Finder
from .lamb_oseen import background, velocity_and_slopes
from .system import Vortices

__all__ = ["FittedVortices"]

Array = NDArray[np.float64]
CLEAR = 7.0
"""Standard errors of its circulation above which a vortex is believed; below, it is noise."""
EXACT = 1e-3
"""Noise in parts of what is seen, root mean square, less than which nothing is held to have."""


@dataclass(frozen=True)
class FittedVortices(Finder):
    """Levenberg's and Marquardt's least squares for all vortices and the background, begun at peaks of Q.

    For Gaussian noise this is the most likely flow, and no unbiased way is more accurate. What the fit leaves
    is searched for further peaks of Q, and the highest is added, as often as `rounds` says; vortices whose
    circulation is no more than noise are taken away. It fails where a vortex has no peak to begin with, as
    between two that are nearly one.

    Attributes:
        iterations: of each fit, at most; one that no longer improves ends before.
        rounds: how often what is left is searched.
        stride: of the cells, every so many along both axes are fitted to: cheaper, and noisier.
        threshold, smoothing: of Q, where the fit begins; see `GradientCriterion`.

    Raises `SolverError` for settings that make no sense.

    Reference: Marquardt, J. SIAM 11 (1963), doi:10.1137/0111030.
    """

    system: Vortices
    _: KW_ONLY
    iterations: int = 12
    rounds: int = 2
    stride: int = 1
    threshold: float = 1.0
    smoothing: float = 1.5

    def __post_init__(self) -> None:
        for name, least in (("iterations", 1), ("rounds", 0), ("stride", 1)):
            if getattr(self, name) < least:
                raise SolverError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if (self.system.points // self.stride) ** 2 < 8 * self.system.slots:
            raise SolverError(
                f"a stride of {self.stride} leaves too few of {self.system.points} x {self.system.points} "
                f"cells for {self.system.slots} vortices; lower it"
            )
        _ = self.criterion

    @property
    def label(self) -> str:
        """E.g. `least squares n=12 r=2`, `least squares n=3 r=0 /2`, `least squares n=3 r=0 Q > 0.5 s=2`."""
        coarse = f" /{self.stride}" if self.stride > 1 else ""
        usual = (self.threshold, self.smoothing) == (1.0, 1.5)
        begun = "" if usual else f" {self.criterion.label}"
        return f"least squares n={self.iterations} r={self.rounds}{coarse}{begun}"

    @property
    def criterion(self) -> GradientCriterion:
        """Where the fit begins."""
        return GradientCriterion(self.system, threshold=self.threshold, smoothing=self.smoothing)

    def find(self, u: Array, v: Array) -> Array:
        """See `Finder`."""
        return self.refine(u, v, self.criterion.find(u, v))

    def refine(self, u: Array, v: Array, begun: Array) -> Array:
        """The same, from a table that is known already, (vortices, 5)."""
        x, y, seen = self._shown(u, v)
        surest = begun[np.argsort(-begun[:, 0], kind="stable")][: self.system.slots]
        vortices, _ = self._fitted(surest[:, 1:], x, y, seen)
        for turn in range(self.rounds + 1):
            vortices, left, clear = self._cleared(vortices, x, y, seen)
            if turn == self.rounds or len(vortices) == self.system.slots:
                break
            further = self._further(u, v, vortices)
            if not len(further):
                break
            grown, squares = self._fitted(np.vstack([vortices, further]), x, y, seen)
            # by Bayes' information criterion, what four more numbers have to be worth
            worth = 4 * np.log(len(seen)) * _variance(left, seen, numbers=6)
            if squares > left - worth:
                break
            vortices = grown
        return np.column_stack([clear / (clear + CLEAR), vortices])

    def _shown(self, u: Array, v: Array) -> tuple[Array, Array, Array]:
        """Places and velocities of the cells that are fitted to."""
        middles = self.system.middles[:: self.stride]
        x, y = np.meshgrid(middles, middles)
        seen = np.concatenate([w[:: self.stride, :: self.stride].ravel() for w in (u, v)])
        return x.ravel(), y.ravel(), seen

    def _further(self, u: Array, v: Array, vortices: Array) -> Array:
        """(0 or 1, 4): the highest peak of what these vortices leave."""
        middles = self.system.middles
        x, y = (w.ravel() for w in np.meshgrid(middles, middles))
        values, _ = velocity_and_slopes(vortices, x, y)
        own = values.reshape(2, *u.shape)
        found = self.criterion.find(u - own[0], v - own[1])
        return found[np.argsort(-found[:, 0], kind="stable")[:1], 1:]

    def _fitted(self, vortices: Array, x: Array, y: Array, seen: Array) -> tuple[Array, float]:
        """Vortices after the descent, and the squares that are left."""
        vortices = self._bounded(vortices)
        matrix, rest = _matrix(vortices, x, y, seen)
        squares, damping = float(rest @ rest), 1e-3
        for _ in range(self.iterations):
            normal, slope = matrix.T @ matrix, matrix.T @ rest
            scale = np.diag(normal).copy()
            damped = normal + np.diag(damping * scale + 1e-12 * scale.max())
            step = np.asarray(np.linalg.solve(damped, slope), dtype=np.float64)
            tried = self._bounded(_moved(vortices, step[: vortices.size], self.system.spacing))
            matrix_then, rest_then = _matrix(tried, x, y, seen)
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

    def _bounded(self, vortices: Array) -> Array:
        kept = vortices.copy()
        kept[:, :2] = np.clip(kept[:, :2], -0.05, 1.05)
        kept[:, 3] = np.clip(kept[:, 3], 0.5 * self.system.spacing, 0.3)
        return kept

    def _cleared(self, vortices: Array, x: Array, y: Array, seen: Array) -> tuple[Array, float, Array]:
        """Those that are more than noise, the squares that are left, and how many standard errors their
        circulations are; the least clear goes first, and the others are fitted anew.
        """
        while True:
            matrix, rest = _matrix(vortices, x, y, seen)
            squares = float(rest @ rest)
            normal = matrix.T @ matrix
            normal[np.diag_indices_from(normal)] *= 1 + 1e-9
            variance = _variance(squares, seen, numbers=matrix.shape[1])
            spread = np.sqrt(np.abs(np.diag(np.linalg.inv(normal))[2 : vortices.size : 4]) * variance)
            clear = np.abs(vortices[:, 2]) / np.maximum(spread, 1e-30)
            if not len(vortices) or clear.min() > CLEAR:
                return vortices, squares, clear
            vortices, _ = self._fitted(np.delete(vortices, clear.argmin(), axis=0), x, y, seen)


def _matrix(vortices: Array, x: Array, y: Array, seen: Array) -> tuple[Array, Array]:
    """Slopes by all that is fitted, the background last, and what is left with the best background."""
    values, slopes = velocity_and_slopes(vortices, x, y)
    linear = background(x, y)
    rest = seen - values
    rest = rest - linear @ np.linalg.solve(linear.T @ linear, linear.T @ rest)
    return np.hstack([slopes, linear]), rest


def _variance(squares: float, seen: Array, *, numbers: int) -> float:
    """Of the noise, from what a fit of so many numbers leaves."""
    return max(squares / max(1, len(seen) - numbers), EXACT**2 * float(seen @ seen) / len(seen))


def _moved(vortices: Array, step: Array, spacing: float) -> Array:
    """Not farther than four cells, nor to more than twice or less than half the radius, in one step."""
    steps = step.reshape(vortices.shape)
    moved = vortices.copy()
    moved[:, :2] += np.clip(steps[:, :2], -4 * spacing, 4 * spacing)
    moved[:, 2] += steps[:, 2]
    moved[:, 3] *= np.exp(np.clip(steps[:, 3], -np.log(2), np.log(2)))
    return moved
