"""Convolution on a periodic grid of one, two or three dimensions."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

__all__ = ["PeriodicConvolution"]

_CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


class PeriodicConvolution(nn.Module):
    """Convolution whose kernel wraps around: (batch, inputs, *grid) -> (batch, outputs, *grid).

    It commutes with every translation of the grid. The weights start as normal numbers of variance
    1 / (inputs * width^dimensions), so that unit inputs give unit outputs; the bias starts at zero.

    Arguments:
        dimensions: 1, 2 or 3 axes of space.
        inputs, outputs: channels.
        width: points of the kernel along each axis; odd, and its half no larger than the grid.
        zero: start from zero weights, so that the block answers exactly zero until it has learned.
    Raises ValueError for an even width or another number of dimensions.
    """

    def __init__(self, *, dimensions: int, inputs: int, outputs: int, width: int, zero: bool = False) -> None:
        super().__init__()
        if dimensions not in _CONVOLUTIONS:
            raise ValueError(f"a periodic convolution has 1, 2 or 3 dimensions, got {dimensions}")
        if width < 1 or width % 2 == 0:
            raise ValueError(f"the width of a kernel must be odd, so that it has a centre; got {width}")
        self.convolve = _CONVOLUTIONS[dimensions]
        self.padding = [width // 2] * (2 * dimensions)
        shape = (outputs, inputs, *[width] * dimensions)
        deviation = 0.0 if zero else 1 / math.sqrt(inputs * width**dimensions)
        self.weight = nn.Parameter(deviation * torch.randn(shape))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, inputs, *grid) -> (batch, outputs, *grid)"""
        wrapped = functional.pad(field, self.padding, mode="circular") if self.padding[0] else field
        return self.convolve(wrapped, self.weight, self.bias)
