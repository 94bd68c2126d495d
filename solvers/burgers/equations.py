"""Burgers' equation point by point, for networks of coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract import Queries
from ..methods.trigonometric import parity, trigonometric
from ..pointwise import At, Condition, Coordinate, Mirror, Number, Places, Pointwise, Read

if TYPE_CHECKING:
    from .system import Burgers

__all__ = ["equations_of"]


def equations_of(system: Burgers, query: Queries, *, horizon: float) -> Pointwise:
    """For one query; without a viscosity in it, for all of the system's."""
    start = np.asarray(query["u"])[0]
    if "viscosity" in query:
        least = most = float(np.asarray(query["viscosity"])[0])
    else:
        least, most = system.least_viscosity, system.most_viscosity
    low = -0.5 * system.length
    first = trigonometric(start, low=low, length=system.length)

    def momentum(at: At) -> dict[str, torch.Tensor]:
        u = at("u")
        return {"momentum": at("u", t=1) + u * at("u", x=1) - at("viscosity") * at("u", x=2)}

    def as_at_first(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u") - first(at("x"))}

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        return {"u": (first(places["x"]), places["t"] / horizon)}

    sign = parity(start)
    return Pointwise(
        coordinates=(
            Coordinate("t", 0.0, horizon),
            Coordinate("x", low, low + system.length, periodic=True),
        ),
        unknowns=("u",),
        equations=momentum,
        conditions=(Condition("start", {"t": 0.0}, as_at_first, built_in=True),),
        numbers=(Number("viscosity", least, most, logarithmic=True),),
        form=form,
        # an even start is no symmetry: what moves right moves on
        mirrors=(Mirror(("x",), odd=("u",)),) if sign == -1 else (),
        answers={"u": Read("u")},
    )
