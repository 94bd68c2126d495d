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
GROUP = 8
"""Rows that go together, for one alone has each step wait for that before."""


@compiled(fastmath={"contract"})
def spline(field: Array, out: Array) -> None:
    """Coefficients of the field (y, x) into `out`, larger by `MARGIN` on all sides.

    Beyond an edge the field goes on for ever as it is there; both recursions begin with what that gives.

    Reference: Unser, IEEE Signal Processing Magazine 16 (1999), doi:10.1109/79.799930.
    """
    rows, columns = field.shape
    high, wide = out.shape
    end = MARGIN + columns - 1
    inner = out[:, MARGIN : MARGIN + columns]
    # down the columns, all of them at once; with the gain of both directions
    gain = 36.0
    for y in range(MARGIN + 1):
        for x in range(columns):
            inner[y, x] = gain / (1 - POLE) * field[0, x]
    for y in range(MARGIN + 1, high):
        given, before, here = field[min(y - MARGIN, rows - 1)], inner[y - 1], inner[y]
        for x in range(columns):
            here[x] = gain * given[x] + POLE * before[x]
    edge, last = field[rows - 1], inner[high - 1]
    for x in range(columns):
        last[x] = _turned(last[x], gain * edge[x])
    for y in range(high - 2, -1, -1):
        after, here = inner[y + 1], inner[y]
        for x in range(columns):
            here[x] = POLE * (after[x] - here[x])
    # along the rows
    first = np.empty(GROUP)
    final = np.empty(GROUP)
    for top in range(0, high, GROUP):
        group = out[top : min(top + GROUP, high)]
        for r in range(len(group)):
            first[r], final[r] = group[r, MARGIN], group[r, end]
            group[r, : MARGIN + 1] = first[r] / (1 - POLE)
        for x in range(MARGIN + 1, end + 1):
            for r in range(len(group)):
                group[r, x] += POLE * group[r, x - 1]
        for r in range(len(group)):
            for x in range(end + 1, wide):
                group[r, x] = final[r] + POLE * group[r, x - 1]
            group[r, wide - 1] = _turned(group[r, wide - 1], final[r])
        for x in range(wide - 2, -1, -1):
            for r in range(len(group)):
                group[r, x] = POLE * (group[r, x + 1] - group[r, x])


@compiled(inline="always")
def _turned(forwards: float, edge: float) -> float:
    """Where the recursion backwards begins: at the end of what went forwards and, from there on, stays `edge`."""
    steady = edge / (1 - POLE)
    return -POLE * (steady / (1 - POLE) + (forwards - steady) / (1 - POLE * POLE))
