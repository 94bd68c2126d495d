"""Can a surrogate forecast the Kuramoto-Sivashinsky chaos for longer, or cheaper, than the solver?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from ..datasets.generate import GenerateSettings
from ..datasets.training_set import TrainingSet
from ..solvers.discovery import find_kit
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from .chaos import ChaosSettings, compare_forecasts
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings:
    """One experiment: the equation, two training sets, the surrogates, and how they are judged.

    Attributes:
        system: length, points and forcing of the equation.
        main: the long training set, whose test split gives the starts and their history.
        fine: a short set at a small interval, for surrogates that step like a solver.
        comparison: horizon, timing and free runs.
        candidates: label -> surrogate.
    """

    system: KuramotoSivashinsky
    main: GenerateSettings
    fine: GenerateSettings
    comparison: ChaosSettings = field(default_factory=ChaosSettings)
    candidates: tyro.conf.Suppress[Mapping[str, Candidate]] = field(default_factory=dict)

    @property
    def sets(self) -> dict[str, GenerateSettings]:
        """The training sets by name."""
        return {"main": self.main, "fine": self.fine}


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """The comparison; writes results, figures and report into `folder` and returns the table."""
    return compare_forecasts(
        settings.comparison,
        trained,
        kit=find_kit(settings.system.name),
        system=settings.system,
        sets=sets,
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


PRESETS: dict[str, Settings] = {}
