"""The equation of heat on a rod, and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from .exact import SineSeries
from .ladder import ladder
from .solvers import ThetaMethod
from .system import Heat

__all__ = ["KIT", "Heat", "SineSeries", "ThetaMethod"]


def standard(system: Heat) -> Solver:
    """Makes training sets: exact to round-off, and it knows its error."""
    return SineSeries(system)


def reference(system: Heat) -> Solver:
    """Truth for the comparison, to round-off."""
    return SineSeries(system)


KIT = Kit(
    system=Heat,
    solvers=(ThetaMethod, SineSeries),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
