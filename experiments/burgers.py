"""Can a network that knows Burgers' equation take the solver's place: once, or over many viscosities?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from ..datasets.generate import GenerateSettings
from ..datasets.known_equations import Physics
from ..datasets.tasks import TimeConditioned
from ..datasets.training_set import TrainingSet
from ..solvers.burgers.system import Burgers
from ..surrogates.interpolation import Interpolation
from ..surrogates.pinn import PINN
from ..surrogates.pinn_network import NetworkSettings
from ..surrogates.pinn_objective import LossSettings
from ..surrogates.pinn_training import DescentSettings
from .one_query import OneQuerySettings, compare_one_query, one_query_set
from .over_numbers import RangeSettings, compare_over_numbers
from .pinn_candidates import QUICK, one_query_candidates
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings:
    """The experiment: the standard start at one viscosity, and at a range of them.

    Attributes:
        system: at the viscosity of one query.
        ranged: over the range.
        main: the set over the range.
        comparison: horizon and timing of one query.
        range: timing over the range.
        seconds: for which the recommended networks are trained, at most, and those over the range; the others
            a fifth as long.
        size: which sizes: quick, default or paper.
    """

    system: Burgers
    ranged: Burgers
    main: GenerateSettings
    comparison: OneQuerySettings
    range: RangeSettings
    seconds: float = 300.0
    size: tyro.conf.Suppress[str] = "default"

    @property
    def sets(self) -> dict[str, tuple[Burgers, GenerateSettings]]:
        """The training sets by name: of which system, and how much."""
        return {"main": (self.ranged, self.main), "one": (self.system, one_query_set(self.comparison))}

    @property
    def threads(self) -> int:
        """Of training and timing alike."""
        return self.comparison.threads

    @property
    def task(self) -> Physics:
        """What a surrogate learns that is named on the command line and is not among the candidates."""
        return Physics(horizon=self.comparison.horizon, numbers=("viscosity",))

    @property
    def candidates(self) -> dict[str, Candidate]:
        """Those of one query, and those over the range."""
        return {
            **one_query_candidates(
                self.comparison.task,
                PINN.Settings(),
                size=self.size,
                seconds=self.seconds,
                short=self.seconds / 5,
                ablations=ABLATIONS,
                training_set="one",
                threads=self.threads,
            ),
            **range_candidates(self.task, size=self.size, seconds=self.seconds, answers=ANSWERS[self.size]),
        }

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check()
        self.range.check()


ABLATIONS: dict[str, dict[str, Any]] = {
    "silu": {"activation": "silu"},
    "sine": {"activation": "sine", "gain": 1.0},
    "gain-1": {"gain": 1.0},
    "even-points": {"resampling": "even"},
    "fixed-points": {"resampling": "never"},
    "soft-start": {"built_in": False},
    "soft-gradient-norm": {"built_in": False, "weighting": "gradient_norm"},
    "soft-kernel": {"built_in": False, "weighting": "kernel"},
    "soft-periodic": {"harmonics": 0},
    "no-mirror": {"mirrored": False},
    "causal": {"causality": 1e3},
    "factorised": {"factorised": True},
    "random-waves": {"random_waves": 8},
}
ANSWERS = {"quick": (2,), "default": (4, 16, 64), "paper": (4, 16, 64)}
"""Of so many training trajectories answers are told, by size."""


def range_candidates(
    task: Physics, *, size: str, seconds: float, answers: Sequence[int]
) -> dict[str, Candidate]:
    """From equations alone, from answers alone, from both, all for the same time; and what is not learned."""
    settings = PINN.Settings(
        network=NetworkSettings(hidden=(30, 30, 30), activation="tanh", gain=1.0),
        loss=LossSettings(points=256 if size == "quick" else 4_096, refresh=20 if size == "quick" else 200),
        descent=DescentSettings(steps=QUICK if size == "quick" else 1_000_000, seconds=seconds),
    )

    def candidate(task: Physics, remark: str) -> Candidate:
        # one seed of those that show the worth of physics, three of what is recommended
        return Candidate(
            "pinn", task, settings, seeds=3 if task == alone and size != "quick" else 1, remark=remark
        )

    alone = task
    found = {
        "training-mean": Candidate("training_mean", TimeConditioned()),
        "interpolation": Candidate(
            "interpolation", TimeConditioned(), Interpolation.Settings(on_a_line="cubic")
        ),
        "range-equations": candidate(alone, "learned from the equations alone"),
    }
    for count in answers:
        told = dataclasses.replace(task, answers=count)
        found[f"range-both-{count}"] = candidate(told, f"equations and {count} answers")
        found[f"range-answers-{count}"] = candidate(
            dataclasses.replace(told, equations=False), f"{count} answers alone"
        )
    return found


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """Two comparisons: over the range in `folder`, for one query in its `one-query`; returns the tables."""
    described, tables = dataclasses.asdict(settings), []
    ranged = [t for t in trained if t.candidate.training_set == "main"]
    single = [t for t in trained if t.candidate.training_set == "one"]
    if not all(t.null for t in ranged):
        tables.append(
            compare_over_numbers(
                settings.range,
                ranged,
                system=settings.ranged,
                number="viscosity",
                training_set=sets["main"],
                threads=settings.threads,
                folder=folder,
                described=described,
                progress=progress,
            )
        )
    if single:
        place = folder / "one-query" if tables else folder
        place.mkdir(parents=True, exist_ok=True)
        tables.append(
            compare_one_query(
                settings.comparison,
                single,
                system=settings.system,
                training_set=sets["one"],
                folder=place,
                surrogates=folder,
                described=described,
                progress=progress,
            )
        )
    return "\n\n".join(tables)


def preset(size: str) -> Settings:
    """Networks that are trained for some steps (quick), five minutes (default) or ten (paper)."""
    comparison = OneQuerySettings(frames=10 if size == "quick" else 128, rounds=2 if size == "quick" else 5)
    train, valid, test = {"quick": (8, 2, 4), "default": (64, 8, 48), "paper": (64, 8, 96)}[size]
    frames = 5 if size == "quick" else 21
    return Settings(
        system=Burgers(64 if size == "quick" else 256),
        ranged=Burgers(64 if size == "quick" else 256, least_viscosity=0.005, most_viscosity=0.05),
        main=GenerateSettings(
            train_trajectories=train,
            valid_trajectories=valid,
            test_trajectories=test,
            train_frames=frames,
            valid_frames=frames,
            test_frames=frames,
            interval=1.0 / (frames - 1),
            seed=1,
            trajectories_per_shard=16,
        ),
        comparison=comparison,
        range=RangeSettings(rounds=2, alone=2, batches=(1, 4)) if size == "quick" else RangeSettings(),
        seconds={"quick": 300.0, "default": 300.0, "paper": 600.0}[size],
        size=size,
    )


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
