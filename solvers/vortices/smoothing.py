"""Velocities smoothed with a Gaussian, compiled."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled

__all__ = ["gaussian_weights", "smooth"]

Array = NDArray[np.float64]
REACH = 3.0
"""Standard deviations at which the Gaussian is cut off."""
TOGETHER = 3
"""Weights on a side that are taken at once."""


@lru_cache
def gaussian_weights(deviation: float) -> Array:
    """(1 + a multiple of 3,) the Gaussian's weight at the middle, one cell away, two, and so on, with zeros
    at the end; all on both sides sum to 1.

    >>> gaussian_weights(0.0)
    array([1.])
    """
    reach = int(REACH * deviation + 0.5)
    weights = np.exp(-0.5 * (np.arange(reach + 1) / max(deviation, 1e-3)) ** 2)
    weights /= 2 * weights.sum() - weights[0]
    return np.pad(weights, (0, -reach % TOGETHER))


@compiled(fastmath={"contract"})
def smooth(field: Array, weights: Array, out: Array) -> None:
    """The field (y, x) times the weights along both axes into `out`; beyond an edge it is as there."""
    rows, columns = field.shape
    reach = weights.size - 1
    line = np.empty(columns + 2 * reach)
    inner = line[reach : reach + columns]
    for y in range(rows):
        here, smoothed = field[y], out[y]
        for x in range(columns):
            inner[x] = weights[0] * here[x]
        for k in range(1, reach, TOGETHER):
            _add(
                weights[k : k + TOGETHER],
                (field[max(y - k, 0)], field[max(y - k - 1, 0)], field[max(y - k - 2, 0)]),
                (
                    field[min(y + k, rows - 1)],
                    field[min(y + k + 1, rows - 1)],
                    field[min(y + k + 2, rows - 1)],
                ),
                inner,
            )
        line[:reach], line[reach + columns :] = inner[0], inner[columns - 1]
        for x in range(columns):
            smoothed[x] = weights[0] * inner[x]
        for k in range(1, reach, TOGETHER):
            _add(
                weights[k : k + TOGETHER],
                (line[reach - k :], line[reach - k - 1 :], line[reach - k - 2 :]),
                (line[reach + k :], line[reach + k + 1 :], line[reach + k + 2 :]),
                smoothed,
            )


@compiled(inline="always")
def _add(weights: Array, before: tuple[Array, ...], after: tuple[Array, ...], out: Array) -> None:
    """Three weights at once, for each pass over `out` has a cost of its own."""
    a, b, c = weights[0], weights[1], weights[2]
    before_a, before_b, before_c = before
    after_a, after_b, after_c = after
    for x in range(out.size):
        near = a * (before_a[x] + after_a[x]) + b * (before_b[x] + after_b[x])
        out[x] += near + c * (before_c[x] + after_c[x])
