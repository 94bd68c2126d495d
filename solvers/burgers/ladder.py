"""Every cheap way to run the spectral solvers: scheme, step and grid."""

from __future__ import annotations

from typing import Any

from ..contract import Solver
from ..methods.spectral_schemes import ETDAB, ETDABM, ETDRK4, Krogstad
from ..methods.spectral_solver import SpectralSolver
from .system import Burgers

__all__ = ["ladder"]

GRIDS = (64, 128, 256, 512, 1024, 2048)
"""Points: the shock at viscosity 0.01 / pi wants a thousand, one at 0.05 sixty."""
SHARES = (4, 8, 16)
"""Steps in the time in which the fastest fluid crosses two of the grid's cells, times four."""
SCHEMES: tuple[tuple[type[SpectralSolver], dict[str, Any], float], ...] = (
    (ETDRK4, {}, 0.25),
    (Krogstad, {}, 0.25),
    (ETDAB, {"order": 3}, 1.0),
    (ETDAB, {"order": 4}, 1.0),
    (ETDABM, {"order": 4}, 1.0),
)
"""Class, its settings, and how many steps more than a scheme of four stages."""


def ladder(system: Burgers) -> list[Solver]:
    """From a coarse grid to one that holds any shock here; see `GRIDS`."""
    return [
        kind(system, step=system.length / (points * share * steps), points=points, **settings)
        for points in GRIDS
        for kind, settings, steps in SCHEMES
        for share in SHARES
    ]
