"""What all who find vortices share: they go through the samples, and fill the slots of an answer."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, Status, check_times
from .system import SEEN, Vortices
from .table import cores, fields_of

__all__ = ["Finder", "answer_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Finder(Solver):
    """Finds vortices in what is seen. A subclass gives `tables`.

    A finder reads `u` and `v` of a query and nothing else; a field in which it finds nothing is answered by
    an empty table.
    """

    system: Vortices

    @abstractmethod
    def tables(self, u: Array, v: Array) -> Array:
        """(samples, slots, 5), of velocities (samples, y, x): how sure, x, y, circulation, core radius; the
        surest first, and zeros in slots that hold none.
        """

    def find(self, u: Array, v: Array) -> Array:
        """(vortices, 5), the same of one field (y, x) and without what is empty."""
        table = self.tables(*(np.ascontiguousarray(w[None], dtype=np.float64) for w in (u, v)))[0]
        return np.asarray(table[table[:, 0] > 0])

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        seen = {name: queries[name] for name in SEEN if name in queries}
        self.system.check_queries(seen)
        begin = clock.perf_counter()
        u, v = (np.ascontiguousarray(values, dtype=np.float64) for values in seen.values())
        return answer_of(self.system, fields_of(self.tables(u, v)), times, begin=begin)


def answer_of(
    system: Vortices, slots: dict[str, Array], times: Array, *, begin: float, error: float = np.nan
) -> Solution:
    """Slots (samples, slots) and their cores as a solution; `begin` is when the clock started."""
    values = slots | {"mask": cores(slots, points=system.points)}
    samples = len(slots["present"])
    return Solution(
        times=times,
        values={
            name: v[:, None] if len(times) == 1 else np.repeat(v[:, None], len(times), axis=1)
            for name, v in values.items()
        },
        status=np.full(samples, Status.SOLVED, dtype=np.int8),
        seconds=np.full(samples, (clock.perf_counter() - begin) / max(samples, 1)),
        error_estimate=np.full(samples, error),
    )
