"""The truth: the vortices that were drawn."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, check_times
from .finder import answer_of
from .system import Vortices
from .table import SLOTTED

__all__ = ["Planted"]


@dataclass(frozen=True)
class Planted(Solver):
    """What was drawn with the query; it finds nothing. `SolverError` for a query that does not tell it."""

    system: Vortices

    @property
    def label(self) -> str:
        """`as drawn`."""
        return "as drawn"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        self.system.check_queries(queries)
        begin = clock.perf_counter()
        missing = [f"drawn_{name}" for name in SLOTTED if f"drawn_{name}" not in queries]
        if missing:
            raise SolverError(
                f"the truth of a field is known only where it was drawn, and the query lacks {missing[0]!r}; "
                "ask a solver that finds vortices, such as FittedVortices"
            )
        slots = {name: np.asarray(queries[f"drawn_{name}"], dtype=np.float64) for name in SLOTTED}
        return answer_of(self.system, slots, times, begin=begin, error=0.0)
