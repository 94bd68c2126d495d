"""The function that a periodic line of numbers stands for, at any place, differentiable."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["parity", "trigonometric"]

ROUND_OFF = 1e-14
"""Of the largest wave: what is smaller is left out."""


def trigonometric(
    values: NDArray[np.float64], *, low: float, length: float
) -> Callable[[torch.Tensor], torch.Tensor]:
    """x -> the trigonometric polynomial through (points,) values, evenly spaced from `low` on.

    Of waves so short that two points hold one, the cosine is kept, as in the residual of a spectral system.
    """
    points = len(values)
    spectrum = np.fft.rfft(np.asarray(values, dtype=np.float64)) / points
    spectrum[1 : (points + 1) // 2] *= 2
    kept = np.flatnonzero(np.abs(spectrum) > ROUND_OFF * max(np.abs(spectrum).max(), 1e-300))
    k = torch.as_tensor(2 * np.pi * kept / length)
    cosines, sines = torch.as_tensor(spectrum[kept].real.copy()), torch.as_tensor(-spectrum[kept].imag)

    def at(x: torch.Tensor) -> torch.Tensor:
        phase = (x[..., None] - low) * k.to(x)
        answer: torch.Tensor = (phase.cos() * cosines.to(x) + phase.sin() * sines.to(x)).sum(dim=-1)
        return answer

    return at


def parity(values: NDArray[np.float64]) -> int:
    """1 or -1 for values that are even or odd about the middle of a periodic line, 0 for neither."""
    u = np.asarray(values, dtype=np.float64)
    turned, slack = np.roll(u[::-1], 1), 1e-12 * np.abs(u).max()
    return next((sign for sign in (1, -1) if np.abs(turned - sign * u).max() <= slack), 0)
