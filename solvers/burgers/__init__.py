"""Burgers' equation and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from ..methods.spectral_schemes import ETDAB, ETDABM, ETDRK4, Krogstad
from .ladder import ladder
from .reference import ColeHopf
from .system import Burgers

__all__ = ["ETDAB", "ETDABM", "ETDRK4", "KIT", "Burgers", "ColeHopf", "Krogstad"]


def standard(system: Burgers) -> Solver:
    """Makes training sets: to 2e-13 until time 1 from viscosity 0.01 / pi on."""
    return ETDAB(system, step=system.length / 16_384, points=max(2048, system.points), order=4)


def reference(system: Burgers) -> Solver:
    """Truth for the comparison, to round-off."""
    return ColeHopf(system)


KIT = Kit(
    system=Burgers,
    solvers=(ETDRK4, Krogstad, ETDAB, ETDABM, ColeHopf),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
