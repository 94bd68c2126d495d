"""A residual network on a periodic grid, as a stepper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import nn

from .blocks.periodic_convolution import PeriodicConvolution
from .blocks.residual_block import SQUARES, ResidualBlock
from .propagation import SteppingSettings, refuse_wide
from .stepper import Stepper
from .surrogate import SurrogateError
from .training import TrainingSettings

__all__ = ["ResNet"]


class ResNet(Stepper):
    """A convolution into hidden channels, residual blocks among them, and a convolution back.

    Each block adds a gated convolution of what came before, as a time step of an integrator adds its slope;
    deeper than the CNN at the same cost of training, because every block starts as the identity.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, the step and the training.

        Attributes:
            channels: of every hidden layer.
            width: points of each kernel along each axis; odd.
            blocks: residual blocks.
            skips: whether each block adds to what came before. A plain stack, without, serves to show what
                skips are worth; `ResidualBlock` says how it starts.
            activation: of the blocks: a `gate`, which is a product, or a `gelu`.
            stepping: linear part, filter, coarse grid, and what the loss looks at.
            training: optimiser, steps, schedule.
        """

        channels: int = 16
        width: int = 7
        blocks: int = 3
        skips: bool = True
        activation: Literal["gate", "gelu"] = "gate"
        stepping: SteppingSettings = SteppingSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings()  # noqa: RUF009 (frozen)

        def __post_init__(self) -> None:
            if self.activation not in SQUARES:
                raise SurrogateError(
                    f"the activation must be one of {sorted(SQUARES)}, got {self.activation!r}"
                )

    settings: Settings

    def network(self, channels: int, grid: Sequence[int]) -> nn.Module:
        """See `Stepper`."""
        chosen, dimensions = self.settings, len(grid)
        refuse_wide(chosen.width, grid)
        lift = PeriodicConvolution(
            dimensions=dimensions, inputs=channels, outputs=chosen.channels, width=chosen.width
        )
        blocks = [
            ResidualBlock(
                dimensions=dimensions,
                channels=chosen.channels,
                width=chosen.width,
                skip=chosen.skips,
                activation=chosen.activation,
            )
            for _ in range(chosen.blocks)
        ]
        last = PeriodicConvolution(
            dimensions=dimensions, inputs=chosen.channels, outputs=channels, width=chosen.width, zero=True
        )
        return nn.Sequential(lift, *blocks, last)
