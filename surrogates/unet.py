"""A U-Net with residual blocks: fields seen at every scale at once."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .blocks.convolutional_residual_block import ConvolutionalResidualBlock
from .field_network import FieldNetwork
from .field_settings import FieldSettings
from .training import TrainingSettings

__all__ = ["UNet", "UNetModule"]


class UNet(FieldNetwork):
    """Down to coarse grids and up again, each scale's blocks beside those of its way back.

    What is far away is near on a coarse grid: so a few small kernels see the whole domain, which a flow
    needs, for pressure acts at a distance. Grids of any size are halved (rounded up) as often as `levels`
    says, at most to two points.

    Reference: Ronneberger, Fischer & Brox 2015 (arXiv:1505.04597).
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            channels: on the finest grid; each coarser one has half as many again.
            levels: how often the grid is halved.
            blocks: residual blocks on each grid, on the way down and up.
            fields: the loss.
            training: optimiser, steps, schedule.
        """

        channels: int = 24
        levels: int = 4
        blocks: int = 1
        fields: FieldSettings = FieldSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=3_000, batch=16, optimiser="adam", learning_rate=2e-3, check_every=250
        )

    settings: Settings

    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """See `FieldNetwork`."""
        chosen = self.settings
        levels = min(chosen.levels, max(0, (min(grid) - 1).bit_length() - 1))
        widths = [round(chosen.channels * 1.5**level) for level in range(levels + 1)]
        alive = chosen.fields.ending == "relu"  # which lets nothing through that begins at zero
        return UNetModule(inputs, outputs, widths, chosen.blocks, alive=alive)


class UNetModule(nn.Module):
    """The network; see `UNet`. With `alive`, what it answers does not begin at zero."""

    def __init__(self, inputs: int, outputs: int, widths: list[int], blocks: int, *, alive: bool) -> None:
        super().__init__()

        def some(width: int) -> nn.Sequential:
            return nn.Sequential(*(ConvolutionalResidualBlock(channels=width) for _ in range(blocks)))

        self.first = nn.Conv2d(inputs, widths[0], 3, padding=1, padding_mode="replicate")
        self.down = nn.ModuleList(some(width) for width in widths)
        self.wider = nn.ModuleList(nn.Conv2d(fine, coarse, 1) for fine, coarse in itertools.pairwise(widths))
        self.narrower = nn.ModuleList(
            nn.Conv2d(coarse + fine, fine, 3, padding=1, padding_mode="replicate")
            for fine, coarse in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(some(width) for width in widths[:-1])
        self.last = nn.Conv2d(widths[0], outputs, 1)
        if not alive:
            nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(batch, inputs, rows, columns) -> (batch, outputs, rows, columns)"""
        hidden, kept = self.first(image), []
        for level, blocks in enumerate(self.down):
            if level:
                hidden = self.wider[level - 1](functional.avg_pool2d(hidden, 2, ceil_mode=True))
            hidden = blocks(hidden)
            kept.append(hidden)
        for level in reversed(range(len(self.up))):
            fine = kept[level]
            raised = functional.interpolate(hidden, size=fine.shape[2:], mode="bilinear", align_corners=False)
            hidden = self.up[level](self.narrower[level](torch.cat([raised, fine], dim=1)))
        answer: torch.Tensor = self.last(hidden)
        return answer
