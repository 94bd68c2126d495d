"""A plain convolutional network on a periodic grid, as a stepper."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from .blocks.gated_convolution import GatedConvolution
from .blocks.periodic_convolution import PeriodicConvolution
from .propagation import SteppingSettings, refuse_wide
from .stepper import Stepper
from .training import TrainingSettings

__all__ = ["CNN"]


class CNN(Stepper):
    """Gated periodic convolutions one after the other, then one that maps to the channels of the state.

    It commutes with translations, so a trajectory teaches it everywhere at once. What it cannot see is what
    lies further away than half a kernel times the number of layers.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, the step and the training.

        Attributes:
            channels: of every hidden layer.
            width: points of each kernel along each axis; odd.
            layers: gated convolutions.
            stepping: linear part, filter, coarse grid, and what the loss looks at.
            training: optimiser, steps, schedule.
        """

        channels: int = 16
        width: int = 7
        layers: int = 2
        stepping: SteppingSettings = SteppingSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings()  # noqa: RUF009 (frozen)

    settings: Settings

    def network(self, channels: int, grid: Sequence[int]) -> nn.Module:
        """See `Stepper`."""
        chosen = self.settings
        refuse_wide(chosen.width, grid)
        widths = [channels] + [chosen.channels] * chosen.layers
        hidden = [
            GatedConvolution(dimensions=len(grid), inputs=before, outputs=after, width=chosen.width)
            for before, after in itertools.pairwise(widths)
        ]
        last = PeriodicConvolution(
            dimensions=len(grid), inputs=chosen.channels, outputs=channels, width=chosen.width, zero=True
        )
        return nn.Sequential(*hidden, last)
