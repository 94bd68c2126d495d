"""A layer that multiplies Fourier modes by learned numbers: a convolution as wide as the domain."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from .spectral_resampling import extend_modes, restrict_modes

__all__ = ["SpectralConvolution"]


class SpectralConvolution(nn.Module):
    """Mix channels separately in each of the lowest Fourier modes; drop the others.

    For operators without a short range, such as the inverse of a Laplacian, which a small kernel reaches
    only through many layers. Higher modes must go another way (a convolution in parallel).
    Li et al. 2021, "Fourier neural operator" (arXiv:2010.08895).

    Arguments:
        grid: points along each axis.
        inputs, outputs: channels.
        modes: wavenumbers -modes .. modes are kept along each axis (0 .. modes along the last).
        zero: start from zero weights.
    Raises ValueError where the grid does not carry that many modes.
    """

    def __init__(
        self, *, grid: Sequence[int], inputs: int, outputs: int, modes: int, zero: bool = False
    ) -> None:
        super().__init__()
        self.grid, self.small = tuple(grid), (2 * modes + 1,) * len(grid)
        if modes < 1 or any(2 * modes + 1 > points for points in grid):
            raise ValueError(f"{modes} modes need 1 <= modes and {2 * modes + 1} points, the grid is {grid}")
        shape = (outputs, inputs, *self.small[:-1], modes + 1, 2)
        self.weight = nn.Parameter((0.0 if zero else 1 / math.sqrt(2 * inputs)) * torch.randn(shape))

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, inputs, *grid) -> (batch, outputs, *grid)"""
        axes = tuple(range(-len(self.grid), 0))
        low = restrict_modes(torch.fft.rfftn(field, dim=axes), self.grid, self.small)
        mixed = torch.einsum("oi...,bi...->bo...", torch.view_as_complex(self.weight), low)
        return torch.fft.irfftn(extend_modes(mixed, self.small, self.grid), s=self.grid, dim=axes)
