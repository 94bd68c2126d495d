"""Steady flows that are known: in closed form, or from those who computed them to many digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries
from ..methods.stream_function import Boundary
from .geometry import ellipse
from .system import SteadyFlow

__all__ = [
    "CAVITY_1000",
    "CYLINDER",
    "GHIA_100",
    "Whirl",
    "cavity",
    "couette",
    "cylinder",
    "cylinder_coefficients",
]

Array = NDArray[np.float64]

CYLINDER = {"drag": 5.57953523384, "lift": 0.010618948146, "pressure": 0.11752016697}
"""Coefficients of drag and lift, and the difference of pressure, of benchmark 2D-1: a cylinder in a channel
at Reynolds number 20. Schaefer & Turek (1996), doi:10.1007/978-3-322-89849-4_39; digits by Nabh (1998)."""

GHIA_100 = (
    (0.9766, 0.84123), (0.9531, 0.68717), (0.8516, 0.23151), (0.7344, 0.00332), (0.6172, -0.13641),
    (0.5000, -0.20581), (0.4531, -0.21090), (0.2813, -0.15662), (0.1719, -0.10150), (0.1016, -0.06434),
    (0.0703, -0.04775), (0.0547, -0.03717),
)  # fmt: skip
"""Height and horizontal speed on the middle line of the lid-driven cavity at Reynolds number 100. Ghia, Ghia
& Shin, J. Comput. Phys. 48 (1982), doi:10.1016/0021-9991(82)90058-4, table I."""

CAVITY_1000 = {"smallest u": -0.3885698, "largest v": 0.3769447, "smallest v": -0.5270771}
"""Extremes on the two middle lines of the cavity at Reynolds number 1000. Botella & Peyret, Comput. Fluids 27
(1998), doi:10.1016/S0045-7930(98)00002-4."""


def cylinder(refinement: int) -> tuple[SteadyFlow, Queries]:
    """Benchmark 2D-1 on 41 x 220 cells, so many times finer."""
    system = SteadyFlow(41 * refinement, 220 * refinement)
    shape = ellipse().placed(x=0.2 / 0.41, y=0.2 / 0.41, size=0.1 / 0.41)
    return system, {
        "distance": shape.distance(*system.middles())[None],
        "viscosity": np.array([1e-3 / (0.2 * 0.41)]),
    }


def cylinder_coefficients(system: SteadyFlow, values: dict[str, Array]) -> dict[str, float]:
    """What `CYLINDER` names, of the first sample of an answer."""
    drag, lift = (2 * float(values[name][0, 0]) * 0.41 / 0.1 for name in ("drag", "lift"))
    p = values["p"][0, 0]
    # in front of and behind the cylinder, where both bodies' surfaces cross its middle line
    y, x = (np.array(axis.values) for axis in system.axes)
    line = np.array([np.interp(0.2 / 0.41, y, column) for column in p.T])
    outside = np.abs(x - 0.2 / 0.41) > 0.05 / 0.41
    before, behind = outside & (x < 0.2 / 0.41), outside & (x > 0.2 / 0.41)
    ends = (
        np.polyval(np.polyfit(x[some], line[some], 2), at)
        for some, at in (
            (np.flatnonzero(before)[-3:], 0.15 / 0.41),
            (np.flatnonzero(behind)[:3], 0.25 / 0.41),
        )
    )
    front, back = ends
    return {"drag": drag, "lift": lift, "pressure": float(front - back) * 0.2**2}


def cavity(rows: int) -> Boundary:
    """A square whose upper wall moves with speed 1."""
    return Boundary(np.zeros(rows + 1), lid=1.0, closed=True)


def couette(rows: int) -> Boundary:
    """Between a wall at rest and one that moves with speed 1: the speed is the height, from the inflow on."""
    return Boundary(np.linspace(0, 1, rows + 1) ** 2 / 2, lid=1.0)


@dataclass(frozen=True)
class Whirl:
    """A manufactured flow in a closed square, at rest on all walls: psi = (sin pi x sin pi y)^2, p = cos pi x
    sin pi y.

    Attributes:
        viscosity: of the fluid.
    """

    viscosity: float

    def psi(self, x: Array, y: Array) -> Array:
        """Stream function."""
        return np.asarray((np.sin(np.pi * x) * np.sin(np.pi * y)) ** 2)

    def force(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Along x and y: what must act on the fluid for this flow to be steady."""
        pi = np.pi
        sx, sy, s2x, s2y = np.sin(pi * x) ** 2, np.sin(pi * y) ** 2, np.sin(2 * pi * x), np.sin(2 * pi * y)
        c2x, c2y = np.cos(2 * pi * x), np.cos(2 * pi * y)
        u, v = pi * sx * s2y, -pi * s2x * sy
        ux, uy, vx, vy = pi**2 * s2x * s2y, 2 * pi**2 * sx * c2y, -2 * pi**2 * c2x * sy, -(pi**2) * s2x * s2y
        bent_u = 2 * pi**3 * c2x * s2y - 4 * pi**3 * sx * s2y
        bent_v = 4 * pi**3 * s2x * sy - 2 * pi**3 * s2x * c2y
        px, py = -pi * np.sin(pi * x) * np.sin(pi * y), pi * np.cos(pi * x) * np.cos(pi * y)
        nu = self.viscosity
        return u * ux + v * uy + px - nu * bent_u, u * vx + v * vy + py - nu * bent_v
