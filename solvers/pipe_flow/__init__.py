"""Friction in rough pipes, and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from .colebrook import REGIMES, regimes_of
from .compiled_solver import Compiled
from .exact import WrightOmega
from .ladder import ladder
from .regime_solver import RegimeSolver
from .solvers import Explicit, Iterated
from .system import MATERIALS, Material, PipeFlow

__all__ = [
    "KIT",
    "MATERIALS",
    "REGIMES",
    "Compiled",
    "Explicit",
    "Iterated",
    "Material",
    "PipeFlow",
    "RegimeSolver",
    "WrightOmega",
    "regimes_of",
]


def standard(system: PipeFlow) -> Solver:
    """Makes training sets: exact to round-off."""
    return WrightOmega(system)


def reference(system: PipeFlow) -> Solver:
    """Truth for the comparison, to round-off."""
    return WrightOmega(system)


KIT = Kit(
    system=PipeFlow,
    solvers=(Compiled, Explicit, Iterated, WrightOmega),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
