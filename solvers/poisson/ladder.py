"""Every cheap way to run finite differences: order and grid; and the exact series."""

from __future__ import annotations

from ..contract import Solver
from .exact import SineSeries
from .solvers import FiniteDifferences
from .system import Poisson

__all__ = ["ladder"]

GRIDS = (9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257)
"""Points along each side, walls included."""


def ladder(system: Poisson) -> list[Solver]:
    """From a coarse grid to a fine one. `SineSeries` costs no more than they do: who knows the equation as
    well as a network that is told it, knows that.
    """
    differences = [FiniteDifferences(system, order=o, points=points) for points in GRIDS for o in (2, 4)]
    return [SineSeries(system), *differences]
