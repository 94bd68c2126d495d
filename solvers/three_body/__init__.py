"""Three bodies under their mutual gravity, and their solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from .certified import Certified
from .ladder import ladder
from .reference import Reference
from .solvers import DormandPrince, Leapfrog, Regularised, RungeKutta4
from .system import ThreeBody

__all__ = [
    "KIT",
    "Certified",
    "DormandPrince",
    "Leapfrog",
    "Reference",
    "Regularised",
    "RungeKutta4",
    "ThreeBody",
]


def standard(system: ThreeBody) -> Solver:
    """Makes training sets: in double precision where that can be trusted, in long words elsewhere."""
    return Certified(system)


def reference(system: ThreeBody) -> Solver:
    """Truth for the comparison: ten decimals, at whatever length of words that takes.

    For softened gravity, two runs in double precision that agree.
    """
    return Certified(system, tolerance=1e-14, agreement=1e-8) if system.softening else Reference(system)


KIT = Kit(
    system=ThreeBody,
    solvers=(Regularised, DormandPrince, Leapfrog, RungeKutta4, Certified, Reference),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
