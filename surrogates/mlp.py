"""A fully connected network, as a stepper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from .blocks.perceptron import Perceptron
from .propagation import SteppingSettings
from .stepper import Stepper
from .training import TrainingSettings

__all__ = ["MLP"]


class MLP(Stepper):
    """Every point of the next state from every point of this one.

    It knows nothing of space: what it learns in one place it must learn again in all others, so it needs far
    more data than a convolution for the same error. It is the baseline that shows what symmetry is worth.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, the step and the training.

        Attributes:
            hidden: widths of the hidden layers.
            stepping: linear part, filter, coarse grid, and what the loss looks at.
            training: optimiser, steps, schedule.
        """

        hidden: tuple[int, ...] = (256, 256)
        stepping: SteppingSettings = SteppingSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings()  # noqa: RUF009 (frozen)

    settings: Settings

    def network(self, channels: int, grid: Sequence[int]) -> nn.Module:
        """See `Stepper`."""
        size = channels * torch.Size(grid).numel()
        return nn.Sequential(
            nn.Flatten(),
            Perceptron(inputs=size, hidden=self.settings.hidden, outputs=size),
            nn.Unflatten(1, (channels, *grid)),
        )
