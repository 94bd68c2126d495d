"""Steady flow past obstacles in a channel, and its solvers."""

from __future__ import annotations

from ..contract import Kit, Solver
from .geometry import Shape, airfoil, ellipse
from .ladder import ladder
from .lattice_boltzmann import LatticeBoltzmann
from .own_shapes import distance_of_image, shape_of_csv
from .stream_newton import StreamNewton
from .system import SteadyFlow

__all__ = [
    "KIT",
    "LatticeBoltzmann",
    "Shape",
    "SteadyFlow",
    "StreamNewton",
    "airfoil",
    "distance_of_image",
    "ellipse",
    "shape_of_csv",
]


def standard(system: SteadyFlow) -> Solver:
    """Makes training sets: a grid twice as fine, so that labels are far better than any surrogate."""
    return StreamNewton(system, rows=2 * system.rows)


def reference(system: SteadyFlow) -> Solver:
    """Truth for the comparison: a grid four times as fine."""
    return StreamNewton(system, rows=4 * system.rows, tolerance=1e-10)


KIT = Kit(
    system=SteadyFlow,
    solvers=(StreamNewton, LatticeBoltzmann),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
