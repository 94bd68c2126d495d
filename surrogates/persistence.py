"""The null model that says tomorrow is like today."""

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

__all__ = ["Persistence"]


class Persistence(Forecaster):
    """Answers the initial state at every time. What does not beat it has no skill."""

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    settings: Settings
    null: ClassVar[bool] = True

    def fit(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Notes the shape of a frame; nothing is learned."""
        begin = time.perf_counter()
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        trajectory = validation[0] if len(validation) else examples[0]
        change = np.sqrt(np.mean((trajectory[1:] - trajectory[:-1]) ** 2) / np.mean(trajectory**2))
        return TrainingRecord(time.perf_counter() - begin, 0, 0, float(change))

    def step(self, state: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """See `Forecaster`."""
        if self.frame_shape is None:
            raise SurrogateError(
                "Persistence has not learned the shape of a frame: call `fit` or `load` first"
            )
        return state, memory

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Forecaster`."""
        return {}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Forecaster`."""
