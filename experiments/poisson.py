"""How far does a network come where the answer is easy: the equation of Poisson on a square?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..datasets.training_set import TrainingSet
from ..solvers.poisson.system import Poisson
from ..surrogates.pinn import PINN
from ..surrogates.pinn_objective import LossSettings
from .one_query_experiment import OneQueryExperiment, one_query_presets
from .stages import Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneQueryExperiment):
    """See `OneQueryExperiment`."""

    recommended: ClassVar[PINN.Settings] = PINN.Settings(loss=LossSettings(points=1_024))
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "even-points": {"resampling": "even"},
        "soft": {"built_in": False},
        "soft-gradient-norm": {"built_in": False, "weighting": "gradient_norm"},
        "soft-kernel": {"built_in": False, "weighting": "kernel"},
    }

    system: Poisson


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """The comparison; writes results, figures and report into `folder`; returns the table."""
    return settings.compare(trained, sets=sets, folder=folder, progress=progress)


PRESETS = one_query_presets(Settings, Poisson(waves=4), quick=Poisson(17), steady=True, seconds=60.0)
