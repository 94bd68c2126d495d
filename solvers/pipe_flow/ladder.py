"""Cheap ways to find the friction factor: formulae, iterations (some compiled), and the closed form."""

from __future__ import annotations

from ..contract import Solver
from .compiled_solver import Compiled
from .exact import WrightOmega
from .solvers import Explicit, Iterated
from .system import PipeFlow

__all__ = ["ladder"]


def ladder(system: PipeFlow) -> list[Solver]:
    """From one iteration to round-off, where compiled iterations cost less than the closed form.

    Of dozens of explicit formulae it holds four that are widely used; Clamond's iteration is both cheaper and
    closer than those that are refined by more logarithms.
    """
    return [
        *(Iterated(system, method="fixed point", iterations=n) for n in (1, 2, 3, 4, 6, 8, 12)),
        *(Iterated(system, method="newton", iterations=n) for n in (1, 2, 3, 4)),
        *(Compiled(system, method="newton", iterations=n) for n in (1, 2, 3)),
        *(Compiled(system, method="newton", iterations=n, precision="single") for n in (1, 2, 3)),
        *(Compiled(system, method="clamond", iterations=n) for n in (1, 2)),
        Explicit(system, formula="haaland"),
        Explicit(system, formula="swamee-jain"),
        Explicit(system, formula="churchill"),
        Explicit(system, formula="serghides"),
        WrightOmega(system),
    ]
