"""The Kuramoto-Sivashinsky equation and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from .reference import Reference
from .solvers import CNAB2, ETDAB, ETDABM, ETDRK4, Krogstad, SpectralSolver
from .system import KuramotoSivashinsky

__all__ = ["CNAB2", "ETDAB", "ETDABM", "ETDRK4", "KIT", "Krogstad", "KuramotoSivashinsky", "Reference"]


def standard(system: KuramotoSivashinsky) -> Solver:
    """Makes training sets: within 1e-6 of the truth after a unit of time, on the system's grid."""
    return ETDAB(system, step=1 / 64, order=4)


def reference(system: KuramotoSivashinsky) -> Solver:
    """Truth for the comparison."""
    return Reference(system)


def ladder(system: KuramotoSivashinsky) -> list[Solver]:
    """Schemes, steps, grids and precisions, from the cheapest run that works to an accurate one."""
    half = max(8, system.points // 4 * 2)
    settings: list[SpectralSolver] = []
    for points in sorted({half, system.points}):
        for dtype in ("float64", "float32"):
            settings += [ETDRK4(system, step=1 / n, points=points, dtype=dtype) for n in (1, 4, 16)]
            settings += [Krogstad(system, step=1 / n, points=points, dtype=dtype) for n in (1, 4, 16)]
            settings += [
                ETDAB(system, step=1 / n, order=order, points=points, dtype=dtype)
                for order, n in ((2, 4), (3, 4), (4, 8), (4, 16), (4, 32), (4, 64))
            ]
    return list(settings)


KIT = Kit(
    system=KuramotoSivashinsky,
    solvers=(ETDRK4, Krogstad, ETDAB, ETDABM, CNAB2, Reference),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
