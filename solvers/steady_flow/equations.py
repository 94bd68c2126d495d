"""Steady flow about a solid point by point, by stream function and pressure, for networks of coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import Queries, SolverError
from ..pointwise import At, Condition, Coordinate, Number, Places, Pointwise, Read

if TYPE_CHECKING:
    from .system import SteadyFlow

__all__ = ["equations_of", "surface"]


def equations_of(system: SteadyFlow, query: Queries) -> Pointwise:
    """For one shape and one viscosity, in a channel that holds the fluid.

    With u = psi_y, v = - psi_x no fluid is lost; momentum asks for psi's third derivatives. The channel's
    walls and the inflow hold by construction, the solid's surface and the outflow do not.
    """
    if system.walls != "no_slip":
        raise SolverError("the equations point by point are those of a channel with walls of no slip")
    missing = [name for name in ("distance", "viscosity") if name not in query]
    if missing:
        raise SolverError(f"the equations are those of one flow: the query needs {missing[0]!r}, too")
    distance = np.asarray(query["distance"], dtype=np.float64)[0]
    viscosity = float(np.asarray(query["viscosity"])[0])
    length = system.columns / system.rows
    around = surface(distance, system.spacing)

    def momentum(at: At) -> dict[str, torch.Tensor]:
        u, v, nu = at("psi", y=1), -at("psi", x=1), at("viscosity")
        shear, stretch = at("psi", x=1, y=1), at("psi", y=2)
        turn = at("psi", x=2)
        return {
            "along x": u * shear + v * stretch + at("p", x=1) - nu * (at("psi", x=2, y=1) + at("psi", y=3)),
            "along y": -u * turn - v * shear + at("p", y=1) + nu * (at("psi", x=3) + at("psi", x=1, y=2)),
        }

    def at_rest(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("psi", y=1), "v": at("psi", x=1)}

    def leaving(at: At) -> dict[str, torch.Tensor]:
        # momentum leaves freely: no stress along the flow, nor across
        return {
            "along": at("p") - at("viscosity") * at("psi", x=1, y=1),
            "across": at("psi", x=2),
        }

    def on_surface(points: int, generator: torch.Generator) -> Places:
        chosen = torch.randint(len(around), (points,), generator=generator)
        placed = torch.from_numpy(around)[chosen]
        return {"x": placed[:, 0], "y": placed[:, 1]}

    def in_fluid(places: Places) -> torch.Tensor:
        return _bilinear(distance, system.spacing, places["x"], places["y"]) > 0

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        x, y = places["x"], places["y"]
        still = (4 * y * (1 - y)).square() * x.square() / (x.square() + 1)
        return {"psi": (y.square() * (3 - 2 * y), still)}

    conditions = [
        Condition("lower wall", {"y": 0.0}, at_rest, built_in=True),
        Condition("upper wall", {"y": 1.0}, at_rest, built_in=True),
        Condition("inflow", {"x": 0.0}, _inflow, built_in=True),
        Condition("outflow", {"x": length}, leaving),
    ]
    if len(around):
        conditions.append(Condition("surface", on_surface, at_rest))
    h = 0.5 * system.spacing
    return Pointwise(
        coordinates=(Coordinate("y", 0.0, 1.0), Coordinate("x", 0.0, length)),
        unknowns=("psi", "p"),
        equations=momentum,
        conditions=tuple(conditions),
        numbers=(Number("viscosity", viscosity, viscosity),),
        inside=in_fluid,
        form=form,
        answers={
            "u": Read("psi", orders={"y": 1}, shift={"x": h}, outside=0.0),
            "v": Read("psi", orders={"x": 1}, shift={"y": h}, factor=-1.0, outside=0.0),
            "p": Read("p"),
            "psi": Read("psi", shift={"x": h, "y": h}),
        },
    )


def _inflow(at: At) -> dict[str, torch.Tensor]:
    y = at("y")
    return {"psi": at("psi") - y.square() * (3 - 2 * y), "v": at("psi", x=1)}


def surface(distance: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """(points, 2) x and y where the distance (rows, columns) changes its sign between middles of cells."""
    found = []
    for axis in (0, 1):
        turned = distance if axis == 1 else distance.T
        first, second = turned[:, :-1], turned[:, 1:]
        rows, columns = np.nonzero((first < 0) != (second < 0))
        along = columns + first[rows, columns] / (first[rows, columns] - second[rows, columns])
        pair = (along, rows) if axis == 1 else (rows, along)
        found.append(np.stack(pair, axis=1))
    return np.asarray((np.concatenate(found) + 0.5) * spacing)


def _bilinear(values: NDArray[np.float64], spacing: float, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Of values (rows, columns) in the middles of cells at places; beyond the outer middles as there."""
    known = torch.from_numpy(values).to(x)
    rows, columns = known.shape
    row = (y / spacing - 0.5).clamp(0, rows - 1)
    column = (x / spacing - 0.5).clamp(0, columns - 1)
    i, j = row.long().clamp_max(rows - 2), column.long().clamp_max(columns - 2)
    up, right = row - i, column - j
    lower = known[i, j] * (1 - right) + known[i, j + 1] * right
    upper = known[i + 1, j] * (1 - right) + known[i + 1, j + 1] * right
    return lower * (1 - up) + upper * up
