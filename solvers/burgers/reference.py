"""Truth: the exact solution by quadrature, with an error estimate for every sample."""

from __future__ import annotations

import time as clock
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from .exact import cole_hopf
from .system import Burgers

__all__ = ["ColeHopf"]


@dataclass(frozen=True)
class ColeHopf(Solver):
    """Every time by itself, from the start: nothing grows with time.

    The estimate is the largest difference, at any time and point, of a quadrature from one with twice as many
    nodes, which is answered, relative to the largest start. Beyond the tolerance a sample is NaN and its
    status NOT_CONVERGED.

    Attributes:
        fineness: nodes in the width of the narrowest weight, see `cole_hopf`.
        tolerance: largest estimate that passes for truth.

    Raises `SolverError` for settings that make no sense.
    """

    system: Burgers
    _: KW_ONLY
    fineness: float = 2.0
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        for name in ("fineness", "tolerance"):
            if not 0 < getattr(self, name) < np.inf:
                raise SolverError(f"{name} must be positive and finite, got {getattr(self, name)}")
        if self.fineness < 1:
            raise SolverError(
                f"fineness must be at least 1, got {self.fineness}: with fewer nodes the two quadratures can "
                "agree on something else"
            )

    @property
    def label(self) -> str:
        """E.g. `Cole-Hopf 2`."""
        return f"Cole-Hopf {self.fineness:g}"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        start = np.asarray(queries["u"], dtype=np.float64)
        viscosity = np.asarray(queries["viscosity"], dtype=np.float64)
        values = np.empty((samples, len(times), self.system.points))
        estimate, seconds = np.zeros(samples), np.zeros(samples)
        for i in range(samples):
            begin = clock.perf_counter()
            for k, time in enumerate(times):
                rough, fine = (
                    cole_hopf(
                        start[i],
                        length=self.system.length,
                        viscosity=float(viscosity[i]),
                        time=float(time),
                        fineness=self.fineness,
                        times=times_the_nodes,
                    )
                    for times_the_nodes in (1, 2)
                )
                values[i, k] = fine
                scale = float(np.abs(start[i]).max()) or 1.0
                gap = float(np.abs(fine - rough).max()) / scale
                estimate[i] = max(estimate[i], gap if np.isfinite(gap) else np.inf)
            seconds[i] = clock.perf_counter() - begin
        bad = ~(estimate <= self.tolerance)
        values[bad] = np.nan
        notes = (
            (f"{bad.sum()} of {samples} samples are not known to {self.tolerance:g}; raise fineness",)
            if bad.any()
            else ()
        )
        return Solution(
            times=times,
            values={"u": values},
            status=np.where(bad, Status.NOT_CONVERGED, Status.SOLVED).astype(np.int8),
            seconds=seconds,
            error_estimate=estimate,
            notes=notes,
        )
