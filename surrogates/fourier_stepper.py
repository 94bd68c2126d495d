"""A Fourier neural operator on a periodic grid, as a stepper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from .blocks.fourier_block import FourierBlock
from .blocks.periodic_convolution import PeriodicConvolution
from .network_sizes import refuse_modes
from .propagation import SteppingSettings
from .stepper import Stepper
from .surrogate import SurrogateError
from .training import TrainingSettings

__all__ = ["FourierStepper"]


class FourierStepper(Stepper):
    """A pointwise map into hidden channels, Fourier blocks among them, and a pointwise map back.

    Each wave is multiplied by numbers of its own, so derivatives of any order and what acts at a distance are
    within reach of one block, where a convolution needs a wide kernel or many layers; and it commutes with
    translations by whole points of the coarse grid. The price is numbers for every wave. Blocks are gated by
    default: a product of two linear maps holds u u_x exactly.

    Li et al. 2021, "Fourier neural operator" (arXiv:2010.08895), as residual blocks.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, the step and the training.

        Attributes:
            channels: of every hidden layer.
            modes: wavenumbers along each axis that blocks multiply; the (coarse) grid must carry them.
            blocks: Fourier blocks.
            gated: whether blocks are gated, in place of a GELU.
            stepping: linear part, filter, coarse grid, and what the loss looks at.
            training: optimiser, steps, schedule.
        """

        channels: int = 8
        modes: int = 12
        blocks: int = 2
        gated: bool = True
        stepping: SteppingSettings = SteppingSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings()  # noqa: RUF009 (frozen)

        def __post_init__(self) -> None:
            if min(self.channels, self.blocks, self.modes) < 1:
                raise SurrogateError(
                    "channels, blocks and modes must be at least 1, got "
                    f"{self.channels}, {self.blocks} and {self.modes}"
                )

    settings: Settings

    def network(self, channels: int, grid: Sequence[int]) -> nn.Module:
        """See `Stepper`."""
        chosen, dimensions = self.settings, len(grid)
        refuse_modes(chosen.modes, grid)
        lift = PeriodicConvolution(dimensions=dimensions, inputs=channels, outputs=chosen.channels, width=1)
        blocks = [
            FourierBlock(grid=grid, channels=chosen.channels, modes=chosen.modes, gated=chosen.gated)
            for _ in range(chosen.blocks)
        ]
        last = PeriodicConvolution(
            dimensions=dimensions, inputs=chosen.channels, outputs=channels, width=1, zero=True
        )
        return nn.Sequential(lift, *blocks, last)
