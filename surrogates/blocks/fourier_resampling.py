"""Periodic fields on coarser and finer grids by their Fourier series, the highest mode included."""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["resampled"]


def resampled(field: torch.Tensor, points: Sequence[int]) -> torch.Tensor:
    """(..., *grid) -> (..., *points), along the last axes, one for each of `points`.

    Towards more points this is trigonometric interpolation. Towards fewer, waves that are too short for them
    are left out first, so that none of them passes for a longer one. Of the highest wave on an even number of
    points only the cosine is seen; it stands for a pair of modes of the finer grid, so it is halved on the
    way up and doubled on the way down: up and down again gives the same values, down and up again is an
    orthogonal projection. (`spectral_resampling`, within networks, drops that wave.) It is what
    `scipy.signal.resample` does along one axis. Raises ValueError for more axes than the field has, or an
    axis without points.
    """
    if len(points) > field.ndim or min(points, default=0) < 1:
        raise ValueError(
            f"{tuple(points)} must give 1 point or more for each of the last axes of a field of shape "
            f"{tuple(field.shape)}"
        )
    for axis, count in enumerate(points):
        field = _along(field, axis - len(points), count)
    return field


def _along(field: torch.Tensor, dimension: int, count: int) -> torch.Tensor:
    old = field.shape[dimension]
    if old == count:
        return field
    smaller = min(old, count)
    modes = torch.fft.rfft(field, dim=dimension).narrow(dimension, 0, smaller // 2 + 1)
    if smaller % 2 == 0:
        lower, highest = modes.split([smaller // 2, 1], dim=dimension)
        cosine = torch.complex(highest.real, torch.zeros_like(highest.real))
        modes = torch.cat([lower, cosine * (0.5 if count > old else 2.0)], dim=dimension)
    return torch.fft.irfft(modes, n=count, dim=dimension) * (count / old)
