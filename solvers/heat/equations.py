"""The equation of heat point by point, for networks of coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract import Queries
from ..methods.sine_polynomials import parity, sine_polynomial
from ..pointwise import At, Condition, Coordinate, Mirror, Number, Places, Pointwise, Read

if TYPE_CHECKING:
    from .system import Heat

__all__ = ["equations_of"]


def equations_of(system: Heat, query: Queries, *, horizon: float) -> Pointwise:
    """For one query; without a diffusivity in it, for all of the system's."""
    start = np.asarray(query["u"], dtype=np.float64)[0]
    if "diffusivity" in query:
        least = most = float(np.asarray(query["diffusivity"])[0])
    else:
        least, most = system.least_diffusivity, system.most_diffusivity
    length = system.length
    first = sine_polynomial(start, length=length)

    def heat(at: At) -> dict[str, torch.Tensor]:
        return {"heat": at("u", t=1) - at("diffusivity") * at("u", x=2)}

    def as_at_first(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u") - first(at("x"))}

    def cold(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u")}

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        x = places["x"]
        # zero at the start and at both walls, and up to 1 between
        return {"u": (first(x), places["t"] / horizon * (4 * x * (length - x) / length**2))}

    sign = parity(start)
    return Pointwise(
        coordinates=(Coordinate("t", 0.0, horizon), Coordinate("x", 0.0, length)),
        unknowns=("u",),
        equations=heat,
        conditions=(
            Condition("start", {"t": 0.0}, as_at_first, built_in=True),
            Condition("left", {"x": 0.0}, cold, built_in=True),
            Condition("right", {"x": length}, cold, built_in=True),
        ),
        numbers=(Number("diffusivity", least, most, logarithmic=True),),
        form=form,
        mirrors=(Mirror(("x",), odd=("u",) if sign == -1 else ()),) if sign else (),
        answers={"u": Read("u")},
    )
