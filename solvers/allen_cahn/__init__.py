"""The equation of Allen and Cahn, and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from ..methods.spectral_schemes import ETDAB, ETDRK4, Krogstad
from ..methods.two_runs import TwoRuns
from .ladder import ladder
from .system import AllenCahn

__all__ = ["ETDAB", "ETDRK4", "KIT", "AllenCahn", "Krogstad", "TwoRuns"]


def standard(system: AllenCahn) -> Solver:
    """Makes training sets: some nine digits at the standard problem."""
    return Krogstad(system, step=system.characteristic_time / 128, points=max(1024, system.points))


def reference(system: AllenCahn) -> Solver:
    """Truth for the comparison, and how well it is known."""
    points = max(1024, system.points)
    return TwoRuns(
        system,
        coarse=Krogstad(system, step=system.characteristic_time / 128, points=points),
        fine=Krogstad(system, step=system.characteristic_time / 256, points=2 * points),
    )


KIT = Kit(
    system=AllenCahn,
    solvers=(ETDRK4, Krogstad, ETDAB, TwoRuns),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
