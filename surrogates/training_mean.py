"""The null model of maps: it knows the mean of the answers and nothing else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from ..datasets.pairs import Pairs
from .surrogate import Surrogate, SurrogateError, TrainingRecord

__all__ = ["TrainingMean"]


class TrainingMean(Surrogate):
    """Answers the training mean of every output, at each time its own. What does not beat it has no skill.

    Timed pairs have a mean for each frame of the set; between two frames it is linear, and after the last one
    it stays. NaN where a time is NaN.
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    settings: Settings
    null: ClassVar[bool] = True
    means: dict[str, torch.Tensor] | None = None
    """Output -> (frames, *shape); one frame where pairs are not timed."""
    frame_times: torch.Tensor | None = None
    """(frames,), increasing; None where pairs are not timed."""

    def fit(
        self,
        examples: Pairs,
        validation: Pairs,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Average the outputs of all trajectories, frame by frame."""
        begin = time.perf_counter()
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes
        frames = examples.frames if examples.timed else 1
        sums = {name: np.zeros((frames, *shape)) for name, shape in self.output_shapes.items()}
        for i in range(examples.trajectories):
            for name, values in examples.trajectory(i)[1].items():
                sums[name] += values
        means = {name: total / examples.trajectories for name, total in sums.items()}
        self.means = {name: torch.from_numpy(m).to(self.device, self.dtype) for name, m in means.items()}
        if examples.times is not None:
            self.frame_times = torch.from_numpy(examples.times).to(self.device, self.dtype)
        return TrainingRecord(
            time.perf_counter() - begin, len(examples), 1, _error(validation or examples, means)
        )

    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.means is None:
            raise SurrogateError("TrainingMean has not learned yet: call `fit` or `load` first")
        if self.frame_times is None:
            samples = len(next(iter(inputs.values())))
            return {name: mean.expand(samples, *mean.shape[1:]).clone() for name, mean in self.means.items()}
        if "time" not in inputs:
            raise SurrogateError("expected 'time' of shape (batch), got nothing")
        before, share = _between(self.frame_times, inputs["time"])
        return {
            name: torch.lerp(mean[before], mean[before + 1], share.reshape(-1, *[1] * (mean.ndim - 1)))
            for name, mean in self.means.items()
        }

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.means is None:
            raise SurrogateError("TrainingMean has not learned yet: call `fit` or `load` first")
        timed = {} if self.frame_times is None else {"times": self.frame_times}
        return {**timed, **{f"mean.{name}": mean for name, mean in self.means.items()}}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        own = {name: tensor.to(self.device, self.dtype) for name, tensor in tensors.items()}
        self.frame_times = own.pop("times", None)
        self.means = {name.removeprefix("mean."): mean for name, mean in own.items()}


def _between(frames: torch.Tensor, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The frame before each time, and how far it is on its way to the next."""
    if len(frames) == 1:
        raise SurrogateError("timed pairs need more than the first frame; raise the horizon")
    before = (torch.searchsorted(frames, times.contiguous(), right=True) - 1).clamp(0, len(frames) - 2)
    share = (times - frames[before]) / (frames[before + 1] - frames[before])
    return before, share.clamp(0, 1)


def _error(pairs: Pairs, means: Mapping[str, np.ndarray]) -> float:
    """The relative error of each output, root mean square over the outputs."""
    wrong, whole = dict.fromkeys(means, 0.0), dict.fromkeys(means, 0.0)
    for i in range(pairs.trajectories):
        for name, values in pairs.trajectory(i)[1].items():
            wrong[name] += float(((values - means[name][: len(values)]) ** 2).sum())
            whole[name] += float((values**2).sum())
    return float(np.sqrt(np.mean([wrong[name] / (whole[name] or 1.0) for name in means])))
