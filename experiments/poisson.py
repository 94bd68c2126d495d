"""How far does a network come where the answer is easy: the equation of Poisson on a square?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..solvers.poisson.system import Poisson
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
    }

    system: Poisson


compare_with_solver = Settings.compare
PRESETS = one_query_presets(Settings, Poisson(waves=4), quick=Poisson(17), steady=True, seconds=60.0)
