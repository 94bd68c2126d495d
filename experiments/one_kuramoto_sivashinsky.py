"""Can a network follow the Kuramoto-Sivashinsky equation from one smooth start, for half a Lyapunov time?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..datasets.training_set import TrainingSet
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..surrogates.pinn import PINN
from ..surrogates.pinn_network import NetworkSettings
from .one_query_experiment import OneQueryExperiment, one_query_presets
from .stages import Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneQueryExperiment):
    """See `OneQueryExperiment`."""

    recommended: ClassVar[PINN.Settings] = PINN.Settings(network=NetworkSettings(harmonics=4))
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "even-points": {"resampling": "even"},
        "soft-start": {"built_in": False},
        "one-harmonic": {"harmonics": 1},
        "causal": {"causality": 1.0},
    }

    system: KuramotoSivashinsky


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
    Settings, KuramotoSivashinsky(), quick=KuramotoSivashinsky(points=32), horizon=10.0, seconds=240.0
)
