"""Can a network take Newton's place for three bodies, and at what price at equal accuracy?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from ..datasets.generate import GenerateSettings
from ..datasets.tasks import Autoregressive, TimeConditioned
from ..datasets.training_set import TrainingSet
from ..solvers.three_body.system import ThreeBody
from ..surrogates.dense import Dense
from ..surrogates.residual_dense import ResidualDense
from ..surrogates.spline_dense import SplineDense
from ..surrogates.state_stepper import StateStepper
from ..surrogates.training import TrainingSettings
from .stages import Candidate, Trained
from .three_body_comparison import compare_trajectories
from .trajectory_settings import TrajectorySettings

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings:
    """The experiment: a family of starts, a training set, how surrogates are judged.

    Attributes:
        system: softening, masses and velocities of the starts.
        main: the training set, whose test split gives the starts.
        comparison: window, timing and hybrid.
        size: which sizes of surrogate: quick, default or paper.
    """

    system: ThreeBody
    main: GenerateSettings
    comparison: TrajectorySettings
    size: tyro.conf.Suppress[str] = "default"

    @property
    def sets(self) -> dict[str, tuple[ThreeBody, GenerateSettings]]:
        """The training sets by name: of which system, and how much."""
        return {"main": (self.system, self.main)}

    @property
    def threads(self) -> int:
        """Of training and timing alike."""
        return self.comparison.threads

    @property
    def task(self) -> TimeConditioned:
        """What a surrogate is given that is named on the command line and is not among the candidates."""
        return TimeConditioned(horizon=self.comparison.horizon)

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares; those of a later window by a label with its end.

        In later windows more of the starts are beyond any network: there the default's training has to do.
        """
        first, *later = self.comparison.windows
        step = whole_intervals(STEP, self.main.interval)
        found = candidates(self.size, TimeConditioned(horizon=first.horizon), step=step)
        for window in later:
            less = "quick" if self.size == "quick" else "default"
            others = candidates(less, TimeConditioned(horizon=window.horizon), step=step)
            found |= {label + ending(window.horizon): others[label] for label in LATER}
        return found

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another or these surrogates."""
        self.comparison.check(chosen, {name: sizes for name, (_, sizes) in self.sets.items()})


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """A comparison for each window; writes results, figures and report into `folder`; returns the tables.

    What was trained for a later window is compared there, in the folder `until-<time>`, and nowhere else.
    """
    first, tables = settings.comparison.horizon, []
    for window in settings.comparison.windows:
        end = window.horizon
        # what steps has no horizon; the folder tells the windows apart, so that labels need not
        entries = [
            dataclasses.replace(t, label=t.label.removesuffix(ending(end)))
            for t in trained
            if getattr(t.candidate.task, "horizon", first) == end
        ]
        if all(t.null for t in entries):
            continue
        place = folder if end == first else folder / f"until-{end:g}"
        place.mkdir(parents=True, exist_ok=True)
        tables.append(
            compare_trajectories(
                window,
                entries,
                system=settings.system,
                sets=sets,
                folder=place,
                described={**dataclasses.asdict(settings), "comparison": dataclasses.asdict(window)},
                progress=progress,
            )
        )
    return "\n\n".join(tables)


def ending(horizon: float) -> str:
    """Of the labels of what is trained for a later window."""
    return f"-{horizon:g}"


def whole_intervals(time: float, interval: float) -> float:
    """The longest whole multiple of the interval up to a time."""
    return interval * max(1, math.floor(time / interval + 1e-9))


def candidates(size: str, task: TimeConditioned, *, step: float) -> dict[str, Candidate]:
    """Networks with settings chosen on validation starts, and what they may not lose to."""
    quick = size == "quick"
    positions = dataclasses.replace(task, outputs=("x", "y"))
    published = Dense.Settings(training=descent(size, 12_000, 40_000, optimiser="adam", rate=1e-3, batch=512))
    modern = ResidualDense.Settings(training=descent(size, 1_500, 4_000, rate=3e-3, batch=320))
    spline = SplineDense.Settings(
        scale=0.35,
        pieces=144 if size == "paper" else 80,
        training=descent(size, 2_000, 8_000, rate=3e-3, batch=512),
    )
    doubting = dataclasses.replace(
        spline.answering.confidence_training, steps=20 if quick else 3_000, check_every=20 if quick else 250
    )
    confident = dataclasses.replace(
        spline,
        answering=dataclasses.replace(spline.answering, confidence=True, confidence_training=doubting),
    )
    stepper = StateStepper.Settings(training=descent(size, 2_000, 10_000, rate=5e-3, batch=512))
    return {
        "training-mean": Candidate("training_mean", positions),
        "interpolation": Candidate("interpolation", positions),
        "dense": Candidate("dense", positions, published, dtype="float32", seeds=1, remark=PUBLISHED),
        "residual-dense": Candidate("residual_dense", positions, modern, dtype="float32", seeds=1),
        "spline-dense": Candidate("spline_dense", positions, confident, dtype="float32", seeds=1),
        "spline-states": Candidate(
            "spline_dense", task, spline, dtype="float32", seeds=1, remark="learns velocities, too"
        ),
        "stepper": Candidate(
            "state_stepper", Autoregressive(step, fields=STATE), stepper, dtype="float32", seeds=1
        ),
    }


def descent(
    size: str,
    default: int,
    paper: int,
    *,
    rate: float,
    batch: int,
    optimiser: Literal["soap", "adam"] = "soap",
) -> TrainingSettings:
    """So many steps at the default and the paper's size, 20 small ones at the quick."""
    steps = {"quick": 20, "default": default, "paper": paper}[size]
    return TrainingSettings(
        steps=steps,
        batch=64 if size == "quick" else batch,
        optimiser=optimiser,
        learning_rate=rate,
        check_every=max(20, steps // 10),
    )


LATER = ("training-mean", "interpolation", "dense", "spline-dense")
"""What is trained for the later windows, too."""
PUBLISHED = (
    "the network of Breen et al. (2019), ten layers of 128, ReLU, Adam, mean absolute error; batches "
    "a tenth of theirs, so that more updates fit into the time"
)
STATE = ("x", "y", "vx", "vy")
STEP = 0.1
"""Time between two states of the stepper, as nearly as the set's interval allows."""


def preset(size: str) -> Settings:
    """Sizes that take seconds (quick), minutes (default), or those of Breen et al. 2019 (paper)."""
    # Breen et al. have 2,561 times, 1/256 apart, and windows of 1,000 and 2,000 of these
    horizon = {"quick": 2.0, "default": 3.9, "paper": 10.0}[size]
    interval = {"quick": 0.1, "default": 1 / 80, "paper": 1 / 256}[size]
    frames = {"quick": 10, "default": 39, "paper": 40}[size]
    train, valid, test = {"quick": (64, 16, 16), "default": (9900, 300, 400), "paper": (9900, 300, 400)}[size]
    kept = 1 + math.ceil(horizon / interval - 1e-9)
    main = GenerateSettings(
        train_trajectories=train,
        valid_trajectories=valid,
        test_trajectories=test,
        train_frames=kept,
        valid_frames=kept,
        test_frames=kept,
        interval=interval,
        seed=1,
        trajectories_per_shard={"quick": 64, "default": 1000, "paper": 300}[size],
        workers=2,
    )
    comparison = TrajectorySettings(horizon=min(horizon, 3.9), frames=frames)
    if size == "paper":
        comparison = dataclasses.replace(comparison, horizon=1_000 / 256, longer=(2_000 / 256, 10.0))
    if size == "quick":
        comparison = dataclasses.replace(comparison, rounds=2, alone=3, batches=(1, 16), map_points=24)
    return Settings(system=ThreeBody(), main=main, comparison=comparison, size=size)


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
