"""Three bodies under their mutual gravity, and their solvers."""

from __future__ import annotations

import math

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
    """Truth for the comparison: ten decimals, in words as long as that takes, the same on every machine.

    For softened gravity, two runs in double precision that agree.
    """
    if system.softening:
        return Certified(system, tolerance=1e-14, agreement=1e-8)
    return Reference(system, budget=math.inf, most_steps=6_000, most_bits=400)


KIT = Kit(
    system=ThreeBody,
    solvers=(Regularised, DormandPrince, Leapfrog, RungeKutta4, Certified, Reference),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
