"""The Kuramoto-Sivashinsky equation point by point, for networks of coordinates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract import Queries
from ..methods.trigonometric import trigonometric
from ..pointwise import At, Condition, Coordinate, Number, Places, Pointwise, Read

if TYPE_CHECKING:
    from .system import KuramotoSivashinsky

__all__ = ["equations_of"]


def equations_of(system: KuramotoSivashinsky, query: Queries, *, horizon: float) -> Pointwise:
    """For one query. The number `length` is that of the domain; places are told in shares of it, as if it was
    the system's, so that one that is not known can be found.
    """
    first = trigonometric(np.asarray(query["u"])[0], low=0.0, length=system.length)
    wave, amplitude = system.forced_wave() or (0, 0.0)

    def momentum(at: At) -> dict[str, torch.Tensor]:
        u = at("u")
        forcing = amplitude * torch.cos(2 * math.pi * wave / system.length * at("x"))
        wider = system.length / at("length")  # a slope by a place of the true domain, over that by `x`
        left = at("u", t=1) + wider * u * at("u", x=1) + wider**2 * at("u", x=2) + wider**4 * at("u", x=4)
        return {"momentum": left - forcing}

    def as_at_first(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u") - first(at("x"))}

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        return {"u": (first(places["x"]), places["t"] / horizon)}

    return Pointwise(
        coordinates=(Coordinate("t", 0.0, horizon), Coordinate("x", 0.0, system.length, periodic=True)),
        unknowns=("u",),
        numbers=(Number("length", system.length, system.length),),
        equations=momentum,
        conditions=(Condition("start", {"t": 0.0}, as_at_first, built_in=True),),
        form=form,
        answers={"u": Read("u")},
    )
