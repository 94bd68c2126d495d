"""Cubic splines through the cells of a field, compiled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled

__all__ = ["MARGIN", "spline"]

Array = NDArray[np.float64]
MARGIN = 6
"""Cells beyond the edges whose coefficients are known, too; farther out, a spline is not asked."""
POLE = math.sqrt(3.0) - 2.0
"""Of the recursion that turns values into coefficients, forwards and then backwards."""
GAIN = 6.0


@compiled()
def spline(field: Array, out: Array) -> None:
    """Coefficients of the field (y, x) into `out` (x, y), larger by `MARGIN` on all sides.

    Beyond an edge the field goes on for ever as it is there.

    Reference: Unser, IEEE Signal Processing Magazine 16 (1999), doi:10.1109/79.799930.
    """
    rows, columns = field.shape
    filtered = np.empty((rows + 2 * MARGIN, columns))
    turned = np.empty((columns, rows + 2 * MARGIN))
    _filter(field, filtered)
    for x in range(columns):
        line = turned[x]
        for y in range(rows + 2 * MARGIN):
            line[y] = filtered[y, x]
    _filter(turned, out)


@compiled(fastmath={"contract"})
def _filter(values: Array, out: Array) -> None:
    """Along the first axis, all of the second side by side."""
    count, size = values.shape
    first, last = values[0], values[count - 1]
    for i in range(MARGIN + 1):
        here = out[i]
        for x in range(size):
            here[x] = GAIN / (1 - POLE) * first[x]
    for i in range(MARGIN + 1, count + 2 * MARGIN):
        given, before, here = values[min(i - MARGIN, count - 1)], out[i - 1], out[i]
        for x in range(size):
            here[x] = GAIN * given[x] + POLE * before[x]
    here = out[count + 2 * MARGIN - 1]
    for x in range(size):  # beyond it, what went forwards nears the steady one by the pole in each step
        steady = GAIN / (1 - POLE) * last[x]
        here[x] = -POLE * (steady / (1 - POLE) + (here[x] - steady) / (1 - POLE * POLE))
    for i in range(count + 2 * MARGIN - 2, -1, -1):
        after, here = out[i + 1], out[i]
        for x in range(size):
            here[x] = POLE * (after[x] - here[x])
