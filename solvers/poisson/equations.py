"""Poisson's equation point by point, for networks of coordinates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..contract import Queries
from ..methods.sine_polynomials import parity, sine_polynomial
from ..pointwise import At, Condition, Coordinate, Mirror, Places, Pointwise, Read

__all__ = ["equations_of"]

WALLS = {"left": ("x", 0.0), "right": ("x", 1.0), "bottom": ("y", 0.0), "top": ("y", 1.0)}


def equations_of(query: Queries) -> Pointwise:
    """For one query."""
    given = np.asarray(query["f"], dtype=np.float64)[0]
    source = sine_polynomial(given)

    def poisson(at: At) -> dict[str, torch.Tensor]:
        return {"poisson": at("u", x=2) + at("u", y=2) + source(at("x"), at("y"))}

    def zero(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u")}

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        x, y = places["x"], places["y"]
        # zero on all walls, 1 in the middle
        return {"u": (torch.zeros_like(x), 16 * x * (1 - x) * y * (1 - y))}

    signs = {"x": parity(given, axis=0), "y": parity(given, axis=1)}
    return Pointwise(
        coordinates=(Coordinate("x", 0.0, 1.0), Coordinate("y", 0.0, 1.0)),
        unknowns=("u",),
        equations=poisson,
        conditions=tuple(
            Condition(name, {axis: value}, zero, built_in=True) for name, (axis, value) in WALLS.items()
        ),
        form=form,
        # the answer has the source's symmetries
        mirrors=tuple(
            Mirror((axis,), odd=("u",) if sign == -1 else ()) for axis, sign in signs.items() if sign
        ),
        answers={"u": Read("u")},
    )
