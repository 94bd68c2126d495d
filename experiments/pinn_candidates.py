"""Networks of coordinates that are compared: as recommended, by other optimisers, without single parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..datasets.known_equations import Physics
from ..surrogates.pinn import PINN
from ..surrogates.surrogate import SurrogateError
from .stages import Candidate

__all__ = ["QUICK", "one_query_candidates"]

OPTIMISERS: dict[str, dict[str, Any]] = {
    "adam": {"optimiser": "adam"},
    "lbfgs": {"optimiser": "lbfgs", "adam_steps": 500},
    "bfgs": {"optimiser": "bfgs"},
    "ssbfgs": {"optimiser": "ssbfgs"},
}
"""Beside SSBroyden, which is the default."""
QUICK = 40
"""Steps of a training that is only to be seen at work."""


def one_query_candidates(
    task: Physics,
    recommended: PINN.Settings,
    *,
    size: str,
    seconds: float,
    short: float,
    ablations: Mapping[str, Mapping[str, Any]],
    training_set: str = "main",
    threads: int = 1,
) -> dict[str, Candidate]:
    """`pinn` with gelu and with tanh, three seeds and so many seconds each; then the optimisers and, for what
    each part is worth, `pinn` without it, a seed and the `short` time each. At the `quick` size all end after
    some steps, if the time does not end them before.

    Of `ablations` each is changes of the network's or the loss's settings, by label.
    """

    def candidate(settings: PINN.Settings, *, seeds: int, limit: float, remark: str = "") -> Candidate:
        steps = QUICK if size == "quick" else 1_000_000
        descent = dataclasses.replace(
            settings.descent,
            steps=steps,
            threads=threads,
            seconds=limit,
            adam_steps=min(settings.descent.adam_steps, steps // 2),
        )
        loss = settings.loss
        if size == "quick":
            loss = dataclasses.replace(loss, points=min(256, loss.points), condition_points=32, refresh=20)
        return Candidate(
            "pinn",
            task,
            dataclasses.replace(settings, descent=descent, loss=loss),
            training_set=training_set,
            seeds=1 if size == "quick" else seeds,
            remark=remark,
        )

    tanh = dataclasses.replace(recommended.network, activation="tanh", gain=1.0)
    found = {
        "pinn": candidate(recommended, seeds=3, limit=seconds),
        "pinn-tanh": candidate(dataclasses.replace(recommended, network=tanh), seeds=3, limit=seconds),
    }
    for name, changes in OPTIMISERS.items():
        descent = dataclasses.replace(recommended.descent, **changes)
        found[f"pinn-{name}"] = candidate(
            dataclasses.replace(recommended, descent=descent), seeds=1, limit=short, remark=f"by {name}"
        )
    for label, other in ablations.items():
        found[f"pinn-{label}"] = candidate(
            changed(recommended, other),
            seeds=1,
            limit=short,
            remark=", ".join(f"{k} {v}" for k, v in other.items()),
        )
    return found


def changed(settings: PINN.Settings, changes: Mapping[str, Any]) -> PINN.Settings:
    """Other values of the network's, the loss's or the descent's settings, each by its own name.

    Raises `SurrogateError` for a name that none of them has: what changes nothing is no comparison.
    """
    wholes = (settings.network, settings.loss, settings.descent)
    unknown = sorted({*changes} - {f.name for whole in wholes for f in dataclasses.fields(whole)})
    if unknown:
        raise SurrogateError(f"there is no setting {unknown[0]!r} of network, loss or descent")
    parts: dict[str, Any] = {}
    for part in ("network", "loss", "descent"):
        whole = getattr(settings, part)
        names = {f.name for f in dataclasses.fields(whole)}
        parts[part] = dataclasses.replace(whole, **{k: v for k, v in changes.items() if k in names})
    return dataclasses.replace(settings, **parts)
