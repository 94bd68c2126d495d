"""Richardson's rule: from two runs whose errors fall with a known power a better answer than either."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, System

__all__ = ["Extrapolated"]


@dataclass(frozen=True)
class Extrapolated(Solver):
    """fine + (fine - coarse) / (2^order - 1), of two runs of which the coarse one has twice the spacing.

    It holds where both runs are so fine that their errors are those of the leading order; where they are not,
    it may be worse than the fine run. The estimate is how far the rule has moved the fine run, relative and
    root-mean-square over all fields and places at the last time: that run's error, so an upper bound where
    the rule holds.

    Attributes:
        coarse, fine: two settings of a solver.
        order: with which errors fall.

    Raises `SolverError` for runs of other systems and an order that is not positive.

    Reference: Richardson, Phil. Trans. R. Soc. A 210 (1911), doi:10.1098/rsta.1911.0009.
    """

    system: System
    _: KW_ONLY
    coarse: Solver
    fine: Solver
    order: int = 2

    def __post_init__(self) -> None:
        if self.order < 1:
            raise SolverError(f"order must be at least 1, got {self.order}")
        if not self.coarse.system == self.fine.system == self.system:
            raise SolverError("both runs must be of the same system as what is extrapolated from them")

    @property
    def label(self) -> str:
        """E.g. `Extrapolated Newton 64x64 1e-06`, by the finer run."""
        return f"Extrapolated {self.fine.label}"

    @property
    def settings(self) -> dict[str, object]:
        """See `Solver`."""
        return {
            "solver": "Extrapolated",
            "order": self.order,
            "coarse": self.coarse.settings,
            "fine": self.fine.settings,
        }

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; a sample needs both runs."""
        rough, fine = self.coarse(queries, times), self.fine(queries, times)
        samples, values = len(fine.status), dict[str, NDArray[np.float64]]()
        moved, size = np.zeros(samples), np.zeros(samples)
        for name, one in fine.values.items():
            step = (one - rough.values[name]) / (2**self.order - 1)
            values[name] = one + step
            moved += (step[:, -1].reshape(samples, -1) ** 2).mean(axis=1)
            size += (values[name][:, -1].reshape(samples, -1) ** 2).mean(axis=1)
        return Solution(
            times=fine.times,
            values=values,
            status=np.where(fine.status == Status.SOLVED, rough.status, fine.status).astype(np.int8),
            seconds=rough.seconds + fine.seconds,
            error_estimate=np.sqrt(moved / np.where(size > 0, size, 1.0)),
            notes=(*rough.notes, *fine.notes),
        )
