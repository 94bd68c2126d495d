"""Truth, with an error estimate for every sample."""

from __future__ import annotations

import time as clock
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from .solvers import ETDAB
from .system import KuramotoSivashinsky

__all__ = ["Reference"]


@dataclass(frozen=True)
class Reference(Solver):
    """Two runs, the second at half the step and on a grid twice as fine; their difference is the estimate.

    The estimate is the largest difference at any time up to each output, relative to the root mean square
    of the solution; it is that of the coarser run, and the finer run is what is returned, so it is
    cautious. From the first output at which it exceeds the tolerance, a sample is NaN and its status
    NOT_CONVERGED: in chaos round-off alone ends every forecast after some 30 Lyapunov times.

    Attributes:
        step: of the coarser run.
        points: of the coarser run; None for the system's.
        order: of the Adams-Bashforth scheme.
        tolerance: largest relative error that passes for truth.
    """

    system: KuramotoSivashinsky
    _: KW_ONLY
    step: float = 1 / 192
    points: int | None = None
    order: int = 6
    tolerance: float = 1e-2

    def __post_init__(self) -> None:
        if not self.tolerance > 0:
            raise SolverError(f"tolerance must be positive, got {self.tolerance}")
        _ = self.runs

    @property
    def label(self) -> str:
        """E.g. `Reference ETDAB6 h=1/384 N=128 float64 tolerance=0.01`."""
        return f"Reference {self.runs[1].label} tolerance={self.tolerance:g}"

    @property
    def runs(self) -> tuple[ETDAB, ETDAB]:
        """The coarser and the finer solver."""
        points = self.system.points if self.points is None else self.points
        coarse = ETDAB(self.system, step=self.step, points=points, order=self.order)
        return coarse, ETDAB(self.system, step=self.step / 2, points=2 * points, order=self.order)

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; `error_estimate` is that at the last time, infinite where a run diverged."""
        times = check_times(times)
        self.system.check_queries(queries)
        begin = clock.perf_counter()
        coarse, fine = (run(queries, times) for run in self.runs)
        values = np.array(fine.values["u"])
        scale = np.sqrt(np.mean(values**2, axis=(1, 2)))[:, None]
        difference = np.sqrt(np.mean((values - coarse.values["u"]) ** 2, axis=2))
        # a state of rest has no scale to be relative to
        relative = np.divide(difference, scale, out=difference.copy(), where=scale > 0)
        estimate = np.maximum.accumulate(np.where(np.isfinite(relative), relative, np.inf), axis=1)
        values[estimate > self.tolerance] = np.nan
        bad = estimate[:, -1] > self.tolerance
        status = np.where(bad, Status.NOT_CONVERGED, Status.SOLVED).astype(np.int8)
        status[~(coarse.solved & fine.solved)] = Status.DIVERGED
        notes = coarse.notes + fine.notes
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
