"""How good a steady flow is: fields, walls, forces, and what every flow must obey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, Solution
from ..solvers.steady_flow.forces import forces_of_fields
from ..solvers.steady_flow.held import held, velocities
from ..solvers.steady_flow.system import SteadyFlow
from .hybrid import changed

__all__ = ["MEASURES", "measured", "relu_floor", "with_velocities"]

Array = NDArray[np.float64]
Values = Mapping[str, NDArray[Any]]
NEAR = 0.05
"""How far from a solid is near its wall, in channel heights."""

MEASURES = {
    "velocity": "||error|| / ||truth|| of both components together",
    "u": "the same of the velocity along the channel",
    "v": "the same of the velocity across it",
    "pressure": "the same of the pressure, in the fluid",
    "near wall": f"the same of the velocity within {NEAR:g} channel heights of a solid",
    "drag": "|error| / |true drag| of the drag that is answered",
    "lift": "|error of the lift| / |true drag|: a lift may be nothing",
    "drag of fields": "|error| / |true drag| of what the answered fields lose in momentum along the channel",
    "divergence": "largest gain or loss of fluid of any cell, in units of mean speed over channel height",
    "slip": "largest speed through a side within a solid, in units of the mean speed",
}
"""What is measured, of each sample."""


def measured(system: SteadyFlow, answer: Solution, truth: Solution, queries: Queries) -> dict[str, Array]:
    """Name -> (samples,), as `MEASURES` has them; those that the answer's fields allow. Infinite where it is
    not finite.
    """
    said, true = answer.values, truth.values
    distance = np.asarray(queries["distance"], dtype=np.float64)
    at_u, at_v = system.between(distance)
    found = {
        "velocity": _relative(said, true, ("u", "v")),
        "u": _relative(said, true, ("u",)),
        "v": _relative(said, true, ("v",)),
        "near wall": _relative(
            said, true, ("u", "v"), where={"u": _near(at_u[..., 1:]), "v": _near(at_v[..., 1:, :])}
        ),
    }
    drag = np.abs(true["drag"][:, 0])
    if "p" in said:
        found["pressure"] = _relative(said, true, ("p",), where={"p": distance > 0})
        fields = {name: said[name][:, :1] for name in ("u", "v", "p")}
        of_fields, _ = forces_of_fields(system, fields, np.asarray(queries["viscosity"]))
        found["drag of fields"] = np.abs(of_fields[:, 0] - true["drag"][:, 0]) / drag
    for name in ("drag", "lift"):
        if name in said:
            found[name] = np.abs(said[name][:, 0] - true[name][:, 0]) / drag
    laws = system.invariants({name: said[name][:, :1] for name in ("u", "v")}, queries)
    found |= {name: np.abs(laws[name][:, 0]) for name in ("divergence", "slip")}
    return {
        name: np.where(np.isfinite(found[name]), found[name], np.inf) for name in MEASURES if name in found
    }


def with_velocities(answer: Answer, system: SteadyFlow) -> Answer:
    """An answer that gives a stream function, with the velocities that are its differences.

    On the channel's walls and within solids it is held, so that nothing flows there; see `held`.
    """

    def derived(values: dict[str, Array], queries: Queries) -> dict[str, Array]:
        distance = np.asarray(queries["distance"], dtype=np.float64)
        frames = [held(system, values["psi"][:, k], distance) for k in range(values["psi"].shape[1])]
        psi = np.stack(frames, axis=1)
        u, v = velocities(system, psi)
        return {"psi": psi, "u": u, "v": v}

    return changed(answer, derived)


def relu_floor(truth: Values) -> dict[str, float]:
    """Median error, by name, of the truth itself where what is negative is zero: the least that a network
    which ends in a ReLU can reach, whatever it learns.
    """
    cut = {name: np.maximum(truth[name], 0.0) for name in ("u", "v")}
    parts = {"velocity": ("u", "v"), "u": ("u",), "v": ("v",)}
    return {name: float(np.median(_relative(cut, truth, fields))) for name, fields in parts.items()}


def _near(distance: Array) -> NDArray[np.bool_]:
    return (distance > 0) & (distance < NEAR)


def _relative(
    said: Values,
    true: Values,
    fields: tuple[str, ...],
    *,
    where: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Array:
    """(samples,) ||said - true|| / ||true|| over the fields at first; all points, or those named."""

    def norm(of: Callable[[str], Array]) -> Array:
        squares = []
        for name in fields:
            values = of(name)[:, 0] ** 2
            squares.append((values if where is None else np.where(where[name], values, 0.0)).sum(axis=(1, 2)))
        return np.asarray(np.sqrt(sum(squares)))

    with np.errstate(invalid="ignore", over="ignore"):
        return norm(lambda name: np.asarray(said[name], np.float64) - true[name]) / norm(
            lambda name: true[name]
        )
