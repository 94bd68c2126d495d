"""Velocities smoothed with a Gaussian, compiled."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled

__all__ = ["gaussian_weights", "smooth"]

Array = NDArray[np.float64]
REACH = 3.0
"""Standard deviations at which the Gaussian is cut off."""


@lru_cache
def gaussian_weights(deviation: float) -> Array:
    """(cells,) the Gaussian's weight at the middle, one cell away, two, ...; all on both sides sum to 1.

    >>> gaussian_weights(0.0)
    array([1.])
    """
    cells = np.arange(int(REACH * deviation + 0.5) + 1)
    weights = np.exp(-0.5 * (cells / max(deviation, math.ulp(0.0) ** 0.5)) ** 2)
    return np.asarray(weights / (2 * weights.sum() - weights[0]))


@compiled(fastmath={"contract"})
def smooth(field: Array, weights: Array, out: Array) -> None:
    """The field (y, x) times the weights along both axes into `out`; beyond an edge it is as there."""
    rows, columns = field.shape
    reach = weights.size - 1
    line = np.empty(columns + 2 * reach)
    inner = line[reach : reach + columns]
    for y in range(rows):
        here = field[y]
        for x in range(columns):
            inner[x] = weights[0] * here[x]
        for k in range(1, reach + 1):
            weight, below, above = weights[k], field[max(y - k, 0)], field[min(y + k, rows - 1)]
            for x in range(columns):
                inner[x] += weight * (below[x] + above[x])
        line[:reach], line[reach + columns :] = inner[0], inner[columns - 1]
        smoothed = out[y]
        for x in range(columns):
            smoothed[x] = weights[0] * inner[x]
        for k in range(1, reach + 1):
            weight, before, after = weights[k], line[reach - k :], line[reach + k :]
            for x in range(columns):
                smoothed[x] += weight * (before[x] + after[x])
