"""Truth, with an error estimate for every sample."""

from __future__ import annotations

import time as clock
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from ..methods.spectral_schemes import ETDAB
from .system import KuramotoSivashinsky

__all__ = ["Reference"]


@dataclass(frozen=True)
class Reference(Solver):
    """Three runs with compensated round-off, the last at the finest step and on a grid twice as fine.

    The last is returned. The estimate is twice the largest difference of either other run from it, at any
    time up to each output, relative to the root mean square of the solution. Where the step or the grid
    limits the runs, that is far above the error of the finest; where round-off does, all three are equally
    wrong in independent ways, and two of them would agree by chance too often (against extended precision,
    the difference of two runs is below the true error for one sample in three, twice the largest of two
    differences for none of 64).

    From the first output at which the estimate exceeds the tolerance, a sample is NaN and its status
    NOT_CONVERGED: in chaos round-off alone ends every forecast. At L = 22, 97 % of the starts are known to
    0.01 for 18 Lyapunov times, 91 % for 20 and 80 % for 22.

    Attributes:
        step: of the coarsest run; the others take 3/4 and 3/8 of it.
        points: of the first two runs; None for the system's.
        order: of the Adams-Bashforth scheme.
        tolerance: largest relative error that passes for truth.
    """

    system: KuramotoSivashinsky
    _: KW_ONLY
    step: float = 1 / 144
    points: int | None = None
    order: int = 6
    tolerance: float = 2e-2

    def __post_init__(self) -> None:
        if not self.tolerance > 0:
            raise SolverError(f"tolerance must be positive, got {self.tolerance}")
        _ = self.runs

    @property
    def label(self) -> str:
        """E.g. `Reference ETDAB6 h=1/384 N=128 float64 compensated tolerance=0.02`."""
        return f"Reference {self.runs[-1].label} tolerance={self.tolerance:g}"

    @property
    def runs(self) -> tuple[ETDAB, ETDAB, ETDAB]:
        """The coarsest, the next and the finest solver."""
        points = self.system.points if self.points is None else self.points
        coarsest, next_one, finest = (
            ETDAB(self.system, step=self.step * share, points=n, order=self.order, compensated=True)
            for share, n in ((1, points), (3 / 4, points), (3 / 8, 2 * points))
        )
        return coarsest, next_one, finest

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; `error_estimate` is that at the last time, infinite where a run diverged."""
        times = check_times(times)
        self.system.check_queries(queries)
        begin = clock.perf_counter()
        *others, fine = (run(queries, times) for run in self.runs)
        values = np.array(fine.values["u"])
        scale = np.sqrt(np.mean(values**2, axis=(1, 2)))[:, None]
        difference = np.max(
            [2 * np.sqrt(np.mean((values - other.values["u"]) ** 2, axis=2)) for other in others], axis=0
        )
        # a state of rest has no scale to be relative to
        relative = np.divide(difference, scale, out=difference.copy(), where=scale > 0)
        estimate = np.maximum.accumulate(np.where(np.isfinite(relative), relative, np.inf), axis=1)
        values[estimate > self.tolerance] = np.nan
        bad = estimate[:, -1] > self.tolerance
        status = np.where(bad, Status.NOT_CONVERGED, Status.SOLVED).astype(np.int8)
        status[~np.all([run.solved for run in (*others, fine)], axis=0)] = Status.DIVERGED
        notes = sum((run.notes for run in (*others, fine)), ())
        if bad.any():
            passed = (estimate <= self.tolerance).all(axis=0)
            known = f"all are until t = {times[passed][-1]:g}" if passed.any() else "some at no time"
            notes += (
                f"{bad.sum()} of {len(bad)} samples are not known to {self.tolerance:g} at t = {times[-1]:g} "
                f"({known}); ask for less time, halve the step or double the points",
            )
        seconds = (clock.perf_counter() - begin) / max(len(bad), 1)
        return Solution(
            times=times,
            values={"u": values},
            status=status,
            seconds=np.full(len(bad), seconds),
            error_estimate=estimate[:, -1],
            notes=notes,
        )

    def advice(self, queries: Queries, times: NDArray[np.float64], solution: Solution) -> str:
        """See `Solver`: of the finest run, where that is what failed."""
        if not (solution.status == Status.DIVERGED).any():
            return ""
        return self.runs[-1].advice(queries, times, solution)
