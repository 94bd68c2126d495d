"""Periodic fields between grids by cutting and padding their Fourier modes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["extend_modes", "restrict_modes"]


def restrict_modes(modes: torch.Tensor, grid: Sequence[int], coarse: Sequence[int]) -> torch.Tensor:
    """The modes of a coarser grid: (..., *modes of grid) -> (..., *modes of coarse), both as rfftn gives.

    Amplitudes are scaled so that the coarse field has the same values where nothing was cut. Modes at and
    above the coarse grid's Nyquist wavenumber are left out (on an axis that is not made coarser, nothing is).
    Raises ValueError where the coarse grid is finer on some axis or has another number of axes.
    """
    _check(grid, coarse)
    result = modes
    for axis, (many, few) in enumerate(zip(grid, coarse, strict=True)):
        dimension = axis - len(grid)
        if few == many:
            continue
        if dimension == -1:
            kept = result.narrow(-1, 0, (few + 1) // 2)
            gap = few // 2 + 1 - kept.shape[-1]
            result = torch.cat([kept, kept.new_zeros((*kept.shape[:-1], gap))], dim=-1)
        else:
            positive, negative = (few + 1) // 2, (few - 1) // 2
            head = result.narrow(dimension, 0, positive)
            tail = result.narrow(dimension, many - negative, negative)
            gap_shape = list(result.shape)
            gap_shape[dimension] = few - positive - negative
            result = torch.cat([head, result.new_zeros(gap_shape), tail], dim=dimension)
    return result * _ratio(coarse, grid)


def extend_modes(modes: torch.Tensor, coarse: Sequence[int], grid: Sequence[int]) -> torch.Tensor:
    """The modes on a finer grid, zero where the coarse one has none; undoes `restrict_modes` on what it kept.

    What stands at the coarse grid's Nyquist wavenumber is dropped: there it has no definite phase.
    """
    _check(grid, coarse)
    result = modes
    for axis, (many, few) in enumerate(zip(grid, coarse, strict=True)):
        dimension = axis - len(grid)
        if few == many:
            continue
        positive, negative = (few + 1) // 2, (few - 1) // 2
        gap_shape = list(result.shape)
        if dimension == -1:
            gap_shape[-1] = many // 2 + 1 - positive
            result = torch.cat([result.narrow(-1, 0, positive), result.new_zeros(gap_shape)], dim=-1)
        else:
            gap_shape[dimension] = many - positive - negative
            head = result.narrow(dimension, 0, positive)
            tail = result.narrow(dimension, few - negative, negative)
            result = torch.cat([head, result.new_zeros(gap_shape), tail], dim=dimension)
    return result * _ratio(grid, coarse)


def _ratio(numerator: Sequence[int], denominator: Sequence[int]) -> float:
    ratio = 1.0
    for above, below in zip(numerator, denominator, strict=True):
        ratio *= above / below
    return ratio


def _check(grid: Sequence[int], coarse: Sequence[int]) -> None:
    if len(grid) != len(coarse) or any(few > many or few < 2 for few, many in zip(coarse, grid, strict=True)):
        raise ValueError(
            f"the coarse grid {tuple(coarse)} must have the axes of {tuple(grid)}, at least 2 points on each "
            "and nowhere more"
        )
