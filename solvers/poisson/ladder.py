"""Every cheap way to run finite differences: order and grid."""

from __future__ import annotations

from ..contract import Solver
from .solvers import FiniteDifferences
from .system import Poisson

__all__ = ["ladder"]

GRIDS = (9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257)
"""Points along each side, walls included."""


def ladder(system: Poisson) -> list[Solver]:
    """From a coarse grid to a fine one. `SineSeries`, which is exact, costs no more than the system's own."""
    return [FiniteDifferences(system, order=order, points=points) for points in GRIDS for order in (2, 4)]
