"""Every cheap way to run the solver: grids and tolerances, for the comparison at equal accuracy."""

from __future__ import annotations

from ..contract import Solver
from .stream_newton import StreamNewton
from .system import SteadyFlow

__all__ = ["ladder"]

SHARES = ((1, 4), (3, 8), (1, 2), (3, 4), (1, 1), (3, 2), (2, 1))
"""Rows, in parts of the system's."""
TOLERANCES = (1e-2, 1e-3, 1e-5)


def ladder(system: SteadyFlow) -> list[Solver]:
    """From a quarter of the rows to twice as many, as far as cells stay square; each at three tolerances."""
    rungs: list[Solver] = []
    for above, below in SHARES:
        rows, rest = divmod(above * system.rows, below)
        if not rest and rows >= 8 and rows * system.columns % system.rows == 0:
            rungs += [StreamNewton(system, rows=rows, tolerance=tolerance) for tolerance in TOLERANCES]
    return rungs
