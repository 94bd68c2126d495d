"""Finite differences for Poisson's equation on a square, solved at once by sine transforms."""

from __future__ import annotations

import time as clock
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, check_times
from ..methods.sine_polynomials import amplitudes, sampled, values_of
from .steady_answer import steady_answer
from .system import Poisson

__all__ = ["FiniteDifferences"]


@dataclass(frozen=True)
class FiniteDifferences(Solver):
    """Differences of five points, of second order, or of nine, of fourth: the compact ones, which average the
    source as well.

    Sines are the eigenvectors of either, so that two transforms solve the equations directly, in points^2
    log(points) operations. Queries and answers live on the system's grid; a solver with other `points`
    samples the sines through them.

    Attributes:
        order: 2 or 4.
        points: along each side of the grid that is computed on, walls included; None for the system's.

    Raises `SolverError` for settings that make no sense.

    Reference: Hockney, J. ACM 12 (1965), doi:10.1145/321250.321259, for the transforms; Collatz, The
    Numerical Treatment of Differential Equations (1960), for the nine points.
    """

    system: Poisson
    _: KW_ONLY
    order: int = 2
    points: int | None = None

    def __post_init__(self) -> None:
        if self.order not in (2, 4):
            raise SolverError(f"order must be 2 or 4, got {self.order}")
        if not isinstance(self.grid_points, int) or self.grid_points < 5:
            raise SolverError(f"points must be a whole number of at least 5, got {self.points}")

    @property
    def grid_points(self) -> int:
        """Points along each side of the grid that is computed on."""
        return self.system.points if self.points is None else self.points

    @property
    def label(self) -> str:
        """E.g. `Nine points N=65`."""
        return f"{'Nine' if self.order == 4 else 'Five'} points N={self.grid_points}"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        self.system.check_queries(queries)
        begin = clock.perf_counter()
        with np.errstate(over="ignore", invalid="ignore"):
            f = sampled(np.asarray(queries["f"], dtype=np.float64), self.grid_points, dimensions=2)
            waves = amplitudes(f, dimensions=2) * self._answers()
            u = values_of(waves, self.grid_points, dimensions=2)
            u = sampled(u, self.system.points, dimensions=2)
        return steady_answer(u, times, seconds=clock.perf_counter() - begin)

    def _answers(self) -> NDArray[np.float64]:
        """(inner points, inner points) amplitude of u for a source of amplitude 1, for each pair of waves."""
        intervals = self.grid_points - 1
        # what the second difference over the square of the spacing makes of a sine, with its sign turned
        bend = (2 * intervals * np.sin(0.5 * np.pi / intervals * np.arange(1, intervals))) ** 2
        both = bend[:, None] + bend
        if self.order == 2:
            return 1 / both
        square = intervals**-2
        return np.asarray((1 - square / 12 * both) / (both - square / 6 * np.multiply.outer(bend, bend)))
