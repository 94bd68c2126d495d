"""Burgers' equation and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from ..methods.spectral_schemes import ETDAB, ETDABM, ETDRK4, Krogstad
from .ladder import ladder
from .reference import ColeHopf
from .system import Burgers

__all__ = ["ETDAB", "ETDABM", "ETDRK4", "KIT", "Burgers", "ColeHopf", "Krogstad"]


def standard(system: Burgers) -> Solver:
    """Makes training sets: exact to round-off, and it knows its error."""
    return ColeHopf(system)


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
