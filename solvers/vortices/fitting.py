"""Vortices fitted, searched for in what is left, and told from noise, compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled
from ..methods.copies import copy_line, copy_table
from .descent import Room, descend, room_for, show, standard_errors
from .normal_equations import BACKGROUND, CELLS, aligned_rows, sum_velocities
from .seeking import Sought, seek

__all__ = ["CLEAR", "Fitting", "fit_in_all"]

Array = NDArray[np.float64]
CLEAR = 7.0
"""Standard errors of its circulation above which a vortex is believed; below, it is noise."""
EXACT = 1e-3
"""Noise in parts of what is seen, root mean square, less than which nothing is held to have."""


class Fitting(NamedTuple):
    """How a fit goes; see `FittedVortices`."""

    iterations: int
    rounds: int
    stride: int
    polish: int


@compiled()
def fit_in_all(u: Array, v: Array, how: Fitting, what: Sought, tables: Array) -> None:
    """Fit the vortices of each table (samples, slots, 5), those of which it is sure by more than 0, to
    velocities (samples, y, x); what is believed then stands there instead, and zeros after it.
    """
    samples, points, _ = u.shape
    slots = tables.shape[1]
    room = room_for(points, how.stride, slots)
    fine = room_for(points, 1, slots) if how.stride > 1 and how.rounds + how.polish else room
    vortices, clear = np.empty((slots, 4)), np.empty(slots)
    for sample in range(samples):
        table, count = tables[sample], 0
        # in units of their own, so that slow flows are fitted as fast ones are
        size = math.sqrt((np.mean(u[sample] ** 2) + np.mean(v[sample] ** 2)) / 2)
        size = size if 0 < size < math.inf else 1.0
        own_u, own_v = u[sample] / size, v[sample] / size
        for row in table:
            if row[0] > 0:
                copy_line(row[1:], vortices[count])
                for i in range(2):
                    vortices[count, i] -= 0.5
                vortices[count, 2] /= size
                count += 1
        count = _fit(own_u, own_v, how, what, vortices, count, clear, room, fine.cells)
        if how.polish:
            power = show(own_u, own_v, 1, fine)
            left = descend(vortices[:count], fine, how.polish, what.spacing)
            shown = 2 * points * points
            count, _ = _clear(
                vortices, count, left, power, shown, how.polish, CLEAR, what.spacing, clear, fine
            )
        table[:] = 0.0
        for k in range(count):
            table[k, 0] = clear[k] / (clear[k] + CLEAR)
            table[k, 1], table[k, 2] = vortices[k, 0] + 0.5, vortices[k, 1] + 0.5
            table[k, 3], table[k, 4] = size * vortices[k, 2], vortices[k, 3]


@compiled(inline="always")
def _fit(
    u: Array,
    v: Array,
    how: Fitting,
    what: Sought,
    vortices: Array,
    count: int,
    clear: Array,
    room: Room,
    whole: Array,
) -> int:
    """How many vortices are believed, which are then the first ones, as clear as `clear` says."""
    power, further = show(u, v, how.stride, room), np.empty((1, 5))
    shown = 2 * ((len(u) + how.stride - 1) // how.stride) ** 2
    left = descend(vortices[:count], room, how.iterations, what.spacing)
    kept, kept_count = np.empty_like(vortices), count
    # standard errors shrink as the root of the cells grows: what all cells will show to be clear stays
    least = CLEAR / how.stride if how.polish else CLEAR
    for turn in range(how.rounds + 1):
        count, left = _clear(
            vortices, count, left, power, shown, how.iterations, least, what.spacing, clear, room
        )
        if turn == how.rounds or count == len(vortices):
            break
        if not _seek_further(u, v, what, vortices[:count], whole, further):
            break
        copy_table(vortices, kept)
        kept_count = count
        copy_line(further[0, 1:], vortices[count])
        for i in range(2):
            vortices[count, i] -= 0.5
        squares = descend(vortices[: count + 1], room, how.iterations, what.spacing)
        # by Bayes' information criterion, what four more numbers have to be worth
        worth = 4 * math.log(shown) * _variance(left, power, shown, BACKGROUND)
        if squares > left - worth:
            copy_table(kept, vortices)
            count = kept_count
            break
        count, left = count + 1, squares
    return count


@compiled(inline="always")
def _clear(
    vortices: Array,
    count: int,
    left: float,
    power: float,
    shown: int,
    iterations: int,
    least: float,
    spacing: float,
    clear: Array,
    room: Room,
) -> tuple[int, float]:
    """Take away, one by one, vortices whose circulation is no more than noise, and fit the others anew; how
    many stay, and the squares that are left. `clear`: how many standard errors their circulations are, more
    than `least`.
    """
    while count:
        variance = _variance(left, power, shown, 4 * count + BACKGROUND)
        standard_errors(count, variance, room, clear)
        worst = 0
        for k in range(count):
            clear[k] = abs(vortices[k, 2]) / max(clear[k], 1e-30)
            worst = k if clear[k] < clear[worst] else worst
        if clear[worst] > least:
            break
        for k in range(worst, count - 1):
            copy_line(vortices[k + 1], vortices[k])
        count -= 1
        left = descend(vortices[:count], room, iterations, spacing)
    return count, left


@compiled()
def _variance(squares: float, power: float, shown: int, numbers: int) -> float:
    """Of the noise, from what a fit of so many numbers leaves."""
    return max(squares / max(1, shown - numbers), EXACT**2 * power / shown)


@compiled(inline="always")
def _seek_further(u: Array, v: Array, what: Sought, vortices: Array, cells: Array, out: Array) -> int:
    """0 or 1: the highest peak of what these vortices leave, into `out` (1, 5)."""
    own = aligned_rows(2 * (len(cells) // CELLS))
    sum_velocities(vortices, cells, own)
    flat, size = own.reshape(2, own.size // 2), u.size
    return seek(u - flat[0, :size].reshape(u.shape), v - flat[1, :size].reshape(v.shape), what, out)
