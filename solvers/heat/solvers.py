"""Finite differences in space and the theta method in time, for the equation of heat."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpttrf, dpttrs

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from ..methods.sine_polynomials import sampled
from ..methods.spectral_recipe import lattice
from .system import Heat

__all__ = ["ThetaMethod"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ThetaMethod(Solver):
    """M (u' - u) = -ratio K (theta u' + (1 - theta) u) for the next values u', ratio = diffusivity step /
    spacing^2, K the differences -1, 2, -1.

    M is 1, or for order 4 the mean of neighbours with weights 1, 10, 1. With theta 1/2 this is the scheme of
    Crank and Nicolson, of second order in time, or Crandall's for order 4; with theta 1 it is Euler's
    implicit one, of first order. None of them blows up, whatever the step. With theta 1/2, waves that should
    decay within a step stay and change their sign with each: rough starts ring. Theta 1 damps them.

    Queries and answers live on the system's grid; a solver with other `points` samples the sines through
    them. Steps are those of a lattice; a frame between two of its points is a shortened step from the one
    before, and the lattice never notices.

    Attributes:
        step: in time.
        theta: share of the new values, from 1/2 to 1.
        order: in space, 2 or 4.
        points: of the grid that is computed on, walls included; None for the system's.

    Raises `SolverError` for settings that make no sense.

    Reference: Crank & Nicolson, Proc. Camb. Philos. Soc. 43 (1947), doi:10.1017/S0305004100023197; Crandall,
    Quart. Appl. Math. 13 (1955) 318.
    """

    system: Heat
    _: KW_ONLY
    step: float = 1 / 64
    theta: float = 0.5
    order: int = 2
    points: int | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.step) and self.step > 0):
            raise SolverError(f"step must be positive and finite, got {self.step}")
        if not 0.5 <= self.theta <= 1:
            raise SolverError(f"theta must be from 1/2 to 1, got {self.theta}")
        if self.order not in (2, 4):
            raise SolverError(f"order must be 2 or 4, got {self.order}")
        if not isinstance(self.grid_points, int) or self.grid_points < 5:
            raise SolverError(f"points must be a whole number of at least 5, got {self.points}")

    @property
    def grid_points(self) -> int:
        """Points of the grid that is computed on."""
        return self.system.points if self.points is None else self.points

    @property
    def label(self) -> str:
        """E.g. `compact Crank-Nicolson h=0.015625 N=129`."""
        scheme = {0.5: "Crank-Nicolson", 1.0: "implicit Euler"}.get(self.theta, f"theta={self.theta:g}")
        return f"{'compact ' if self.order == 4 else ''}{scheme} h={self.step:.8g} N={self.grid_points}"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        with np.errstate(over="ignore", invalid="ignore"):
            start = sampled(np.asarray(queries["u"], dtype=np.float64), self.grid_points)
            diffusivity = np.asarray(queries["diffusivity"], dtype=np.float64)
            values = np.zeros((samples, len(times), self.grid_points))
            for number in np.unique(diffusivity):
                alike = diffusivity == number
                values[alike, :, 1:-1] = self._frames(start[alike, 1:-1], times, float(number))
            values = sampled(values, self.system.points)
        finite = np.isfinite(values).all(axis=(1, 2))
        values[~finite] = np.nan
        seconds = clock.perf_counter() - begin
        return Solution(
            times=times,
            values={"u": values},
            status=np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8),
            seconds=np.full(samples, seconds / max(samples, 1)),
            error_estimate=np.full(samples, np.nan),
            notes=() if finite.all() else (f"{(~finite).sum()} of {samples} samples are too large to step",),
        )

    def _frames(self, start: Array, times: Array, diffusivity: float) -> Array:
        """(samples, times, inner points) of samples of one diffusivity, (samples, inner points) each."""
        frames = np.empty((len(start), len(times), start.shape[1]))
        state, here = np.asfortranarray(start.T), 0  # a column for each sample, as LAPACK has it
        whole = self._step(diffusivity, 1.0)
        for i, (target, fraction) in enumerate(zip(*lattice(times, self.step), strict=True)):
            for _ in range(target - here):
                state = whole(state)
            here = target
            frames[:, i] = (self._step(diffusivity, float(fraction))(state) if fraction else state).T
        return frames

    def _step(self, diffusivity: float, share: float) -> Callable[[Array], Array]:
        """A step shortened to a share: what it makes of (inner points, samples), its matrix factorised."""
        theta, inner = self.theta, self.grid_points - 2
        spacing = self.system.length / (self.grid_points - 1)
        ratio = diffusivity * share * self.step / spacing**2
        beside = 1 / 12 if self.order == 4 else 0.0
        diagonal, lower, _ = dpttrf(
            np.full(inner, 1 - 2 * beside + 2 * theta * ratio), np.full(inner - 1, beside - theta * ratio)
        )

        def stepped(u: Array) -> Array:
            right = u
            if beside:
                right = (1 - 2 * beside) * u
                right[1:] += beside * u[:-1]
                right[:-1] += beside * u[1:]
            # solved for theta u' + (1 - theta) u, whose right-hand side is M u alone
            between, _ = dpttrs(diagonal, lower, right)
            return np.asarray(between if theta == 1 else u + (between - u) / theta)

        return stepped
