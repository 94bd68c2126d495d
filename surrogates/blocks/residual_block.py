"""A block that adds to its input what it has learned, and nothing before it has."""

from __future__ import annotations

import math

import torch
from torch import nn

from .gated_convolution import GatedConvolution
from .periodic_convolution import PeriodicConvolution

__all__ = ["SQUARES", "ResidualBlock"]

SQUARES = {"gate": 2.0, "gelu": 1 / 3 + 1 / (2 * math.pi * math.sqrt(3))}
"""Mean square of what each activation makes of independent normal numbers of mean square one."""


class ResidualBlock(nn.Module):
    """h + mix(f(h)): a gated convolution, or one and a GELU, then one of width 1 that starts at zero.

    A new block is the identity bit for bit, so that depth never hurts the start of the training.
    He et al. 2015 (arXiv:1512.03385); the zero start: Goyal et al. 2017 (arXiv:1706.02677).

    Without the skip it is mix(f(h)), which zeros would make nothing, with no gradient for what is before. So
    `mix` starts as random numbers that keep a mean square of one, as He et al. 2015 (arXiv:1502.01852) have
    it for ReLU. That suffices for a few blocks and not for many: of independent normal numbers of mean square
    v a gate makes v (1 + v) / 2, where 1 repels by 3/2 a block. What is a little less fades, in the end to
    half with each block; what is a little more, as some place of a field is, grows as squares of squares do
    and overflows. The gradient's mean square changes by (1 + 2 v) / 2 a block. GELUs drift more slowly, for
    of v they make between 0.59 v, where that is small, and 1.18 v: after many blocks chance decides.

    Arguments:
        dimensions: 1, 2 or 3 axes of space.
        channels: in and out.
        width: points of the kernel along each axis; odd.
        skip: whether the input is added.
        activation: `gate` (see `GatedConvolution`) or `gelu`.
    Raises ValueError as `PeriodicConvolution` does, and for another activation.
    """

    def __init__(
        self, *, dimensions: int, channels: int, width: int, skip: bool = True, activation: str = "gate"
    ) -> None:
        super().__init__()
        if activation not in SQUARES:
            raise ValueError(f"the activation must be one of {sorted(SQUARES)}, got {activation!r}")
        self.skip = skip
        self.gate: nn.Module = (
            GatedConvolution(dimensions=dimensions, inputs=channels, outputs=channels, width=width)
            if activation == "gate"
            else nn.Sequential(
                PeriodicConvolution(dimensions=dimensions, inputs=channels, outputs=channels, width=width),
                nn.GELU(),
            )
        )
        self.mix = PeriodicConvolution(
            dimensions=dimensions, inputs=channels, outputs=channels, width=1, zero=skip
        )
        if not skip:
            with torch.no_grad():
                self.mix.weight.div_(math.sqrt(SQUARES[activation]))

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, channels, *grid) -> the same shape"""
        change: torch.Tensor = self.mix(self.gate(field))
        return field + change if self.skip else change
