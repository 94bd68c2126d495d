"""The Runge-Kutta scheme of order 8 of Dormand and Prince, a trajectory per lane, each with steps of its own.

A lane that is through with its trajectory takes up the next one. Frames come from the scheme's polynomial
through each step, whose place in the step is found from the time, which is part of the state.

Prince & Dormand, J. Comput. Appl. Math. 7 (1981), doi:10.1016/0771-050X(81)90010-3; step control and dense
output: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I (1993), doi:10.1007/
978-3-540-78862-1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contract import Status
from ..methods.compiled import compiled
from ..methods.lanes import any_lane, fill, fma, load, maximum, minimum, select, sqrt, store
from . import newton, regularised
from .dormand_prince_frames import REGULARISED, closest, dense, derivative, place, show
from .dormand_prince_sums import STAGES, weigh, weigh_on

__all__ = ["WORTHLESS", "memory_rows", "solve"]

SOLVED, LOST, SPENT = int(Status.SOLVED), int(Status.DIVERGED), int(Status.OUT_OF_BUDGET)
WORTHLESS = 0.1
"""A trajectory whose energy is off by this part of the potential energy is given up."""


@compiled()
def _step(y: Any, k: Any, trial: Any, h: Any, constants: Any, equations: Any, rows: Any) -> None:
    """From y to the trial state, with the derivatives on the way."""
    weigh_on(y, k, h, trial, rows, 1)
    derivative(trial, k, 1 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 2)
    derivative(trial, k, 2 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 3)
    derivative(trial, k, 3 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 4)
    derivative(trial, k, 4 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 5)
    derivative(trial, k, 5 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 6)
    derivative(trial, k, 6 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 7)
    derivative(trial, k, 7 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 8)
    derivative(trial, k, 8 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 9)
    derivative(trial, k, 9 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 10)
    derivative(trial, k, 10 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 11)
    derivative(trial, k, 11 * rows, constants, equations)
    weigh_on(y, k, h, trial, rows, 12)
    derivative(trial, k, 12 * rows, constants, equations)


@compiled()
def _error(y: Any, trial: Any, k: Any, h: Any, tolerance: Any, floor: Any, rows: Any) -> Any:
    """Estimated error over tolerance, each lane's root mean square over the rows.

    The rows come in pairs, the two components of a vector, except for time; a vector's scale is its length,
    but at least `floor`.
    """
    square5, square3 = fill(0.0, 8), fill(0.0, 8)
    for first in range(0, rows, 2):
        size, own5, own3 = fill(0.0, 8), fill(0.0, 8), fill(0.0, 8)
        for r in range(first, min(first + 2, rows)):
            e5, e3 = weigh(k, r, rows, 16), weigh(k, r, rows, 17)
            now, later = load(y, r, 8), load(trial, r, 8)
            size = maximum(size, fma(now, now, fill(0.0, 8)))
            size = maximum(size, later * later)
            own5, own3 = fma(e5, e5, own5), fma(e3, e3, own3)
        low = load(floor, first // 2, 8)
        weight = 1.0 / (size + low * low)
        square5, square3 = fma(own5, weight, square5), fma(own3, weight, square3)
    step = load(h, 0, 8)
    both = fma(square3, 0.01, square5)
    scaled = step * square5 / sqrt(maximum(both * float(rows), fill(1e-300, 8)))
    return scaled / tolerance


@compiled()
def solve(
    start: Any,
    start_constants: Any,
    start_floor: Any,
    times: Any,
    out: Any,
    ends: Any,
    numbers: Any,
    equations: Any,
    tolerance: Any,
    most: Any,
    nearest: Any,
    memory: Any,
) -> None:
    """Solve all trajectories.

    Args:
        start: (samples, rows) states at time 0.
        start_constants: (samples, constants) of the equations.
        start_floor: (samples, vectors) below which an error counts as absolute; see `_error`.
        times: (frames,) strictly increasing.
        out: (samples, frames, 4 bodies), x, y of each body in turn, then velocities; NaN where not reached.
        ends: (samples,) SOLVED, or SPENT where the steps did not suffice, or LOST where a state is not finite
            or, if regularised, its energy far off.
        numbers: (samples, 3) steps taken, those refused included; the closest approach, if `nearest`; the
            error of the energy: if regularised the largest, in parts of the potential energy at that moment,
            else the last, in parts of the start's kinetic and potential energy.
        equations: NEWTON, TRANSFORMED or REGULARISED.
        tolerance: of one step, relative.
        most: steps to one trajectory.
        nearest: whether to find the closest approach of two bodies; only if regularised.
        memory: rows of 8 lanes to work in; `memory_rows` says how many.
    """
    samples, rows = start.shape
    constant_rows, vectors, frames = start_constants.shape[1], start_floor.shape[1], len(times)
    y, trial, work = memory[:rows], memory[rows : 2 * rows], memory[2 * rows : 3 * rows]
    at = 3 * rows
    k = memory[at : at + STAGES * rows]
    at += STAGES * rows
    f = memory[at : at + 7 * rows]
    at += 7 * rows
    constants = memory[at : at + constant_rows]
    at += constant_rows
    floor = memory[at : at + vectors]
    at += vectors
    shown = memory[at : at + rows - 1]
    at += rows - 1
    h, target, near = memory[at : at + 1], memory[at + 1 : at + 2], memory[at + 2 : at + 3]
    accepted, drift = memory[at + 3 : at + 4], memory[at + 4 : at + 5]
    shares, until = memory[at + 5 : at + 6], memory[at + 6 : at + 7]
    active = np.full(8, -1)
    frame = np.zeros(8, np.int64)
    spent = np.zeros(8, np.int64)
    todo, running = 0, 0
    for lane in range(8):
        sample = min(todo, samples - 1)
        _take(start, start_constants, start_floor, sample, y, constants, floor, h, near, drift, lane)
        target[0, lane] = np.nan
        if todo < samples:
            target[0, lane] = times[0]
            active[lane] = todo
            todo += 1
            running += 1
    fresh = True
    while running:
        if fresh:
            derivative(y, k, 0, constants, equations)
            _first_step(y, k, h, floor, tolerance, rows)
            fresh = False
        _step(y, k, trial, h, constants, equations, rows)
        wrong = _error(y, trial, k, h, tolerance, floor, rows)
        fits = wrong <= 1.0
        factor = 0.9 / sqrt(sqrt(sqrt(wrong)))
        factor = minimum(maximum(factor, fill(0.2, 8)), fill(6.0, 8))
        factor = select(fits, factor, minimum(factor, fill(1.0, 8)))
        store(accepted, 0, select(fits, fill(1.0, 8), fill(0.0, 8)))
        if equations == REGULARISED:
            off = regularised.imbalance(trial, constants)
            # a NaN is as bad as can be, and must not get lost
            off = select(off <= 1e300, off, fill(1e300, 8))
            store(drift, 0, select(fits, maximum(load(drift, 0, 8), off), load(drift, 0, 8)))
        reached = select(fits, load(trial, rows - 1, 8), fill(-1.0, 8))
        asked = any_lane(reached >= load(target, 0, 8))
        store(until, 0, fill(1.0, 8))
        if asked or nearest:
            dense(y, trial, k, h, f, constants, equations, rows, work)
        if asked:
            while any_lane(reached >= load(target, 0, 8)):
                wanted = select(reached >= load(target, 0, 8), load(target, 0, 8), load(y, rows - 1, 8))
                share = place(y, f, wanted, rows)
                store(shares, 0, share)
                show(y, f, share, constants, equations, rows, work, shown)
                for lane in range(8):
                    if accepted[0, lane] == 1.0 and trial[rows - 1, lane] >= target[0, lane]:
                        for r in range(rows - 1):
                            out[active[lane], frame[lane], r] = shown[r, lane]
                        frame[lane] += 1
                        target[0, lane] = times[frame[lane]] if frame[lane] < frames else np.nan
                        if frame[lane] == frames:
                            until[0, lane] = shares[0, lane]
        if nearest:
            found = closest(y, f, load(until, 0, 8), rows)
            store(near, 0, minimum(load(near, 0, 8), select(fits, found, fill(1e300, 8))))
        for r in range(rows):
            store(y, r, select(fits, load(trial, r, 8), load(y, r, 8)))
            store(k, r, select(fits, load(k, 12 * rows + r, 8), load(k, r, 8)))
        store(h, 0, load(h, 0, 8) * factor)
        for lane in range(8):
            sample = active[lane]
            if sample < 0:
                continue
            spent[lane] += 1
            over = frame[lane] == frames
            lost = drift[0, lane] > WORTHLESS or not h[0, lane] > 1e-250
            if over or lost or spent[lane] >= most:
                if equations != REGULARISED:
                    drift[0, lane] = newton.imbalance(y, constants, lane)
                ends[sample] = LOST if lost else (SOLVED if over else SPENT)
                numbers[sample, 0], numbers[sample, 2] = spent[lane], drift[0, lane]
                if nearest:
                    numbers[sample, 1] = near[0, lane]
                active[lane], target[0, lane] = -1, np.nan
                running -= 1
                if todo < samples:
                    _take(
                        start, start_constants, start_floor, todo, y, constants, floor, h, near, drift, lane
                    )
                    target[0, lane] = times[0]
                    active[lane], frame[lane], spent[lane] = todo, 0, 0
                    todo += 1
                    running += 1
                    fresh = True


@compiled()
def _take(
    start: Any,
    start_constants: Any,
    start_floor: Any,
    sample: Any,
    y: Any,
    constants: Any,
    floor: Any,
    h: Any,
    near: Any,
    drift: Any,
    lane: Any,
) -> None:
    """Put a trajectory into a lane."""
    for r in range(y.shape[0]):
        y[r, lane] = start[sample, r]
    for r in range(constants.shape[0]):
        constants[r, lane] = start_constants[sample, r]
    for r in range(floor.shape[0]):
        floor[r, lane] = start_floor[sample, r]
    h[0, lane] = 0.0
    near[0, lane], drift[0, lane] = 1e300, 0.0


@compiled()
def _first_step(y: Any, k: Any, h: Any, floor: Any, tolerance: Any, rows: Any) -> None:
    """Where there is no step yet, a cautious one: what moves the state by a part of its size."""
    fastest = fill(1e-300, 8)
    for first in range(0, rows, 2):
        size, speed, low = fill(0.0, 8), fill(0.0, 8), load(floor, first // 2, 8)
        for r in range(first, min(first + 2, rows)):
            size = fma(load(y, r, 8), load(y, r, 8), size)
            speed = fma(load(k, r, 8), load(k, r, 8), speed)
        fastest = maximum(fastest, speed / fma(low, low, size))
    share = sqrt(sqrt(sqrt(fill(tolerance, 8))))
    step = load(h, 0, 8)
    store(h, 0, select(step > 0.0, step, share / sqrt(fastest)))


def memory_rows(rows: int, constants: int, vectors: int) -> int:
    """Rows of lanes that `solve` works in."""
    return (3 + STAGES + 7) * rows + constants + vectors + rows - 1 + 7
