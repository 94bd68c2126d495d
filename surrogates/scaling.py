"""Normalisation of states, measured on the training trajectories and stored with the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from ..datasets.tasks import Trajectories
from .surrogate import SurrogateError

__all__ = ["Scaling"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """Mean and standard deviation of each channel, over samples, times and space.

    Attributes:
        mean: (channels,) float64.
        deviation: (channels,) float64, positive.
        dimensions: axes of space of the states that it is applied to.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    dimensions: int

    @classmethod
    def measure(cls, examples: Trajectories) -> Scaling:
        """Read the trajectories once, one at a time in memory.

        A channel that never changes has deviation 1, so that normalising does not divide by zero. Raises
        `SurrogateError` where there are no trajectories or one holds NaN or infinity.
        """
        if len(examples) == 0:
            raise SurrogateError("there are no training trajectories; generate a set with some first")
        count, mean, squares = 0, np.zeros(1), np.zeros(1)
        for i in range(len(examples)):
            frames = np.moveaxis(examples[i], 1, 0).reshape(examples.frame_shape[0], -1)
            if not np.isfinite(frames).all():
                raise SurrogateError(f"training trajectory {i} holds NaN or infinity; remove it from the set")
            # merged by parts (Chan et al. 1979), so that a large mean does not cancel the digits
            size = frames.shape[1]
            own = frames.mean(axis=1)
            shift = own - mean
            squares = squares + ((frames - own[:, None]) ** 2).sum(axis=1)
            squares = squares + shift**2 * count * size / (count + size)
            mean = mean + shift * size / (count + size)
            count += size
        deviation = np.sqrt(squares / count)
        deviation[deviation <= 1e-14 * np.abs(mean)] = 1.0
        return cls(torch.from_numpy(mean), torch.from_numpy(deviation), len(examples.frame_shape) - 1)

    def normalise(self, state: torch.Tensor) -> torch.Tensor:
        """(..., channels, *grid) in physical units -> zero mean, unit deviation, in the state's dtype."""
        return (state - self._column(self.mean, state)) / self._column(self.deviation, state)

    def denormalise(self, state: torch.Tensor) -> torch.Tensor:
        """Undoes `normalise`."""
        return state * self._column(self.deviation, state) + self._column(self.mean, state)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What is stored with the weights."""
        return {"scaling.mean": self.mean, "scaling.deviation": self.deviation}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor], *, dimensions: int) -> Scaling:
        """Undoes `tensors`."""
        return cls(tensors["scaling.mean"].cpu(), tensors["scaling.deviation"].cpu(), dimensions)

    def _column(self, values: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        return values.to(state.device, state.dtype).reshape(-1, *[1] * self.dimensions)
