"""Peaks of a field, the highest first, and where between the cells they are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled

__all__ = ["FLAT", "WINDOW", "highest", "middle_of", "nearest_of", "peaks", "round_off", "spread"]

Array = NDArray[np.float64]
Places = NDArray[np.int64]
WINDOW = 3
"""Cells to each side of a peak that may not be higher, and over which its middle is taken."""
FLAT = 1e-14
"""Of the square of the largest velocity over the spacing: by more than that a peak is higher than the cells
`WINDOW` away from it. What rises less is even, but for round-off."""


@compiled(fastmath={"contract", "reassoc"})
def spread(field: Array) -> float:
    """The standard deviation over all cells."""
    values = field.ravel()
    total = 0.0
    for i in range(values.size):
        total += values[i]
    mean, squares = total / values.size, 0.0
    for i in range(values.size):
        squares += (values[i] - mean) ** 2
    return math.sqrt(squares / values.size)


@compiled()
def round_off(u: Array, v: Array, spacing: float) -> float:
    """What a criterion of these velocities may rise by where it is even."""
    largest = 0.0
    one, two = u.ravel(), v.ravel()
    for i in range(one.size):
        largest = max(largest, abs(one[i]), abs(two[i]))
    return FLAT * (largest / spacing) ** 2


@compiled()
def peaks(field: Array, threshold: float, rise: float, places: Places) -> int:
    """How many cells (y, x) are above the threshold, no lower than any within `WINDOW` rows and columns, and
    higher than those at the rim of this window, by more than `rise`; which they are, in the order of rows,
    into `places` (as many as there are cells, 2).
    """
    rows, columns = field.shape
    count = 0
    for y in range(rows):
        line = field[y]
        for x in range(columns):
            height = line[x]
            if not height > threshold or (x and line[x - 1] > height):
                continue
            top = True
            for other in range(max(y - WINDOW, 0), min(y + WINDOW + 1, rows)):
                near = field[other]
                most = height - rise if abs(other - y) == WINDOW else height
                for across in range(max(x - WINDOW, 0), min(x + WINDOW + 1, columns)):
                    top = top and near[across] <= most
                if not top:
                    break
            # the rows above and below have been looked at
            for other in range(max(y - WINDOW, 0), min(y + WINDOW + 1, rows)):
                if x >= WINDOW:
                    top = top and field[other, x - WINDOW] <= height - rise
                if x + WINDOW < columns:
                    top = top and field[other, x + WINDOW] <= height - rise
            if top:
                places[count, 0], places[count, 1] = y, x
                count += 1
    return count


@compiled()
def highest(field: Array, places: Places, count: int, chosen: Places) -> int:
    """Which of the first `count` places are the highest, highest first, into `chosen`; how many these are.

    Of two that are level the earlier comes first.
    """
    kept = 0
    for k in range(count):
        height = field[places[k, 0], places[k, 1]]
        rank = kept
        while rank and field[places[chosen[rank - 1], 0], places[chosen[rank - 1], 1]] < height:
            rank -= 1
        if rank == chosen.size:
            continue
        kept = min(kept + 1, chosen.size)
        for i in range(kept - 1, rank, -1):
            chosen[i] = chosen[i - 1]
        chosen[rank] = k
    return kept


@compiled()
def middle_of(field: Array, row: int, column: int) -> tuple[float, float]:
    """Row and column of a peak, between cells: the mean place, weighted with what lies above half of it."""
    rows, columns = field.shape
    half = 0.5 * field[row, column]
    whole = along = across = 0.0
    for y in range(max(row - WINDOW, 0), min(row + WINDOW + 1, rows)):
        for x in range(max(column - WINDOW, 0), min(column + WINDOW + 1, columns)):
            weight = max(field[y, x] - half, 0.0)
            whole += weight
            along += weight * y
            across += weight * x
    return along / whole, across / whole


@compiled()
def nearest_of(places: Places, count: int, chosen: int, spacing: float) -> float:
    """The distance of one peak from the nearest other of the first `count`; 1 where that is farther."""
    least = 1.0
    row, column = places[chosen]
    for k in range(count):
        if k != chosen:
            way = math.hypot((places[k, 0] - row) * spacing, (places[k, 1] - column) * spacing)
            least = min(least, way)
    return least
