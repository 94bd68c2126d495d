"""Frames within a step of the Dormand-Prince scheme, from its polynomial; and the equations it solves."""

from __future__ import annotations

from typing import Any

from ..methods.compiled import compiled
from ..methods.lanes import absolute, any_lane, fill, fma, load, maximum, minimum, select, store
from . import newton, regularised
from .dormand_prince_sums import weigh, weigh_on

__all__ = ["NEWTON", "REGULARISED", "TRANSFORMED", "closest", "dense", "derivative", "place", "show"]

NEWTON, TRANSFORMED, REGULARISED = 0, 1, 2
"""Which equations: plainly in time, with a time transformation, or regularised."""


@compiled()
def derivative(y: Any, k: Any, row: Any, constants: Any, equations: Any) -> None:
    if equations == REGULARISED:
        regularised.derivative(y, k, row, constants)
    else:
        newton.derivative(y, k, row, constants, constants.shape[0] - 3, equations == TRANSFORMED)


@compiled()
def dense(
    y: Any, trial: Any, k: Any, h: Any, f: Any, constants: Any, equations: Any, rows: Any, work: Any
) -> None:
    """The polynomial of the step from y to trial: seven coefficients per row, into f."""
    weigh_on(y, k, h, work, rows, 13)
    derivative(work, k, 13 * rows, constants, equations)
    weigh_on(y, k, h, work, rows, 14)
    derivative(work, k, 14 * rows, constants, equations)
    weigh_on(y, k, h, work, rows, 15)
    derivative(work, k, 15 * rows, constants, equations)
    step = load(h, 0, 8)
    for r in range(rows):
        change = load(trial, r, 8) - load(y, r, 8)
        start, end = step * load(k, r, 8), step * load(k, 12 * rows + r, 8)
        store(f, r, change)
        store(f, rows + r, start - change)
        store(f, 2 * rows + r, change + change - (end + start))
        store(f, 3 * rows + r, step * weigh(k, r, rows, 18))
        store(f, 4 * rows + r, step * weigh(k, r, rows, 19))
        store(f, 5 * rows + r, step * weigh(k, r, rows, 20))
        store(f, 6 * rows + r, step * weigh(k, r, rows, 21))


@compiled()
def _value_and_slope(f: Any, row: Any, share: Any, rows: Any) -> Any:
    """At a share of the step: the row's change since its start over the share; and its slope."""
    left = 1.0 - share
    value, slope = load(f, 6 * rows + row, 8), fill(0.0, 8)
    for d in range(5, -1, -1):
        factor = share if d % 2 else left
        slope = fma(slope, factor, value if d % 2 else -value)
        value = fma(value, factor, load(f, d * rows + row, 8))
    return value, fma(slope, share, value)


@compiled()
def place(y: Any, f: Any, wanted: Any, rows: Any) -> Any:
    """The share of the step at which its time is `wanted`, by Newton's method within a bracket."""
    last = rows - 1
    start, length = load(y, last, 8), load(f, last, 8)
    low, high = fill(0.0, 8), fill(1.0, 8)
    share = minimum(maximum((wanted - start) / length, low), high)
    for _ in range(40):
        value, slope = _value_and_slope(f, last, share, rows)
        value = fma(value, share, start) - wanted
        high = select(value > 0.0, minimum(high, share), high)
        low = select(value < 0.0, maximum(low, share), low)
        later = share - value / slope
        middle = 0.5 * (low + high)
        later = select(later >= low, select(later <= high, later, middle), middle)
        # a lane that has arrived stays, however long the others take
        later = select(absolute(later - share) > 4e-16, later, share)
        if not any_lane(later != share):
            break
        share = later
    return share


@compiled()
def show(
    y: Any, f: Any, share: Any, constants: Any, equations: Any, rows: Any, work: Any, shown: Any
) -> None:
    """Positions and velocities at a share of the step."""
    left = 1.0 - share
    for r in range(rows):
        total = load(f, 6 * rows + r, 8)
        for d in range(5, -1, -1):
            total = fma(total, share if d % 2 else left, load(f, d * rows + r, 8))
        store(work, r, fma(total, share, load(y, r, 8)))
    if equations == REGULARISED:
        regularised.physical(work, shown, constants)
    else:
        for r in range(rows - 1):
            store(shown, r, load(work, r, 8))


@compiled()
def closest(y: Any, f: Any, until: Any, rows: Any) -> Any:
    """The smallest distance of two bodies from a step's start to a share of it, regularised; lanes."""
    found = regularised.least(y)
    for k in range(3):
        best, at = fill(1e300, 8), fill(0.0, 8)
        for m in range(16):
            # eight places, then Gauss-Newton steps from the best: u is nearly straight where it is small
            share = until * ((m + 1) / 8) if m < 8 else at
            x, vx = _value_and_slope(f, 2 * k, share, rows)
            y_, vy = _value_and_slope(f, 2 * k + 1, share, rows)
            x, y_ = fma(x, share, load(y, 2 * k, 8)), fma(y_, share, load(y, 2 * k + 1, 8))
            distance = fma(x, x, y_ * y_)
            if m < 8:
                at = select(distance < best, share, at)
            else:
                step = fma(x, vx, y_ * vy) / maximum(fma(vx, vx, vy * vy), fill(1e-300, 8))
                at = minimum(maximum(at - step, fill(0.0, 8)), until)
            best = minimum(best, distance)
        found = minimum(found, best)
    return found
