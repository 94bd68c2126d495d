"""The lid-driven cavity and its solver."""

from __future__ import annotations

from itertools import pairwise

from ..contract import Kit, Solver
from ..methods.extrapolated import Extrapolated
from ..methods.two_runs import TwoRuns
from .solvers import CavityNewton
from .system import Cavity

__all__ = ["KIT", "Cavity", "CavityNewton", "Extrapolated", "TwoRuns"]

LADDER = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384)
"""Cells along each side."""
TOLERANCES = (1e-3, 1e-5)
TWICE = (64, 128, 192, 256, 384)
"""Cells of the finer of two runs, from which is extrapolated."""


def standard(system: Cavity) -> Solver:
    """Makes training sets."""
    return CavityNewton(system, cells=8 * system.cells)


def reference(system: Cavity) -> Solver:
    """Truth for the comparison: two extrapolations, of which the finer is believed as far as they agree."""
    runs = [CavityNewton(system, cells=times * system.cells) for times in (4, 8, 16)]
    coarse, fine = (Extrapolated(system, coarse=a, fine=b) for a, b in pairwise(runs))
    return TwoRuns(system, coarse=coarse, fine=fine, tolerance=0.01)


def ladder(system: Cavity) -> list[Solver]:
    """From a coarse grid to a fine one, each at two tolerances, and extrapolated from two. Unlike networks,
    none is told what the flow is in the upper corners.
    """
    rungs: list[Solver] = [
        CavityNewton(system, cells=cells, tolerance=tolerance) for cells in LADDER for tolerance in TOLERANCES
    ]
    for cells in TWICE:
        coarse, fine = (CavityNewton(system, cells=n, tolerance=TOLERANCES[-1]) for n in (cells // 2, cells))
        rungs.append(Extrapolated(system, coarse=coarse, fine=fine))
    return rungs


KIT = Kit(
    system=Cavity,
    solvers=(CavityNewton, Extrapolated, TwoRuns),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
