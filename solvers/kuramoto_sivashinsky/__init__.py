"""The Kuramoto-Sivashinsky equation and its solvers."""

from __future__ import annotations

from typing import Any

from ..contract import Kit, Solver
from .reference import Reference
from .solvers import CNAB2, ETDAB, ETDABM, ETDRK4, Krogstad, SpectralSolver
from .system import KuramotoSivashinsky

__all__ = ["CNAB2", "ETDAB", "ETDABM", "ETDRK4", "KIT", "Krogstad", "KuramotoSivashinsky", "Reference"]


def standard(system: KuramotoSivashinsky) -> Solver:
    """Makes training sets: data must be far more accurate than the best surrogate's single step."""
    return ETDAB(system, step=1 / 256, order=5)


def reference(system: KuramotoSivashinsky) -> Solver:
    """Truth for the comparison."""
    return Reference(system)


STEPS: tuple[tuple[type[SpectralSolver], dict[str, Any], tuple[int, ...]], ...] = (
    (ETDRK4, {}, (1, 2, 4, 8, 16)),
    (Krogstad, {}, (1, 2, 4, 8, 16)),
    (ETDAB, {"order": 3}, (4, 8)),
    (ETDAB, {"order": 4}, (6, 8, 10, 12, 16, 24, 32)),
    (ETDAB, {"order": 5}, (18, 20, 24, 28, 32, 48, 64)),
    (ETDABM, {"order": 4}, (10, 11, 12, 14, 16, 20, 24, 32)),
    (ETDABM, {"order": 5}, (32, 40, 64)),
)
"""Steps per unit time, from the largest step that survives on the attractor of L = 22 to an accurate one."""


def ladder(system: KuramotoSivashinsky) -> list[Solver]:
    """Every cheap way to run the solver: schemes and steps, on the system's grid and on one half as fine, in
    float64, and on the coarser grid in float32 too (which chaos forgives up to some 12 Lyapunov times).
    """
    half = max(8, system.points // 4 * 2)
    return [
        kind(system, step=1 / steps, points=points, dtype=dtype, **order)
        for points, dtype in ((system.points, "float64"), (half, "float64"), (half, "float32"))
        for kind, order, choices in STEPS
        for steps in choices
    ]


KIT = Kit(
    system=KuramotoSivashinsky,
    solvers=(ETDRK4, Krogstad, ETDAB, ETDABM, CNAB2, Reference),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
