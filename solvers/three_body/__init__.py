"""Three bodies under their mutual gravity, and their solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from .ladder import ladder
from .solvers import DormandPrince, Leapfrog, Regularised, RungeKutta4
from .system import ThreeBody

__all__ = ["KIT", "DormandPrince", "Leapfrog", "Regularised", "RungeKutta4", "ThreeBody"]


def standard(system: ThreeBody) -> Solver:
    """Makes training sets."""
    return (
        DormandPrince(system, tolerance=1e-14) if system.softening else Regularised(system, tolerance=1e-14)
    )


KIT = Kit(
    system=ThreeBody,
    solvers=(Regularised, DormandPrince, Leapfrog, RungeKutta4),
    standard=standard,
    reference=standard,
    ladder=ladder,
)
