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
    """Answers the training mean of every output, whatever is asked. What does not beat it has no skill."""

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    settings: Settings
    null: ClassVar[bool] = True
    means: dict[str, torch.Tensor] | None = None

    def fit(
        self,
        examples: Pairs,
        validation: Pairs,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Average the outputs of all pairs."""
        begin = time.perf_counter()
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes
        sums = {name: np.zeros(shape) for name, shape in self.output_shapes.items()}
        for i in range(len(examples.source)):
            for name, values in examples.trajectory(i)[1].items():
                sums[name] += values.sum(axis=0)
        means = {name: np.asarray(total / len(examples)) for name, total in sums.items()}
        self.means = {name: torch.from_numpy(m).to(self.device, self.dtype) for name, m in means.items()}
        return TrainingRecord(
            time.perf_counter() - begin, len(examples), 1, _error(validation or examples, means)
        )

    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.means is None:
            raise SurrogateError("TrainingMean has not learned yet: call `fit` or `load` first")
        samples = len(next(iter(inputs.values())))
        return {name: mean.expand(samples, *mean.shape).clone() for name, mean in self.means.items()}

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.means is None:
            raise SurrogateError("TrainingMean has not learned yet: call `fit` or `load` first")
        return dict(self.means)

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.means = {name: tensor.to(self.device, self.dtype) for name, tensor in tensors.items()}


def _error(pairs: Pairs, means: Mapping[str, np.ndarray]) -> float:
    """The relative error of each output, root mean square over the outputs."""
    wrong, whole = dict.fromkeys(means, 0.0), dict.fromkeys(means, 0.0)
    for i in range(len(pairs.source)):
        for name, values in pairs.trajectory(i)[1].items():
            wrong[name] += float(((values - means[name]) ** 2).sum())
            whole[name] += float((values**2).sum())
    return float(np.sqrt(np.mean([wrong[name] / (whole[name] or 1.0) for name in means])))
