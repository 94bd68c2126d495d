"""The Kuramoto-Sivashinsky equation and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from ..methods.spectral_schemes import CNAB2, ETDAB, ETDABM, ETDRK4, Krogstad
from .ladder import compiled_grid, ladder
from .reference import Reference
from .system import KuramotoSivashinsky

__all__ = [
    "CNAB2",
    "ETDAB",
    "ETDABM",
    "ETDRK4",
    "KIT",
    "Krogstad",
    "KuramotoSivashinsky",
    "Reference",
    "compiled_grid",
]


def standard(system: KuramotoSivashinsky) -> Solver:
    """Makes training sets: data must be far more accurate than the best surrogate's single step.

    After five time units the error is 1e-15, round-off of the state itself.
    """
    return ETDAB(system, step=1 / 256, order=6, compensated=True)


def reference(system: KuramotoSivashinsky) -> Solver:
    """Truth for the comparison, limited by round-off only: to 1 % over 20 Lyapunov times at L = 22."""
    return Reference(system)


KIT = Kit(
    system=KuramotoSivashinsky,
    solvers=(ETDRK4, Krogstad, ETDAB, ETDABM, CNAB2, Reference),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
