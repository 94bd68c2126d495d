"""A problem with everything in it: time, a periodic line, numbers, a form and mirrors."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from understudy.solvers.pointwise import (
    At,
    Coordinate,
    Mirror,
    Number,
    Places,
    Pointwise,
)
from understudy.surrogates.pinn_points import inner_points

Orders = tuple[int, ...]


WAVES = 2 * math.pi / 2.5
EXACT = Coordinate("t", 0.5, 1.25), Coordinate("x", 0.25, 2.75, periodic=True), Coordinate("y", -3.0, -1.0)
"""Halves and middles that any precision holds."""
ROUNDED = Coordinate("t", 0.1, 0.8), Coordinate("x", -0.7, 2.5, periodic=True), Coordinate("y", 0.3, 0.7)
RANGED, CONSTANT = Number("c", 0.1, 10.0, logarithmic=True), Number("d", 0.3, 0.3)
MIRRORS = Mirror(("x",), odd=("v",)), Mirror(("x", "y"), odd=("u", "v"))


def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
    """Of u alone, with v left as it is: cos(y) sin(w x) + t^2 c at t = 0.5, to second order."""
    t, x, y = places["t"] - 0.5, places["x"], places["y"]
    return {"u": (y.cos() * torch.sin(WAVES * x) + t.square() * places["c"], t.square() * torch.exp(y))}


def equations(at: At) -> dict[str, torch.Tensor]:
    return {"all": at("u") + at("v")}


def problem_of(**changes: Any) -> Pointwise:
    known = {
        "coordinates": EXACT,
        "unknowns": ("u", "v"),
        "equations": equations,
        "numbers": (RANGED, CONSTANT),
        "form": form,
        "mirrors": MIRRORS,
    }
    return Pointwise(**{**known, **changes})


def somewhere(problem: Pointwise, points: int = 6) -> dict[str, torch.Tensor]:
    return inner_points(problem, points, seed=2, mirrored=False)
