"""Poisson's equation on a square, and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from .exact import SineSeries
from .ladder import ladder
from .solvers import FiniteDifferences
from .system import Poisson

__all__ = ["KIT", "FiniteDifferences", "Poisson", "SineSeries"]


def standard(system: Poisson) -> Solver:
    """Makes training sets: exact to round-off, and it knows its error."""
    return SineSeries(system)


def reference(system: Poisson) -> Solver:
    """Truth for the comparison, to round-off."""
    return SineSeries(system)


KIT = Kit(
    system=Poisson,
    solvers=(FiniteDifferences, SineSeries),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
