"""Can a network that knows Newton's equations follow three bodies around a known orbit?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..solvers.three_body.exact import FIGURE_EIGHT_PERIOD
from ..solvers.three_body.system import ThreeBody
from ..surrogates.pinn import PINN
from ..surrogates.pinn_objective import LossSettings
from .one_query_experiment import OneQueryExperiment, one_query_presets

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneQueryExperiment):
    """See `OneQueryExperiment`."""

    recommended: ClassVar[PINN.Settings] = PINN.Settings(loss=LossSettings(points=256))
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "even-points": {"resampling": "even"},
        "soft-start": {"built_in": False},
        "causal": {"causality": 1.0},
        "random-waves": {"random_waves": 8},
    }

    system: ThreeBody


compare_with_solver = Settings.compare
PRESETS = one_query_presets(
    Settings,
    ThreeBody(orbit="figure_eight"),
    quick=ThreeBody(orbit="figure_eight"),
    horizon=FIGURE_EIGHT_PERIOD,
    fields=("x", "y"),
    seconds=120.0,
)
