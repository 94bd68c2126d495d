"""How far does a network come where the answer is easy: heat in a rod?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..solvers.heat.system import Heat
from ..surrogates.pinn import PINN
from ..surrogates.pinn_objective import LossSettings
from .one_query_experiment import OneQueryExperiment, one_query_presets

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneQueryExperiment):
    """See `OneQueryExperiment`."""

    recommended: ClassVar[PINN.Settings] = PINN.Settings(loss=LossSettings(points=1_024, resampling="even"))
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "residual-points": {"resampling": "residual"},
        "soft": {"built_in": False},
        "soft-gradient-norm": {"built_in": False, "weighting": "gradient_norm"},
        "soft-kernel": {"built_in": False, "weighting": "kernel"},
        "no-mirror": {"mirrored": False},
    }

    system: Heat


compare_with_solver = Settings.compare
PRESETS = one_query_presets(Settings, Heat(), quick=Heat(33), seconds=60.0)
