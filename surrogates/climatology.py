"""The null model that knows the mean and nothing else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from ..datasets.tasks import Trajectories
from .forecaster import Forecaster, Memory
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["Climatology"]


class Climatology(Forecaster):
    """Answers the training mean at every point and time. What does not beat it has no skill."""

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    settings: Settings
    null: ClassVar[bool] = True
    mean: torch.Tensor | None = None

    def fit(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Average all training frames, one trajectory in memory at a time."""
        begin = time.perf_counter()
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        mean = np.mean([examples[i].mean(axis=0) for i in range(len(examples))], axis=0)
        self.mean = torch.from_numpy(mean).to(self.device, self.dtype)
        known = validation[0] if len(validation) else examples[0]
        error = np.sqrt(np.mean((known - mean) ** 2) / np.mean(known**2))
        return TrainingRecord(time.perf_counter() - begin, len(examples) * examples.frames, 1, float(error))

    def step(self, state: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """See `Forecaster`."""
        if self.mean is None:
            raise SurrogateError("Climatology has not learned yet: call `fit` or `load` first")
        return self.mean.expand_as(state).clone(), memory

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Forecaster`."""
        if self.mean is None:
            raise SurrogateError("Climatology has not learned yet: call `fit` or `load` first")
        return {"mean": self.mean}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Forecaster`."""
        self.mean = tensors["mean"].to(self.device, self.dtype)
