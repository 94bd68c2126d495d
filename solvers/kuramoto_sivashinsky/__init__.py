"""The Kuramoto-Sivashinsky equation and its solvers."""

from __future__ import annotations

from typing import Any

from ..contract import Kit, Solver
from .reference import Reference
from .solvers import CNAB2, ETDAB, ETDABM, ETDRK4, Krogstad, SpectralSolver
from .system import KuramotoSivashinsky

__all__ = ["CNAB2", "ETDAB", "ETDABM", "ETDRK4", "KIT", "Krogstad", "KuramotoSivashinsky", "Reference"]


def standard(system: KuramotoSivashinsky) -> Solver:
    """Makes training sets: data must be far more accurate than the best surrogate's single step.

    After five time units the error is 1e-15, round-off of the state itself.
    """
    return ETDAB(system, step=1 / 256, order=6, compensated=True)


def reference(system: KuramotoSivashinsky) -> Solver:
    """Truth for the comparison, limited by round-off only: to 1 % over 20 Lyapunov times at L = 22."""
    return Reference(system)


Steps = tuple[tuple[type[SpectralSolver], dict[str, Any], tuple[int, ...]], ...]

COARSE: Steps = (
    (ETDRK4, {}, (1, 2, 4, 8)),
    (Krogstad, {}, (1, 2, 4, 8)),
    (ETDAB, {"order": 3}, (4, 8)),
    (ETDAB, {"order": 4}, (8, 12, 16, 24)),
    (ETDABM, {"order": 4}, (12, 16, 20, 24)),
    (ETDAB, {"order": 5}, (20, 24, 28, 32)),
    (Krogstad, {"dtype": "float32"}, (2, 4)),
    (ETDAB, {"order": 4, "dtype": "float32"}, (8, 12, 16)),
    (ETDABM, {"order": 4, "dtype": "float32"}, (12, 16)),
)
"""Steps per unit time on the coarse grid; float32 where round-off does not yet end the forecast."""

FINE: Steps = (
    (ETDRK4, {}, (16,)),
    (Krogstad, {}, (8, 16)),
    (ETDABM, {"order": 4}, (16, 24)),
    (ETDAB, {"order": 5}, (24, 32, 48, 64)),
    (ETDAB, {"order": 6}, (64, 96, 128)),
)
"""The same on the fine grid."""


def ladder(system: KuramotoSivashinsky) -> list[Solver]:
    """Schemes, steps, grids and precisions, from the cheapest run that works to an accurate one.

    The coarse grid is the smallest power of two (these run compiled) with 1.25 points per unit length, the
    fine one has twice as many. Steps divide 1/4, so that output at multiples of it costs nothing. A scheme's
    largest step is stable on most starts at L = 22 and on few at L = 200: what blows up is counted.
    """
    coarse = 16
    while coarse < 1.25 * system.length:
        coarse *= 2
    return [
        kind(system, step=1 / count, points=points, **settings)
        for points, steps in ((coarse, COARSE), (2 * coarse, FINE))
        for kind, settings, counts in steps
        for count in counts
    ]


KIT = Kit(
    system=KuramotoSivashinsky,
    solvers=(ETDRK4, Krogstad, ETDAB, ETDABM, CNAB2, Reference),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
