"""The periodic grid in Fourier space: wavenumbers, and exact moves from one grid to another.

Only real transforms are used: a complex transform lets an imaginary part of round-off grow until, after
some 20,000 time units, it destroys the solution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import DTypeLike, NDArray

__all__ = ["derivative", "low_pass", "resample", "sampled", "wavenumbers"]


def wavenumbers(length: float, points: int, *, dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """(points // 2 + 1,) wavenumbers of a real transform, the Nyquist mode last."""
    turn = 8 * np.arctan(np.ones((), dtype=dtype))  # 2 pi in any precision
    return np.asarray(turn / np.asarray(length, dtype=dtype) * np.arange(points // 2 + 1, dtype=dtype))


def derivative(values: NDArray[Any], *, length: float, order: int = 1) -> NDArray[np.float64]:
    """The spectral derivative in x of values (..., points).

    Odd derivatives of the Nyquist mode, which a grid sees only as a cosine, are zero.
    """
    points = values.shape[-1]
    factor = (1j * wavenumbers(length, points)) ** order  # `irfft` ignores an imaginary Nyquist mode
    return np.asarray(scipy.fft.irfft(scipy.fft.rfft(values) * factor, n=points))


def low_pass(values: NDArray[Any], modes: int) -> NDArray[Any]:
    """Values (..., points) with only the waves 0 to modes - 1."""
    spectrum = scipy.fft.rfft(values)
    spectrum[..., modes:] = 0
    return np.asarray(scipy.fft.irfft(spectrum, n=values.shape[-1]))


def resample(values: NDArray[Any], points: int) -> NDArray[Any]:
    """Values (..., old points) of a periodic field on a grid of `points`, by its Fourier series.

    Towards a finer grid nothing is lost, and coming back gives the same values. Towards a coarser one the
    modes that it cannot hold are dropped. The Nyquist mode of the smaller grid stands for a pair of modes
    of the larger, so it is halved on the way up and doubled on the way down. Both counts must be even.
    """
    old = values.shape[-1]
    if old == points:
        return values
    spectrum = scipy.fft.rfft(values)
    smaller = min(old, points) // 2
    moved = np.zeros((*spectrum.shape[:-1], points // 2 + 1), dtype=spectrum.dtype)
    moved[..., : smaller + 1] = spectrum[..., : smaller + 1] * (spectrum.real.dtype.type(points) / old)
    moved[..., smaller] *= 0.5 if points > old else 2.0
    return np.asarray(scipy.fft.irfft(moved, n=points))


def sampled(values: NDArray[Any], points: int) -> NDArray[Any]:
    """What the Fourier series of values (..., old points) is at `points`, also where these hold fewer waves.

    On a coarser grid `resample` gives another function, of the waves that the grid can hold; this gives the
    same one, of which its points know less.
    """
    every = -(-values.shape[-1] // points)
    return resample(values, every * points)[..., ::every].copy()
