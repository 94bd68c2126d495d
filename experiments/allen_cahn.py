"""Can a network that knows the equation take the solver's place for the phases of Allen and Cahn?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from ..datasets.generate import GenerateSettings
from ..datasets.known_equations import Physics
from ..datasets.training_set import TrainingSet
from ..solvers.allen_cahn.system import AllenCahn
from ..surrogates.pinn import PINN
from .one_query import OneQuerySettings, compare_one_query, one_query_set
from .pinn_candidates import one_query_candidates
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings:
    """The experiment: one start, and networks that are trained for it.

    Attributes:
        system: the equation.
        main: the set whose test split holds the query.
        comparison: horizon and timing.
        seconds: for which the recommended networks are trained; the others a fifth as long.
        size: which sizes: quick, default or paper.
    """

    system: AllenCahn
    main: GenerateSettings
    comparison: OneQuerySettings
    seconds: float = 300.0
    size: tyro.conf.Suppress[str] = "default"

    @property
    def sets(self) -> dict[str, tuple[AllenCahn, GenerateSettings]]:
        """The training sets by name: of which system, and how much."""
        return {"main": (self.system, self.main)}

    @property
    def threads(self) -> int:
        """Of training and timing alike."""
        return self.comparison.threads

    @property
    def task(self) -> Physics:
        """What a surrogate learns that is named on the command line and is not among the candidates."""
        return self.comparison.task

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The networks."""
        return one_query_candidates(
            self.task,
            PINN.Settings(),
            size=self.size,
            seconds=self.seconds,
            short=self.seconds / 5,
            ablations=ABLATIONS,
        )

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check()


ABLATIONS = {
    "even-points": {"resampling": "even"},
    "fixed-points": {"resampling": "never"},
    "soft-start": {"built_in": False, "weights": (("start", 10.0),)},
    "no-mirror": {"mirrored": False},
    "causal": {"causality": 1e3},
    "factorised": {"factorised": True},
    "random-waves": {"random_waves": 8},
}


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """The comparison; writes results, figures and report into `folder`; returns the table."""
    return compare_one_query(
        settings.comparison,
        trained,
        system=settings.system,
        training_set=sets["main"],
        folder=folder,
        surrogates=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


def preset(size: str) -> Settings:
    """Networks that are trained for seconds (quick), five minutes (default) or ten (paper)."""
    comparison = OneQuerySettings(horizon=1.0, frames=10 if size == "quick" else 100)
    return Settings(
        system=AllenCahn(points=512 if size == "quick" else 2048),
        main=one_query_set(comparison),
        comparison=comparison,
        seconds={"quick": 1.0, "default": 300.0, "paper": 600.0}[size],
        size=size,
    )


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
