"""What all who find vortices share: they go through the samples, and fill the slots of an answer."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, Status, check_times
from .system import Vortices
from .table import cores, in_slots

__all__ = ["Finder", "answer_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Finder(Solver):
    """Finds vortices in what is seen, sample by sample. A subclass gives `find`.

    A finder reads `u` and `v` of a query and nothing else; a field in which it finds nothing is answered by
    an empty table.
    """

    system: Vortices

    @abstractmethod
    def find(self, u: Array, v: Array) -> Array:
        """(vortices, 5): how sure, x, y, circulation, core radius, of velocities (y, x)."""

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        self.system.check_queries(queries)
        begin = clock.perf_counter()
        seen = zip(*(np.asarray(queries[name], dtype=np.float64) for name in ("u", "v")), strict=True)
        slots = in_slots([self.find(u, v) for u, v in seen], slots=self.system.slots)
        return answer_of(self.system, slots, times, begin=begin)


def answer_of(
    system: Vortices, slots: dict[str, Array], times: Array, *, begin: float, error: float = np.nan
) -> Solution:
    """Slots (samples, slots) and their cores as a solution; `begin` is when the clock started."""
    values = slots | {"mask": cores(slots, points=system.points)}
    samples = len(slots["present"])
    return Solution(
        times=times,
        values={name: np.repeat(v[:, None], len(times), axis=1) for name, v in values.items()},
        status=np.full(samples, Status.SOLVED, dtype=np.int8),
        seconds=np.full(samples, (clock.perf_counter() - begin) / max(samples, 1)),
        error_estimate=np.full(samples, error),
    )
