"""Every cheap way to run finite differences: scheme, grid and step; and the exact series."""

from __future__ import annotations

from ..contract import Solver
from .exact import SineSeries
from .solvers import ThetaMethod
from .system import Heat

__all__ = ["ladder"]

GRIDS = (9, 17, 33, 65, 129, 257)
"""Points, walls included."""
STEPS = (4, 16, 64, 256, 1024)
"""In the system's characteristic time."""
SCHEMES = ((0.5, 2), (0.5, 4), (1.0, 2))
"""Theta, and the order in space."""


def ladder(system: Heat) -> list[Solver]:
    """From a coarse grid to a fine one. `SineSeries` costs less than most of them: who knows the equation as
    well as a network that is told it, knows that.
    """
    differences = [
        ThetaMethod(system, step=system.characteristic_time / steps, theta=theta, order=order, points=points)
        for points in GRIDS
        for theta, order in SCHEMES
        for steps in STEPS
    ]
    return [SineSeries(system), *differences]
