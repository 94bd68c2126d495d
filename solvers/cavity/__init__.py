"""The lid-driven cavity and its solver."""

from __future__ import annotations

from ..contract import Kit, Solver
from ..methods.two_runs import TwoRuns
from .solvers import CavityNewton
from .system import Cavity

__all__ = ["KIT", "Cavity", "CavityNewton", "TwoRuns"]

LADDER = (16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Cells along each side."""


def standard(system: Cavity) -> Solver:
    """Makes training sets."""
    return CavityNewton(system, cells=8 * system.cells)


def reference(system: Cavity) -> Solver:
    """Truth for the comparison, to about one in ten thousand; beside the upper corners by a per cent."""
    fine = CavityNewton(system, cells=16 * system.cells)
    return TwoRuns(system, coarse=standard(system), fine=fine, tolerance=0.01)


def ladder(system: Cavity) -> list[Solver]:
    """From a coarse grid to a fine one."""
    return [CavityNewton(system, cells=cells, tolerance=1e-6) for cells in LADDER]


KIT = Kit(
    system=Cavity,
    solvers=(CavityNewton, TwoRuns),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
