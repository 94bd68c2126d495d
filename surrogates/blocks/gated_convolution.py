"""A convolution with a multiplicative nonlinearity, which products of fields and their derivatives need."""

from __future__ import annotations

import torch
from torch import nn

from .periodic_convolution import PeriodicConvolution

__all__ = ["GatedConvolution"]


class GatedConvolution(nn.Module):
    """a * (1 + b), where a and b are two periodic convolutions of the input.

    A product of two linear maps holds any convective or bilinear term (u u_x, u . grad u) exactly, where a
    pointwise activation only approaches it; the 1 keeps the plain convolution within reach. It is not
    bounded: a state far from those it has seen can make it grow, so train it with a little input noise.

    The bilinear gate is that of Dauphin et al. 2017 (arXiv:1612.08083) without its sigmoid; see Shazeer 2020
    (arXiv:2002.05202).
    """

    def __init__(self, *, dimensions: int, inputs: int, outputs: int, width: int) -> None:
        super().__init__()
        self.pair = PeriodicConvolution(
            dimensions=dimensions, inputs=inputs, outputs=2 * outputs, width=width
        )

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, inputs, *grid) -> (batch, outputs, *grid)"""
        value, gate = self.pair(field).chunk(2, dim=1)
        return torch.addcmul(value, value, gate)
