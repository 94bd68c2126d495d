"""A block that adds to its input what it has learned, and nothing before it has."""

from __future__ import annotations

import torch
from torch import nn

from .gated_convolution import GatedConvolution
from .periodic_convolution import PeriodicConvolution

__all__ = ["ResidualBlock"]


class ResidualBlock(nn.Module):
    """h + mix(gate(h)): a gated convolution, then one of width 1 that starts at zero.

    A new block is the identity bit for bit, so that depth never hurts the start of the training.
    He et al. 2015 (arXiv:1512.03385); the zero start: Goyal et al. 2017 (arXiv:1706.02677).
    """

    def __init__(self, *, dimensions: int, channels: int, width: int) -> None:
        super().__init__()
        self.gate = GatedConvolution(dimensions=dimensions, inputs=channels, outputs=channels, width=width)
        self.mix = PeriodicConvolution(
            dimensions=dimensions, inputs=channels, outputs=channels, width=1, zero=True
        )

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, channels, *grid) -> the same shape"""
        return field + self.mix(self.gate(field))
