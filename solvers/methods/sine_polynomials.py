"""Sums of sines through values between walls: on a line, or on a square, where the sums are of products.

Values (..., points), or (..., points, points) with two `dimensions`, are evenly spaced from wall to wall.
Both walls are included, where they are zero. Through the inner ones goes exactly one sum of as many sines
sin(k pi x / length), k = 1, 2, ...; a discrete sine transform finds it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray

__all__ = ["amplitudes", "parity", "sampled", "sine_polynomial", "values_of"]

Array = NDArray[np.float64]

ROUND_OFF = 1e-14
"""Of the largest amplitude: what is smaller is left out of a polynomial."""


def amplitudes(values: Array, *, dimensions: int = 1) -> Array:
    """(..., waves), of two dimensions (..., waves, waves), of the sines through values.

    What stands at the walls does not count.

    >>> amplitudes(np.array([0.0, 3.0, 0.0, -3.0, 0.0])).round(12) + 0.0
    array([0., 3., 0.])
    """
    for axis in range(-dimensions, 0):
        intervals = values.shape[axis] - 1
        inner = values.take(range(1, intervals), axis=axis)
        values = scipy.fft.dst(inner, type=1, axis=axis) / intervals
    return values


def values_of(waves: Array, points: int, *, dimensions: int = 1) -> Array:
    """(..., points), of two dimensions (..., points, points), of the sum of sines with these amplitudes.

    The points may be too few to tell the waves apart: the values are exact all the same.
    """
    for axis in range(-dimensions, 0):
        # on so many times the intervals the transform has room for all waves
        every = -(-(waves.shape[axis] + 1) // (points - 1))
        fine = scipy.fft.dst(waves, type=1, n=every * (points - 1) - 1, axis=axis) / 2
        inner = np.moveaxis(fine, axis, -1)[..., every - 1 :: every]
        whole = np.zeros((*inner.shape[:-1], points))
        whole[..., 1:-1] = inner
        waves = np.moveaxis(whole, -1, axis)
    return waves


def sampled(values: Array, points: int, *, dimensions: int = 1) -> Array:
    """The sum of sines through values on another number of points; zero at the walls."""
    every, rest = divmod(values.shape[-1] - 1, points - 1)
    if rest:
        return values_of(amplitudes(values, dimensions=dimensions), points, dimensions=dimensions)
    # points that are among the old ones need no transform
    chosen = np.zeros((*values.shape[:-dimensions], *[points] * dimensions))
    if dimensions == 1:
        chosen[..., 1:-1] = values[..., every:-1:every]
    else:
        chosen[..., 1:-1, 1:-1] = values[..., every:-1:every, every:-1:every]
    return chosen


def sine_polynomial(values: Array, *, length: float = 1.0) -> Callable[..., torch.Tensor]:
    """x -> the sum of sines through (points,) values, (x, y) -> that through (points, points) of a square.

    Places are tensors of any one shape, the answer has this shape, too, and is differentiable.
    """
    waves = amplitudes(np.asarray(values, dtype=np.float64), dimensions=values.ndim)
    waves = np.where(np.abs(waves) > ROUND_OFF * np.abs(waves).max(), waves, 0.0)
    # a smooth function has few waves, and each costs a sine at every place
    kept = [np.unique(numbers) for numbers in np.nonzero(waves)]
    factors = torch.from_numpy(waves[np.ix_(*kept)])
    wavenumbers = [torch.from_numpy(math.pi / length * (k + 1)) for k in kept]

    def at(*places: torch.Tensor) -> torch.Tensor:
        first, *others = (torch.sin(x[..., None] * k.to(x)) for x, k in zip(places, wavenumbers, strict=True))
        said: torch.Tensor = first @ factors.to(first)
        return (said * others[0]).sum(dim=-1) if others else said

    return at


def parity(values: Array, *, axis: int = -1) -> int:
    """1 or -1 for values that are even or odd about the middle of an axis, 0 for neither."""
    u = np.asarray(values, dtype=np.float64)
    turned, slack = np.flip(u, axis), 1e-12 * np.abs(u).max()
    return next((sign for sign in (1, -1) if np.abs(turned - sign * u).max() <= slack), 0)
