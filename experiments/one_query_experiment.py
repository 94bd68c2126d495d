"""An experiment that asks one query: networks that are trained for it, beside the solver."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import tyro

from ..datasets.generate import GenerateSettings
from ..datasets.known_equations import Physics
from ..datasets.training_set import TrainingSet
from ..solvers.contract import System
from ..surrogates.pinn import PINN
from .one_query import OneQuerySettings, compare_one_query, one_query_set
from .pinn_candidates import one_query_candidates
from .stages import Candidate, Trained

__all__ = ["OneQueryExperiment", "one_query_presets"]

SHORT = 5
"""A fifth of the time is given to networks that are there for comparison."""


@dataclass(frozen=True)
class OneQueryExperiment:
    """One start, and networks that are trained for it.

    Attributes:
        system: the equation.
        comparison: horizon and timing.
        seconds: for which the recommended networks are trained, at most; the others a fifth as long.
        size: which sizes: quick, default or paper.
    """

    recommended: ClassVar[PINN.Settings] = PINN.Settings()
    """What is called `pinn`."""
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """By label the settings in which a network differs from it."""

    system: Any
    comparison: OneQuerySettings
    seconds: float = 300.0
    size: tyro.conf.Suppress[str] = "default"

    @property
    def sets(self) -> dict[str, tuple[System, GenerateSettings]]:
        """The set whose test split holds the query, by name: of which system, and how much."""
        return {"main": (self.system, one_query_set(self.comparison))}

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
            self.recommended,
            size=self.size,
            seconds=self.seconds,
            short=self.seconds / SHORT,
            ablations=self.ablations,
            threads=self.threads,
        )

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check()

    def compare(
        self,
        trained: Sequence[Trained],
        *,
        sets: Mapping[str, TrainingSet],
        folder: Path,
        progress: bool = False,
    ) -> str:
        """The comparison; writes results, figures and report into `folder`; returns the table."""
        return compare_one_query(
            self.comparison,
            trained,
            system=self.system,
            training_set=sets["main"],
            folder=folder,
            surrogates=folder,
            described=dataclasses.asdict(self),
            progress=progress,
        )


def one_query_presets(
    kind: type[OneQueryExperiment],
    system: System,
    *,
    quick: System,
    horizon: float = 1.0,
    steady: bool = False,
    fields: tuple[str, ...] = (),
    seconds: float = 300.0,
    frames: int = 100,
) -> dict[str, Any]:
    """By name: networks that are trained for so many seconds (default), twice as long (paper), or for some
    steps (quick). Take as many `frames` as lets the solver's steps end at them: others cost it a step each.
    """
    found = {}
    for size, times in (("quick", 1.0), ("default", 1.0), ("paper", 2.0)):
        quickly = size == "quick"
        comparison = OneQuerySettings(
            horizon,
            frames=10 if quickly else frames,
            steady=steady,
            fields=fields,
            rounds=2 if quickly else 5,
        )
        found[size] = kind(
            system=quick if size == "quick" else system,
            comparison=comparison,
            seconds=times * seconds,
            size=size,
        )
    return found
