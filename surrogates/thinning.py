"""A periodic field on every n-th point of its grid, and back by Fourier interpolation.

A learner that works on a coarser grid has fewer numbers to predict and meets less redundancy. Nothing is lost
as long as the coarse grid still carries the field's spectrum: what lies beyond is folded back (aliased).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["refine", "thin", "thinned_shape"]

Array = NDArray[np.float64]


def thinned_shape(grid: tuple[int, ...], factor: int) -> tuple[int, ...]:
    """The grid of every `factor`-th point; ValueError where that does not come out even."""
    if factor < 1 or any(points % factor for points in grid):
        raise ValueError(
            f"every {factor}th point of a grid of {' x '.join(map(str, grid))} is no periodic grid; "
            "the factor must divide each number of points"
        )
    return tuple(points // factor for points in grid)


def thin(fields: Array, factor: int, dimensions: int = 1) -> Array:
    """Every `factor`-th point along each of the last `dimensions` axes, from the first on."""
    thinned_shape(fields.shape[fields.ndim - dimensions :], factor)
    step: tuple[Any, ...] = (slice(None, None, factor),) * dimensions
    return np.asarray(fields[(Ellipsis, *step)])


def refine(fields: Array, factor: int, dimensions: int = 1) -> Array:
    """The trigonometric interpolant on `factor` times as many points along each of the last axes.

    It passes through the given points, so that `thin(refine(v)) == v` to round-off.
    """
    if factor == 1:
        return fields
    with np.errstate(over="ignore", invalid="ignore"):  # a forecast may have become infinite
        for axis in range(-dimensions, 0):
            moved = np.moveaxis(fields, axis, -1)
            points = moved.shape[-1]
            spectrum = np.fft.rfft(moved)
            if points % 2 == 0:
                spectrum[..., -1] /= 2  # shared between the two ends of the longer spectrum
            fields = np.moveaxis(np.fft.irfft(spectrum, n=points * factor) * factor, -1, axis)
    return fields
