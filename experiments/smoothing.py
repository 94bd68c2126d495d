"""Who rebuilds a window of Kuramoto-Sivashinsky chaos best from a quarter of its values and their noise?

Learned smoothers and filters, linear and not, beside what knows nothing of time, a matrix that completes
itself, and the solver, which fits the start of its solution to what was seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..datasets.generate import GenerateSettings
from ..datasets.observations import Gappy, Observed
from ..datasets.training_set import TrainingSet
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..surrogates.kalman_smoother import KalmanSmoother
from ..surrogates.lstm_smoother import LSTMSmoother
from ..surrogates.nearest_known import NearestKnown
from ..surrogates.regimes import Regimes
from ..surrogates.training import TrainingSettings
from .compare import ComparisonError
from .one_set import OneSet
from .smoothing_comparison import SmoothingSettings, compare_smoothing
from .stages import Candidate, Trained

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True, kw_only=True)
class Settings(OneSet):
    """The experiment: an equation, a training set, an instrument, how answers are judged.

    Attributes:
        system: length and points of the equation.
        main: the training set; of each test trajectory windows are judged.
        instrument: what is seen of a window.
        window: frames that are seen, and rebuilt, together.
        every: frames from the beginning of one training window to that of the next.
        comparison: timing, and other instruments that are tried.
    """

    system: KuramotoSivashinsky
    main: GenerateSettings
    instrument: Gappy
    window: int
    every: int
    comparison: SmoothingSettings

    @property
    def task(self) -> Observed:
        """What was seen of a window -> the window."""
        return Observed(self.system.fields[0].name, self.instrument, window=self.window, every=self.every)

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The surrogates that this experiment compares."""
        return candidates(self.size, self.task)

    def check(self, chosen: Mapping[str, Candidate], *, device: str = "cpu") -> None:
        """Refuse, before anything is solved, settings that do not fit one another."""
        self.comparison.check()
        if self.window < 2 or self.every < 1:
            raise ComparisonError(
                f"--window must be at least 2 and --every at least 1, got {self.window} and {self.every}"
            )
        for label, candidate in chosen.items():
            if candidate.surrogate == "kalman_smoother":
                order = (candidate.settings or KalmanSmoother.Settings()).order
                if self.window <= order:
                    raise ComparisonError(
                        f"--window must be above {order}, the frames in a state of {label}, got {self.window}"
                    )
        for split in ("train", "valid", "test"):
            if self.main.frames(split) < self.window or self.main.trajectories(split) < 1:
                raise ComparisonError(
                    f"--main.{split}-frames {self.main.frames(split)} and --main.{split}-trajectories "
                    f"{self.main.trajectories(split)} hold no window of {self.window} frames; ask for as many"
                )


def compare_with_solver(
    settings: Settings,
    trained: Sequence[Trained],
    *,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    progress: bool = False,
) -> str:
    """The comparison; writes results, figures and report into `folder` and returns the table."""
    return compare_smoothing(
        settings.comparison,
        trained,
        system=settings.system,
        task=settings.task,
        training_set=sets["main"],
        folder=folder,
        described=dataclasses.asdict(settings),
        progress=progress,
    )


def candidates(size: str, task: Observed) -> dict[str, Candidate]:
    """From what has no skill to what knows the most."""
    quick, seeds = size == "quick", {"quick": 1, "default": 2, "paper": 3}[size]
    steps = {"quick": 20, "default": 3_000, "paper": 20_000}[size]
    lstm = LSTMSmoother.Settings(
        width=8 if quick else 48,
        training=TrainingSettings(
            steps=steps, batch=16, learning_rate=3e-3, clip=1.0, check_every=max(20, steps // 10)
        ),
    )
    networks = {
        "lstm": (lstm, ""),
        "lstm-forward": (dataclasses.replace(lstm, directions=1), FILTER),
        "lstm-whole-frames": (dataclasses.replace(lstm, local=False), "knows nothing of space"),
    }
    return {
        "training-mean": Candidate("training_mean", task),
        "nearest-known": Candidate("nearest_known", task, NearestKnown.Settings(frame=0.5)),
        "matrix-completion": Candidate(
            "matrix_completion", task, seeds=1, remark="learns nothing but how much to shrink"
        ),
        "regimes": Candidate(
            "regimes",
            task,
            Regimes.Settings(regimes={"quick": 16, "default": 512, "paper": 2_048}[size]),
            dtype="float32",
            seeds=1,
        ),
        "gappy-pod": Candidate("gappy_pod", task, seeds=1, remark="each frame by itself"),
        "kalman": Candidate("kalman_smoother", task, seeds=1, remark=LINEAR),
        "kalman-forward": Candidate(
            "kalman_smoother",
            task,
            KalmanSmoother.Settings(both_ways=False),
            seeds=1,
            remark=f"{LINEAR}; {FILTER}",
        ),
        **{
            label: Candidate(
                "lstm_smoother",
                task,
                chosen,
                dtype="float32",
                seeds=seeds if label == "lstm" else 1,
                remark=remark,
            )
            for label, (chosen, remark) in networks.items()
        },
    }


FILTER = "a filter: of each frame it knows what was seen until then"
LINEAR = "exact, were the equation linear and its noise normal"


def preset(size: str) -> Settings:
    """Sizes that take a minute (quick), half an hour (default), or hours (paper)."""
    window, every = (16, 8) if size == "quick" else (32, 4)
    trajectories, frames, tests = {
        "quick": (4, 200, 8),
        "default": (24, 1_000, 100),
        "paper": (96, 2_000, 200),
    }[size]
    return Settings(
        system=KuramotoSivashinsky(22.0, 64),
        main=GenerateSettings(
            train_trajectories=trajectories,
            valid_trajectories=max(2, trajectories // 6),
            test_trajectories=tests,
            train_frames=frames,
            valid_frames=max(window, frames // 4),
            test_frames=window,
            interval=0.25,
            transient=100.0 if size == "quick" else 300.0,
            seed=7,
            trajectories_per_shard=8 if size == "quick" else 25,
            workers=2,
        ),
        # a third of the field's deviation
        instrument=Gappy(share=0.25, noise=0.4),
        window=window,
        every=every,
        comparison=SmoothingSettings(
            rounds=2, alone=2, batches=(1, 8), shares=(0.1, 0.5), noises=(0.1, 0.8), tried=4
        )
        if size == "quick"
        else SmoothingSettings(),
        size=size,
    )


PRESETS = {size: preset(size) for size in ("quick", "default", "paper")}
