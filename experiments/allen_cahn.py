"""Can a network that knows the equation take the solver's place for the phases of Allen and Cahn?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..solvers.allen_cahn.system import AllenCahn
from ..surrogates.pinn import PINN
from .one_query_experiment import OneQueryExperiment, one_query_presets

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneQueryExperiment):
    """See `OneQueryExperiment`."""

    recommended: ClassVar[PINN.Settings] = PINN.Settings()
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "even-points": {"resampling": "even"},
        "fixed-points": {"resampling": "never"},
        "soft-start": {"built_in": False, "weights": (("start", 10.0),)},
        "no-mirror": {"mirrored": False},
        "causal": {"causality": 1e3},
        "factorised": {"factorised": True},
        "random-waves": {"random_waves": 8},
    }

    system: AllenCahn


compare_with_solver = Settings.compare
PRESETS = one_query_presets(Settings, AllenCahn(), quick=AllenCahn(512), seconds=200.0, frames=80)
