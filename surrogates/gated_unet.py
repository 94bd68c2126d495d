"""The gated residual U-Net that courses on flow past obstacles teach."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .blocks.gated_residual_block import GatedResidualBlock
from .field_network import FieldNetwork
from .field_settings import FieldSettings
from .training import TrainingSettings

__all__ = ["GatedUNet"]


class GatedUNet(FieldNetwork):
    """Gated residual blocks down to coarse grids and up again, a tanh at the end.

    Hennigh's network for steady flow (github.com/loliverhennigh/Steady-State-Flow-With-Neural-Nets, 2016),
    a U-Net of the residual layers of Salimans et al. 2017 (arXiv:1701.05517), as the AI-for-science bootcamp
    has it: concatenated ELU, few channels on the fine grid and twice as many on each coarser one, dropout.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            channels: on the finest grid; each coarser one has twice as many.
            levels: how often the grid is halved, at most to two points.
            dropout: share of hidden numbers that is left out while training.
            fields: the loss, and what the outputs go through.
            training: optimiser, steps, schedule.
        """

        channels: int = 8
        levels: int = 4
        dropout: float = 0.2
        fields: FieldSettings = FieldSettings(ending="tanh", centred=False)  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=2_000, batch=8, optimiser="adam", learning_rate=1e-3, check_every=250
        )

    settings: Settings

    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """See `FieldNetwork`."""
        chosen = self.settings
        levels = min(chosen.levels, max(0, (min(grid) - 1).bit_length() - 1))
        widths = [chosen.channels * 2**level for level in range(levels + 1)]
        return _Network(inputs, outputs, widths, chosen.dropout)


class _Network(nn.Module):
    def __init__(self, inputs: int, outputs: int, widths: list[int], dropout: float) -> None:
        super().__init__()
        self.first = GatedResidualBlock(inputs=inputs, outputs=widths[0], dropout=dropout)
        self.down, self.up, self.raised = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for fine, coarse in itertools.pairwise(widths):
            self.down.append(
                nn.Sequential(
                    GatedResidualBlock(inputs=fine, outputs=coarse, stride=2, dropout=dropout),
                    GatedResidualBlock(inputs=coarse, outputs=coarse, dropout=dropout),
                )
            )
            self.raised.append(nn.ConvTranspose2d(coarse, fine, 2, stride=2))
            self.up.append(GatedResidualBlock(inputs=fine, outputs=fine, beside=fine, dropout=dropout))
        self.last = nn.Conv2d(widths[0], outputs, 3, padding=1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        hidden = self.first(image)
        kept = [hidden]
        for smaller in self.down:
            hidden = smaller(hidden)
            kept.append(hidden)
        for level in reversed(range(len(self.up))):
            fine = kept[level]
            hidden = self.raised[level](functional.elu(hidden))[..., : fine.shape[2], : fine.shape[3]]
            hidden = self.up[level](hidden, fine)
        answer: torch.Tensor = self.last(functional.elu(hidden))
        return answer
