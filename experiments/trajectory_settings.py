"""How surrogates of whole trajectories are judged, and whether sets and surrogates fit that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..datasets.generate import GenerateSettings
from ..datasets.tasks import Autoregressive
from .compare import ComparisonError
from .stages import Candidate

__all__ = ["TrajectorySettings"]


@dataclass(frozen=True)
class TrajectorySettings:
    """How answers are judged.

    Attributes:
        horizon: time up to which trajectories are asked for.
        longer: later times up to which others are asked for in comparisons of their own, each in a folder
            `until-<time>` beside the first one's results; Breen et al. have 3.9, 7.8 and 10
            (1,000, 2,000 and 2,560 intervals of 1/256).
        frames: evenly spaced times up to the horizon at which an answer is judged. While the clock runs only
            the last one is asked for, which favours surrogates that need no time in between.
        fallback_share: share of the starts that a hybrid hands to the solver: those of which the surrogate
            expects the largest errors, by the validation split.
        map_points: points along each side of the map of errors over the plane of starts; 0 for no map.
        rounds: how often everything is timed, in turn; medians count.
        alone: starts that are timed alone, one after the other: some take many times as long as others.
        batches: batch sizes that are tried for throughput.
        threads: threads of solver and surrogate alike, when trained and timed.
    """

    horizon: float = 3.9
    longer: tuple[float, ...] = ()
    frames: int = 39
    fallback_share: float = 0.25
    map_points: int = 160
    rounds: int = 7
    alone: int = 32
    batches: tuple[int, ...] = (1, 16, 256, 2048, 8192)
    threads: int = 1

    @property
    def windows(self) -> tuple[TrajectorySettings, ...]:
        """One comparison each: up to the horizon and up to each later time, frames as far apart."""
        frames = (max(1, round(self.frames * end / self.horizon)) for end in self.longer)
        later = (replace(self, horizon=e, frames=n) for e, n in zip(self.longer, frames, strict=True))
        return tuple(replace(w, longer=()) for w in (self, *later))

    def times(self, interval: float) -> NDArray[np.float64]:
        """When answers are judged: evenly up to the horizon, as far as the set's interval allows."""
        steps = self.horizon * np.arange(1, self.frames + 1) / self.frames / interval
        return interval * np.unique(np.maximum(1, np.floor(steps + 1e-6)))

    def check(self, candidates: Mapping[str, Candidate], sets: Mapping[str, GenerateSettings]) -> None:
        """Raise `ComparisonError` for settings that make no sense or do not fit one another."""
        if not (math.isfinite(self.horizon) and self.horizon > 0):
            raise ComparisonError(f"--comparison.horizon must be positive and finite, got {self.horizon:g}")
        if any(not (math.isfinite(end) and end > self.horizon) for end in self.longer):
            raise ComparisonError(
                f"--comparison.longer must be finite times after --comparison.horizon ({self.horizon:g}), "
                f"got {' '.join(f'{end:g}' for end in self.longer)}"
            )
        for name, least in (("frames", 1), ("rounds", 1), ("alone", 1), ("threads", 1), ("map_points", 0)):
            value = getattr(self, name)
            if value < least:
                option = name.replace("_", "-")
                raise ComparisonError(f"--comparison.{option} must be at least {least}, got {value}")
        if not 0 <= self.fallback_share <= 1:
            raise ComparisonError(
                f"--comparison.fallback-share must lie between 0 and 1, got {self.fallback_share:g}"
            )
        if not self.batches or min(self.batches) < 1:
            raise ComparisonError(f"--comparison.batches must be whole numbers from 1 on, got {self.batches}")
        if not sets["main"].test_trajectories:
            raise ComparisonError("--main.test-trajectories must be at least 1: they give the starts")
        for label, candidate in candidates.items():
            used = sets[candidate.training_set]
            shown = used.interval * (used.train_frames - 1)
            latest = max((self.horizon, *self.longer))
            if shown < latest * (1 - 1e-9):
                option = "longer" if self.longer else "horizon"
                raise ComparisonError(
                    f"{label} learns trajectories up to {shown:g}, but --comparison.{option} is "
                    f"{latest:g}; ask for --{candidate.training_set}.train-frames "
                    f"{1 + math.ceil(latest / used.interval - 1e-9)} at least"
                )
            if isinstance(candidate.task, Autoregressive):
                self._refuse_other_steps(label, candidate.task.interval, used.interval)

    def _refuse_other_steps(self, label: str, step: float, interval: float) -> None:
        """A surrogate that steps answers at the ends of its steps and nowhere else."""
        steps = self.times(interval) / step
        if np.abs(steps - np.round(steps)).max() > 1e-6:
            most = max(1, math.floor(self.horizon / step + 1e-9))
            raise ComparisonError(
                f"{label} steps by {step:g}, and not all times that are judged are whole steps; ask for "
                f"--comparison.horizon {most * step:g} --comparison.frames {most}, or leave {label} out"
            )
