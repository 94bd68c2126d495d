"""How forecasts of chaos are judged, and whether sets and surrogates fit that: said before solving begins."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

import psutil
import torch

from ..datasets.generate import GenerateSettings
from ..datasets.room import size_in_words
from ..surrogates.forecaster import Forecaster
from ..surrogates.surrogate import find_surrogate
from .compare import ComparisonError
from .stages import Candidate

__all__ = ["ChaosSettings"]


@dataclass(frozen=True)
class ChaosSettings:
    """How forecasts are judged.

    Attributes:
        warm_up: time of each test trajectory that a surrogate is shown before its forecast starts.
        horizon: how long the forecasts are, in characteristic (Lyapunov) times.
        output_interval: time between two frames of an answer; a multiple of every surrogate's interval.
        threshold: normalised error at which a forecast stops being valid.
        free_run: total length of the free runs in Lyapunov times, shared by their starts.
        free_runs: how many starts these have; twice as many test trajectories are needed.
        rounds: how often everything is timed, in turn; medians count.
        batches: batch sizes that are tried for throughput.
        threads: threads of solver and surrogate alike, when trained and timed.
    """

    warm_up: float = 50.0
    horizon: float = 20.0
    output_interval: float = 1.0
    threshold: float = 0.5
    free_run: float = 2000.0
    free_runs: int = 20
    rounds: int = 7
    batches: tuple[int, ...] = (1, 4, 16, 128)
    threads: int = 1

    def check(
        self,
        candidates: Mapping[str, Candidate],
        sets: Mapping[str, GenerateSettings],
        *,
        unit: float,
        numbers: int,
        device: str = "cpu",
    ) -> None:
        """Raise `ComparisonError` for settings that make no sense or do not fit one another.

        `unit` is the characteristic time, `numbers` are in a frame. The sentences name settings as the
        command line of an experiment does whose comparison this is, with the test trajectories in the set
        `main`. Raises what a surrogate raises that cannot run on the device.
        """
        self._check_numbers()
        frames = round(self.horizon * unit / self.output_interval)
        if frames < 2:
            raise ComparisonError(
                f"--comparison.horizon of {self.horizon:g} Lyapunov times, each {unit:.3g}, holds {frames} "
                f"frames {self.output_interval:g} apart (--comparison.output-interval); two are needed"
            )
        # of the answers four copies are held at times: the truth's runs, and what is made of them
        longest = max(frames * sets["main"].test_trajectories, self.free_run * unit)
        needed, memory = 4 * 8 * numbers * longest, psutil.virtual_memory().total
        if needed > memory:
            raise ComparisonError(
                f"forecasts and free runs so long take some {size_in_words(needed)}, and this machine has "
                f"{size_in_words(memory)}; lower --comparison.horizon or --comparison.free-run"
            )
        known = self._check_test_set(sets["main"])
        for label, candidate in candidates.items():
            surrogate = find_surrogate(candidate.surrogate)(
                candidate.settings, device=device, dtype=getattr(torch, candidate.dtype)
            )
            if not isinstance(surrogate, Forecaster):
                raise ComparisonError(
                    f"{label} does not step; forecasts of chaos are made by surrogates that do"
                )
            self._check_interval(label, candidate, sets)
            self._check_frames(label, candidate, surrogate, sets)
            self._check_history(label, candidate, surrogate, sets["main"], known=known)

    def _check_numbers(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            option = f"--comparison.{entry.name.replace('_', '-')}"
            if entry.type == "float":
                least = 0.0 if entry.name == "warm_up" else math.ulp(0.0)
                if not least <= value < math.inf:
                    wanted = "a number of at least 0" if least == 0 else "a number above 0"
                    raise ComparisonError(f"{option} must be {wanted}, got {value:g}")
            elif entry.name == "threads" and value > (os.cpu_count() or value):
                raise ComparisonError(f"{option} is {value}, but this machine has {os.cpu_count()} cores")
            elif min(value if isinstance(value, tuple) else (value,), default=0) < 1:
                raise ComparisonError(
                    f"{option} must be {'one or more numbers' if isinstance(value, tuple) else 'a number'} "
                    f"of at least 1, got {value}"
                )

    def _check_test_set(self, main: GenerateSettings) -> int:
        """The frames of a test trajectory before the start of its forecast."""
        if main.test_trajectories < 2 * self.free_runs:
            raise ComparisonError(
                f"--comparison.free-runs {self.free_runs} needs twice as many starts, so that the solver can "
                f"be held against itself, but --main.test-trajectories is {main.test_trajectories}; ask for "
                "fewer free runs or more test trajectories"
            )
        known = round(self.warm_up / main.interval)
        if known + 1 > main.test_frames:
            raise ComparisonError(
                f"--comparison.warm-up of {self.warm_up:g} is longer than the test trajectories "
                f"({main.interval * (main.test_frames - 1):g}); shorten it or raise --main.test-frames"
            )
        return known

    def _check_interval(self, label: str, candidate: Candidate, sets: Mapping[str, GenerateSettings]) -> None:
        name, interval = candidate.training_set, candidate.interval
        if not _divides(sets[name].interval, interval):
            raise ComparisonError(
                f"{label} steps by {interval:g}, which is no whole multiple of --{name}.interval "
                f"{sets[name].interval:g}"
            )
        if not _divides(interval, self.output_interval):
            raise ComparisonError(
                f"--comparison.output-interval {self.output_interval:g} must be a whole multiple of every "
                f"surrogate's interval, but {label} steps by {interval:g} (--{name}.interval "
                f"{sets[name].interval:g}); change one of the two"
            )

    def _check_frames(
        self, label: str, candidate: Candidate, surrogate: Forecaster, sets: Mapping[str, GenerateSettings]
    ) -> None:
        name = candidate.training_set
        chosen = sets[name]
        stride = round(candidate.interval / chosen.interval)
        for split in ("train", "valid"):
            needed = 1 + stride * surrogate.history_frames
            if chosen.trajectories(split) < 1:
                raise ComparisonError(
                    f"{label} is validated on the set {name!r}, but --{name}.{split}-trajectories is 0; ask "
                    "for at least 1"
                )
            if chosen.frames(split) < needed:
                raise ComparisonError(
                    f"{label} needs trajectories of at least {needed} frames, but --{name}.{split}-frames is "
                    f"{chosen.frames(split)}"
                )

    def _check_history(
        self,
        label: str,
        candidate: Candidate,
        surrogate: Forecaster,
        main: GenerateSettings,
        *,
        known: int,
    ) -> None:
        frames, interval = surrogate.history_frames, candidate.interval
        if frames == 1:
            return
        needed = (frames - 1) * interval
        if math.ceil(needed / main.interval - 1e-9) > known:
            raise ComparisonError(
                f"{label} needs {frames} frames of history {interval:g} apart, but --comparison.warm-up is "
                f"{self.warm_up:g}; raise it to {needed:g} at least"
            )


def _divides(part: float, whole: float) -> bool:
    """Whether `part` goes into `whole` a whole number of times."""
    count = round(whole / part)
    return count >= 1 and abs(count * part - whole) <= 1e-9 * max(part, whole)
