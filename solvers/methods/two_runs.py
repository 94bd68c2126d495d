"""Truth from two runs of solvers, of which the finer is believed as far as the coarser agrees."""

from __future__ import annotations

import time as clock
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, System, check_times

__all__ = ["TwoRuns"]


@dataclass(frozen=True)
class TwoRuns(Solver):
    """The answer of a fine run, and how far that of a coarse one is from it.

    The estimate of a sample is the root-mean-square difference of a field over places, at the time and of the
    field where it is largest, over the field's root mean square: an upper bound, as the fine run is far
    better than the coarse one. A sample whose estimate exceeds
    the tolerance is NaN, its status NOT_CONVERGED.

    Attributes:
        coarse, fine: two settings of a solver, or two solvers.
        tolerance: largest relative difference that passes for truth.

    Raises `SolverError` for runs of other systems.
    """

    system: System
    _: KW_ONLY
    coarse: Solver
    fine: Solver
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if not self.tolerance > 0:
            raise SolverError(f"tolerance must be positive, got {self.tolerance}")
        if not self.coarse.system == self.fine.system == self.system:
            raise SolverError("both runs must be of the same system as the reference")

    @property
    def label(self) -> str:
        """E.g. `Reference ETDRK4 h=1/4096 N=2048 float64`."""
        return f"Reference {self.fine.label}"

    @property
    def settings(self) -> dict[str, object]:
        """See `Solver`."""
        return {
            "solver": "TwoRuns",
            "tolerance": self.tolerance,
            "coarse": self.coarse.settings,
            "fine": self.fine.settings,
        }

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`."""
        times = check_times(times)
        begin = clock.perf_counter()
        rough, fine = self.coarse(queries, times), self.fine(queries, times)
        samples = len(fine.status)
        estimate = np.zeros(samples)
        for name, one in fine.values.items():
            flat, other = (
                np.asarray(v).reshape(samples, len(times), int(np.prod(v.shape[2:])))
                for v in (one, rough.values[name])
            )
            scale = np.sqrt(np.mean(flat**2, axis=(1, 2)))
            apart = np.sqrt(np.mean((flat - other) ** 2, axis=2)).max(axis=1)
            gap = apart / np.where(scale > 0, scale, 1.0)
            estimate = np.maximum(estimate, np.where(np.isfinite(gap), gap, np.inf))
        status = np.where(fine.solved, rough.status, fine.status).astype(np.int8)
        bad = (status == Status.SOLVED) & ~(estimate <= self.tolerance)
        status[bad] = Status.NOT_CONVERGED
        values = {name: np.array(v) for name, v in fine.values.items()}
        for v in values.values():
            v[status != Status.SOLVED] = np.nan
        notes = (*rough.notes, *fine.notes)
        if bad.any():
            notes += (
                f"{bad.sum()} of {samples} samples are not known to {self.tolerance:g}; refine both runs",
            )
        return Solution(
            times=times,
            values=values,
            status=status,
            seconds=np.full(samples, (clock.perf_counter() - begin) / max(samples, 1)),
            error_estimate=estimate,
            notes=notes,
        )
