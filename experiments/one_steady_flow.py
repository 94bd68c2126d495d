"""Can a network that knows the equations find the flow about one shape?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..datasets.training_set import TrainingSet
from ..solvers.steady_flow.system import SteadyFlow
from ..surrogates.pinn import PINN
from .one_query_experiment import OneQueryExperiment, one_query_presets
from .stages import Trained

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


PRESETS = one_query_presets(
    Settings, SteadyFlow(), quick=SteadyFlow(16, 32), steady=True, fields=("u", "v"), seconds=120.0
)
