"""The lid-driven cavity point by point, by stream function and vorticity, for networks of coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract import Queries
from ..pointwise import At, Condition, Coordinate, Number, Places, Pointwise, Read

if TYPE_CHECKING:
    from .system import Cavity

__all__ = ["corner", "corner_vorticity", "corners", "equations_of"]

Corner = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
TURN = 1 / (0.25 * math.pi**2 - 1)
LESS = 0.1
"""How much it counts that the vorticity is that of the stream function."""


def corner(along: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
    """The stream function of creeping flow in a right angle between a wall and a lid that moves away from it
    with speed 1; distances from the wall, along the lid, and from the lid.

    Taylor, in Aeronautics and Astronautics (1962), 12; it is what every flow there comes to be in the corner.
    """
    angle = torch.atan2(below, along)
    return TURN * (angle * (0.5 * math.pi * below + along) - 0.25 * math.pi**2 * below)


def corner_vorticity(along: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
    """Minus the Laplacian of `corner`; infinite in the corner itself."""
    square = (along.square() + below.square()).clamp_min(1e-14)
    return -TURN * (math.pi * along - 2 * below) / square


def corners(x: torch.Tensor, y: torch.Tensor, of: Corner = corner) -> torch.Tensor:
    """Each upper corner's own flow on its side, let go smoothly towards the other side and the bottom: at the
    walls it has the values and slopes of the cavity's.
    """
    left, up = 1 - x.square() * (3 - 2 * x), y.square() * (3 - 2 * y)
    return up * (left * of(x, 1 - y) + (1 - left) * of(1 - x, 1 - y))


def equations_of(system: Cavity, query: Queries) -> Pointwise:
    """For one viscosity; without one in the query, for all of the system's.

    Psi and the vorticity omega = - laplace psi, u omega_x + v omega_y = viscosity laplace omega: no pressure
    is needed, and no derivative beyond the second, as errors of long waves would hardly show in those. Both
    equations are multiplied by distances to the upper corners, where they are infinite else.
    """
    if "viscosity" in query:
        least = most = float(np.asarray(query["viscosity"])[0])
    else:
        least, most = 1 / system.most_reynolds, 1 / system.least_reynolds

    def vorticity(at: At) -> dict[str, torch.Tensor]:
        x, y = at("x"), at("y")
        down = (1 - y).square()
        square = (x.square() + down) * ((1 - x).square() + down)
        carried = at("psi", y=1) * at("omega", x=1) - at("psi", x=1) * at("omega", y=1)
        spread = at("omega", x=2) + at("omega", y=2)
        return {
            "momentum": square * (carried - at("viscosity") * spread),
            "vorticity": LESS * square.sqrt() * (at("omega") + at("psi", x=2) + at("psi", y=2)),
        }

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        x, y = places["x"], places["y"]
        still = (16 * x * (1 - x) * y * (1 - y)).square()
        return {
            "psi": (corners(x, y), still),
            "omega": (corners(x, y, corner_vorticity), torch.full_like(x, SIZE)),
        }

    def held(name: str, place: str, end: float, speed: float = 0.0) -> Condition:
        def still(at: At) -> dict[str, torch.Tensor]:
            return {"through": at("psi"), "along": at("psi", **{place: 1}) - speed}

        return Condition(name, {place: end}, still, built_in=True)

    return Pointwise(
        coordinates=(Coordinate("y", 0.0, 1.0), Coordinate("x", 0.0, 1.0)),
        unknowns=("psi", "omega"),
        equations=vorticity,
        conditions=(
            held("left wall", "x", 0.0),
            held("right wall", "x", 1.0),
            held("bottom", "y", 0.0),
            held("lid", "y", 1.0, speed=1.0),
        ),
        numbers=(Number("viscosity", least, most, logarithmic=True),),
        form=form,
        answers={
            "u": Read("psi", orders={"y": 1}),
            "v": Read("psi", orders={"x": 1}, factor=-1.0),
            "psi": Read("psi"),
        },
        free=("x", "y"),  # of the vorticity nothing is known at walls
    )


SIZE = 10.0
"""Of the vorticity, where the corners' is taken away."""
