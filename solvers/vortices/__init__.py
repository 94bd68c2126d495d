"""Vortices in a noisy flow, and the classical ways to find them."""

from __future__ import annotations

from ..contract import Kit, Solver
from .criterion import GradientCriterion
from .ladder import ladder
from .least_squares import FittedVortices
from .planted import Planted
from .system import Vortices

__all__ = ["KIT", "FittedVortices", "GradientCriterion", "Planted", "Vortices"]


def standard(system: Vortices) -> Solver:
    """Makes training sets: the vortices that were drawn."""
    return Planted(system)


def reference(system: Vortices) -> Solver:
    """Truth for the comparison: what was drawn."""
    return Planted(system)


KIT = Kit(
    system=Vortices,
    solvers=(GradientCriterion, FittedVortices, Planted),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
