"""What all solvers of pipe flow share: laminar flow and the critical zone, and how an answer looks."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, Status, check_times, notes_of
from .colebrook import TURBULENT_FROM, in_all_regimes
from .system import PipeFlow

__all__ = ["RegimeSolver"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RegimeSolver(Solver):
    """Solvers differ in how they solve Colebrook's equation, in which alone there is something to solve.

    A subclass gives `turbulent`. It is asked for all samples, those that are laminar at a Reynolds number of
    4,000: at once is faster than apart.
    """

    system: PipeFlow
    error_estimate: ClassVar[float] = np.nan
    """Bound of the relative error, where one is known."""

    @abstractmethod
    def turbulent(self, reynolds: Array, roughness: Array) -> Array:
        """(samples,) f by Colebrook's equation at Reynolds numbers from 4,000 on, walls of this roughness in
        diameters; NaN where it was not found.
        """

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        reynolds = np.asarray(queries["reynolds"], dtype=np.float64)
        found = self.turbulent(np.maximum(reynolds, TURBULENT_FROM), self.system.relative_roughness(queries))
        friction = in_all_regimes(reynolds, found)
        seconds = clock.perf_counter() - begin
        status = np.where(np.isfinite(friction), Status.SOLVED, Status.NOT_CONVERGED).astype(np.int8)
        said = "do not reach the tolerance; loosen it or allow more iterations"
        return Solution(
            times=times,
            values={"friction": np.repeat(friction[:, None], len(times), axis=1)},
            status=status,
            seconds=np.full(samples, seconds / max(samples, 1)),
            error_estimate=np.full(samples, self.error_estimate),
            notes=notes_of(status, {Status.NOT_CONVERGED: said}),
        )
