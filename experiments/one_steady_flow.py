"""Can a network that knows the equations find the flow about one shape?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..solvers.steady_flow.system import SteadyFlow
from ..surrogates.pinn import PINN
from .one_query_experiment import OneQueryExperiment, one_query_presets

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneQueryExperiment):
    """See `OneQueryExperiment`."""

    recommended: ClassVar[PINN.Settings] = PINN.Settings()
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "even-points": {"resampling": "even"},
        "soft": {"built_in": False},
        "soft-kernel": {"built_in": False, "weighting": "kernel"},
        "wide": {"hidden": (40, 40, 40)},
    }

    system: SteadyFlow


compare_with_solver = Settings.compare
PRESETS = one_query_presets(
    Settings, SteadyFlow(), quick=SteadyFlow(16, 32), steady=True, fields=("u", "v"), seconds=120.0
)
