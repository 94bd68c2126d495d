"""Can a network that knows the equations take the place of the solver for a lid-driven cavity?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..solvers.cavity.system import Cavity
from ..surrogates.pinn import PINN
from .one_query_experiment import OneQueryExperiment, one_query_presets

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneQueryExperiment):
    """See `OneQueryExperiment`."""

    recommended: ClassVar[PINN.Settings] = PINN.Settings()
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "even-points": {"resampling": "even"},
        "soft-walls": {"built_in": False},
        "soft-kernel": {"built_in": False, "weighting": "kernel"},
        "wide": {"hidden": (40, 40, 40)},
    }

    system: Cavity


compare_with_solver = Settings.compare
PRESETS = one_query_presets(
    Settings, Cavity(), quick=Cavity(16), steady=True, fields=("u", "v"), seconds=120.0
)
