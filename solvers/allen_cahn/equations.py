"""The equation of Allen and Cahn point by point, for networks of coordinates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract import Queries
from ..methods.trigonometric import parity, trigonometric
from ..pointwise import At, Condition, Coordinate, Mirror, Places, Pointwise, Read

if TYPE_CHECKING:
    from .system import AllenCahn

__all__ = ["equations_of", "rounding", "standard_start"]


def standard_start(x: torch.Tensor) -> torch.Tensor:
    """x^2 cos(pi x)"""
    return x.square() * torch.cos(math.pi * x)


def rounding(distance: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """What diffusion for a time makes of the standard start's kink, in which the slope jumps by 4, before
    anything else acts: what is added to the start at a distance from it. `spread` is diffusivity times time.

    The solution of the equation of heat: Carslaw & Jaeger, Conduction of Heat in Solids (1959), 2.4.
    """
    width = 2 * spread.clamp_min(1e-30).sqrt()
    z = distance / width
    return 2 * width * (torch.exp(-z.square()) / math.sqrt(math.pi) - z * torch.erfc(z))


def equations_of(system: AllenCahn, query: Queries, *, horizon: float) -> Pointwise:
    """For one query."""
    start = np.asarray(query["u"], dtype=np.float64)[0]
    first = trigonometric(start, low=-1.0, length=2.0)
    # a polynomial through a kink has waves of its own, and their curvature is what a network would learn
    kinked = np.abs(start - standard_start(torch.from_numpy(system.places())).numpy()).max() < 1e-6
    if kinked:
        first = standard_start

    def phases(at: At) -> dict[str, torch.Tensor]:
        u = at("u")
        growth = system.rate * (u - u**3)
        # what is wrong early where u is near 0 grows with this rate: so much the more it counts
        late = torch.exp(-system.rate * at("t"))
        return {"phase": late * (at("u", t=1) - system.diffusivity * at("u", x=2) - growth)}

    def as_at_first(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u") - first(at("x"))}

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        x, t = places["x"], places["t"]
        rounded = first(x)
        if kinked:
            spread = system.diffusivity * t
            for turn in range(-2, 2):  # kinks at both ends, and those a turn away
                rounded = rounded + rounding((x - 1 - 2 * turn).abs(), spread)
        return {"u": (rounded, t / horizon)}

    sign = parity(start)
    return Pointwise(
        coordinates=(Coordinate("t", 0.0, horizon), Coordinate("x", -1.0, 1.0, periodic=True)),
        unknowns=("u",),
        equations=phases,
        conditions=(Condition("start", {"t": 0.0}, as_at_first, built_in=True),),
        form=form,
        mirrors=(Mirror(("x",), odd=("u",) if sign == -1 else ()),) if sign else (),
        answers={"u": Read("u")},
    )
