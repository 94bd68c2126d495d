"""Fine fields that agree with a coarse view of them, and what such a view knows nothing of."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .fourier_resampling import resampled

__all__ = ["consistent", "without_seen"]


def without_seen(field: torch.Tensor, coarse: Sequence[int]) -> torch.Tensor:
    """What a coarse grid knows nothing of: the periodic field (..., *grid) less all that its view tells.

    An orthogonal projection: it is linear, done twice it is done once, and it makes no field larger. The view
    is that of `resampled`. Raises ValueError where the coarse grid has more points along an axis.
    """
    grid = field.shape[field.ndim - len(coarse) :]
    if any(few > many for few, many in zip(coarse, grid, strict=True)):
        raise ValueError(f"the coarse grid {tuple(coarse)} must nowhere be finer than the grid {tuple(grid)}")
    return field - resampled(resampled(field, coarse), grid)


def consistent(field: torch.Tensor, seen: torch.Tensor, *, dimensions: int) -> torch.Tensor:
    """The nearest field to (..., *grid) whose coarse view is `seen`, (..., *coarse), along so many axes.

    What the coarse grid knows is replaced, the rest stays. So its error against any truth with that view is
    no larger than that of the field it was made of: the part that is replaced is right, the part that stays
    as wrong as it was. Raises ValueError where the view has other leading axes than the field.
    """
    if seen.shape[:-dimensions] != field.shape[:-dimensions]:
        raise ValueError(
            f"a view of shape {tuple(seen.shape)} is none of a field of shape {tuple(field.shape)} on a grid "
            f"of {dimensions} axes"
        )
    coarse, grid = seen.shape[-dimensions:], field.shape[-dimensions:]
    return without_seen(field, coarse) + resampled(seen, grid)
