"""What tells one descent from another, so that none takes up what is not its own."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from .pinn_loss import Known
from .pinn_objective import PhysicsObjective

__all__ = ["identity_of"]


def identity_of(
    settings: Any,
    objective: PhysicsObjective,
    known: Known | None,
    *,
    asked: Mapping[str, Any],
    recover: Mapping[str, float],
    seed: int,
) -> dict[str, Any]:
    """Settings, problem, query and data, as JSON; without limits of time and threads, which may be changed.

    Functions cannot be compared: two problems of the same names differ in the loss of the first network.
    """
    digest = hashlib.sha256()
    if known is not None:
        for tensor in (*known.places.values(), *known.values.values()):
            digest.update(tensor.detach().cpu().double().numpy().tobytes())
    for values in asked.values():
        digest.update(np.ascontiguousarray(values).tobytes())
    plain = dataclasses.asdict(settings)
    del plain["descent"]["seconds"], plain["descent"]["threads"]
    problem = objective.network.problem
    return {
        "settings": plain,
        "problem": repr((problem.coordinates, problem.unknowns, problem.numbers)),
        "known": digest.hexdigest(),
        "recover": dict(recover),
        "equations": objective.equations,
        "loss at first": {name: f"{value:.3g}" for name, value in objective.values().items()},
        "dtype": str(objective.dtype),
        "seed": seed,
    }
