"""A residual block of convolutions on a plane that is not periodic."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["ConvolutionalResidualBlock"]


class ConvolutionalResidualBlock(nn.Module):
    """x + convolution(gelu(convolution(gelu(x)))), the second of which starts at zero; edges are repeated.

    He, Zhang, Ren & Sun 2016 (arXiv:1603.05027), without normalisation, so that no point knows of the others
    but by the kernels.

    Arguments:
        channels: in and out.
        width: points of each kernel along both axes; odd.
    """

    def __init__(self, *, channels: int, width: int = 3) -> None:
        super().__init__()
        self.first, self.second = (
            nn.Conv2d(channels, channels, width, padding=width // 2, padding_mode="replicate")
            for _ in range(2)
        )
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, channels, rows, columns) -> the same"""
        hidden = self.first(functional.gelu(field))
        return field + self.second(functional.gelu(hidden))
