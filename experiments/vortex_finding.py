"""Where does it turn? A network that finds vortices, against the criteria of the trade and a full fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..datasets.detections import Detecting
from ..datasets.generate import GenerateSettings
from ..datasets.training_set import TrainingSet
from ..solvers.vortices.system import Vortices
from ..surrogates.training import TrainingSettings
from ..surrogates.vortex_finder import VortexFinder
from .compare import ComparisonError
from .one_set import OneSet
from .stages import Candidate, Trained
from .vortex_comparison import compare_finders
from .vortex_settings import VortexSettings

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneSet):
    """The experiment: vortices, a training set, how finders are judged.

    Attributes:
        system: how many vortices, of what sizes, in what flow and noise.
        main: the training set, whose test split is judged.
        comparison: how answers are judged and timed.
    """

    system: Vortices
    main: GenerateSettings
    comparison: VortexSettings

    @property
    def task(self) -> Detecting:
        """What a surrogate is given that is named on the command line and is not among the candidates."""
        return Detecting()

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        return candidates(self.size)

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check()
        self.check_one_frame(judged="fields", steady="fields have one frame")
        for label, candidate in chosen.items():
            stride = getattr(candidate.settings, "stride", 1)
            if self.system.points % stride:
                raise ComparisonError(
                    f"{label} cuts the field into patches of {stride} x {stride} cells, and --system.points "
                    f"{self.system.points} is no multiple of {stride}; choose another number"
                )


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """Judge and time; writes results, figures and report into `folder`; returns the tables."""
    return compare_finders(
        settings.comparison,
        trained,
        system=settings.system,
        sets=sets,
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


def candidates(size: str) -> dict[str, Candidate]:
    """The finder, a smaller one, and what they may not lose to."""
    finding = Detecting()
    steps = {"quick": 40, "default": 1_600, "paper": 30_000}[size]
    training = TrainingSettings(
        steps=steps,
        batch=16 if size == "quick" else 32,
        optimiser="soap",
        learning_rate=4e-3,
        check_every=max(10, steps // 10),
    )
    finder = VortexFinder.Settings(channels=8 if size == "quick" else 32, training=training)
    seeds = 1 if size == "quick" else 3
    return {
        "training-mean": Candidate("training_mean", finding),
        "finder": Candidate("vortex_finder", finding, finder, dtype="float32", seeds=seeds),
        "finder-large": Candidate(
            "vortex_finder",
            finding,
            dataclasses.replace(finder, channels=96, blocks=2),
            dtype="float32",
            seeds=seeds,
            by_default=size == "paper",
            remark="three times as many channels, twice as many blocks",
        ),
    }


def preset(size: str) -> Settings:
    """Sizes that take a minute (quick), some ten (default), or hours (paper)."""
    train, valid, test = {"quick": (96, 32, 24), "default": (4000, 400, 300), "paper": (40_000, 2000, 1000)}[
        size
    ]
    main = GenerateSettings(
        train_trajectories=train,
        valid_trajectories=valid,
        test_trajectories=test,
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=1.0,
        seed=19,
        trajectories_per_shard=1000,
    )
    comparison = VortexSettings()
    if size == "quick":
        comparison = VortexSettings(rounds=1, alone=2, batches=(1, 4))
    system = Vortices(points=32 if size == "quick" else 64)
    return Settings(system=system, main=main, comparison=comparison, size=size)


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
