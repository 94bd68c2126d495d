"""Every cheap way to find the friction factor: formulae, iterations, and the closed form."""

from __future__ import annotations

from ..contract import Solver
from .exact import WrightOmega
from .solvers import Explicit, Iterated
from .system import PipeFlow

__all__ = ["ladder"]


def ladder(system: PipeFlow) -> list[Solver]:
    """From one iteration to round-off, where Newton's method costs less than the closed form."""
    return [
        *(Iterated(system, method="fixed point", iterations=n) for n in (1, 2, 3, 4, 6, 8, 12)),
        *(Iterated(system, method="newton", iterations=n) for n in (1, 2, 3, 4)),
        Explicit(system, formula="haaland"),
        Explicit(system, formula="swamee-jain"),
        Explicit(system, formula="churchill"),
        Explicit(system, formula="serghides"),
        WrightOmega(system),
    ]
