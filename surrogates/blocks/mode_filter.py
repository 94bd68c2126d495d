"""A fixed filter in Fourier space that keeps a network out of waves that fields hardly have."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["ModeFilter", "soft_filter"]


def soft_filter(fields: torch.Tensor, *, dimensions: int, floor: float) -> torch.Tensor:
    """(*modes), as rfftn has them: r / (r + floor), r the amplitude of a wave relative to the largest.

    Amplitudes are root mean squares over all of (..., *grid) but its last axes, so many as `dimensions`. All
    ones for a floor of 0, or fields that are zero. Raises ValueError for a floor below 0.
    """
    if floor < 0:
        raise ValueError(f"the floor of a filter must be at least 0, got {floor}")
    axes = tuple(range(-dimensions, 0))
    modes = torch.fft.rfftn(fields, dim=axes).flatten(0, -1 - dimensions)
    amplitudes = (modes.real.square() + modes.imag.square()).mean(dim=0).sqrt()
    if floor == 0 or not amplitudes.max() > 0:
        return torch.ones_like(amplitudes)
    relative = amplitudes / amplitudes.max()
    return relative / (relative + floor)


class ModeFilter(nn.Module):
    """Multiplies each wave of a periodic field by a fixed number: (..., *grid) -> the same shape.

    Smooth fields have waves whose strengths span many decades. What a network says has errors of one size in
    all of them, and noise is white: without a filter either would fill the weak ones. The numbers are not
    learned, and no part of the weights.

    Arguments:
        passed: (*modes), as rfftn has them; see `soft_filter`.
        grid: points along each axis.
    Raises ValueError where the two do not belong together.
    """

    passed: torch.Tensor

    def __init__(self, passed: torch.Tensor, *, grid: Sequence[int]) -> None:
        super().__init__()
        expected = (*grid[:-1], grid[-1] // 2 + 1)
        if tuple(passed.shape) != expected:
            raise ValueError(
                f"a grid {tuple(grid)} has modes {expected}, but {tuple(passed.shape)} are given"
            )
        self.grid = tuple(grid)
        self.register_buffer("passed", passed.clone(), persistent=False)
        images = torch.full(passed.shape[-1:], 2.0, dtype=torch.float64, device=passed.device)
        images[0] = 1.0
        if grid[-1] % 2 == 0:
            images[-1] = 1.0
        squares = (images * passed.double().square()).sum() / torch.Size(grid).numel()
        self.gain = float(squares.sqrt())
        """Root mean square of what becomes of white noise of deviation 1."""

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(..., *grid) -> the same shape"""
        axes = tuple(range(-len(self.grid), 0))
        return torch.fft.irfftn(self.passed * torch.fft.rfftn(field, dim=axes), s=self.grid, dim=axes)
