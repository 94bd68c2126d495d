"""Every cheap way to run the spectral solvers: scheme, step and grid."""

from __future__ import annotations

from typing import Any

from ..contract import Solver
from ..methods.spectral_schemes import ETDAB, ETDRK4, Krogstad
from ..methods.spectral_solver import SpectralSolver
from .system import AllenCahn

__all__ = ["ladder"]

GRIDS = (64, 128, 256, 512, 1024)
"""Points: fronts of the standard problem want five hundred."""
STEPS = (4, 8, 16, 32, 64, 128)
"""In the time in which a small u grows by a factor e, for a scheme of four stages."""
SCHEMES: tuple[tuple[type[SpectralSolver], dict[str, Any], int], ...] = (
    (ETDAB, {"order": 4}, 4),
    (ETDRK4, {}, 1),
    (Krogstad, {}, 1),
)
"""Class, its settings, and how many times as many steps as a scheme of four stages."""


def ladder(system: AllenCahn) -> list[Solver]:
    """From a coarse grid to one that holds any front of the standard problem."""
    return [
        kind(system, step=system.characteristic_time / (steps * more), points=points, **settings)
        for points in GRIDS
        for kind, settings, more in SCHEMES
        for steps in STEPS
    ]
