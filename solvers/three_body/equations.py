"""Newton's equations of three bodies at every time, for networks of coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract import Queries, SolverError
from ..pointwise import TIME, At, Condition, Coordinate, Number, Places, Pointwise, Read

if TYPE_CHECKING:
    from .system import ThreeBody

__all__ = ["equations_of"]

BODIES = (1, 2, 3)


def equations_of(system: ThreeBody, query: Queries, *, horizon: float) -> Pointwise:
    """For one start; positions are the unknowns, velocities their slopes, masses numbers."""
    start = {name: np.asarray(values, dtype=np.float64)[0] for name, values in query.items()}
    if bool(system.coincident({name: values[None] for name, values in start.items()})[0]):
        raise SolverError("two bodies are at one place at the start, where their attraction is infinite")

    def newton(at: At) -> dict[str, torch.Tensor]:
        x, y, mass = (torch.stack([at(f"{c}{body}") for body in BODIES], dim=-1) for c in ("x", "y", "mass"))
        force = system.acceleration(x[:, None], y[:, None], mass)
        return {
            f"force {component}{body}": at(f"{component}{body}", t=2) - force[c][:, 0, body - 1]
            for c, component in enumerate("xy")
            for body in BODIES
        }

    def as_at_first(at: At) -> dict[str, torch.Tensor]:
        found = {}
        for component in "xy":
            for body in BODIES:
                name = f"{component}{body}"
                found[name] = at(name) - float(start[component][body - 1])
                found[f"v{name}"] = at(name, t=1) - float(start[f"v{component}"][body - 1])
        return found

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        t = places[TIME]
        return {
            f"{c}{body}": (
                float(start[c][body - 1]) + float(start[f"v{c}"][body - 1]) * t,
                (t / horizon).square(),
            )
            for c in "xy"
            for body in BODIES
        }

    return Pointwise(
        coordinates=(Coordinate(TIME, 0.0, horizon),),
        unknowns=tuple(f"{c}{body}" for c in "xy" for body in BODIES),
        equations=newton,
        conditions=(Condition("start", {TIME: 0.0}, as_at_first, built_in=True),),
        numbers=tuple(
            Number(f"mass{body}", float(m), float(m)) for body, m in zip(BODIES, start["mass"], strict=True)
        ),
        form=form,
        answers={
            **{c: tuple(Read(f"{c}{body}") for body in BODIES) for c in "xy"},
            **{f"v{c}": tuple(Read(f"{c}{body}", orders={TIME: 1}) for body in BODIES) for c in "xy"},
        },
    )
