"""Can a network that knows the equation take the solver's place for the phases of Allen and Cahn?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..datasets.training_set import TrainingSet
from ..solvers.allen_cahn.system import AllenCahn
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
        "fixed-points": {"resampling": "never"},
        "soft-start": {"built_in": False, "weights": (("start", 10.0),)},
        "no-mirror": {"mirrored": False},
        "causal": {"causality": 1e3},
        "factorised": {"factorised": True},
        "random-waves": {"random_waves": 8},
    }

    system: AllenCahn


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


PRESETS = one_query_presets(Settings, AllenCahn(), quick=AllenCahn(512))
