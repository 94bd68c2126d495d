"""Schemes of a fixed step, a trajectory per lane: leapfrog and its compositions, and Runge-Kutta of order 4.

With the time transformation a step is fixed in s (see `newton`), and leapfrog is that of the logarithmic
Hamiltonian, which follows two bodies on their exact orbit, only with an error in time.

A frame between two steps is a step of its own from the one before, as long as it must be, so that it has the
scheme's order at any time.

Leapfrog's compositions: Yoshida, Phys. Lett. A 150 (1990), doi:10.1016/0375-9601(90)90092-3 (orders 4, 6);
McLachlan, SIAM J. Sci. Comput. 16 (1995), doi:10.1137/0916010 (order 8). The logarithmic Hamiltonian:
Mikkola & Tanikawa, Celest. Mech. Dyn. Astron. 74 (1999), doi:10.1023/A:1008368322547.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import Status
from ..methods.compiled import compiled
from ..methods.lanes import absolute, any_lane, fill, fma, load, maximum, select, store
from . import newton

__all__ = ["memory_rows", "solve", "weights_of"]

SOLVED, LOST, SPENT = int(Status.SOLVED), int(Status.DIVERGED), int(Status.OUT_OF_BUDGET)


def weights_of(order: int) -> NDArray[np.float64]:
    """The lengths of the leapfrog steps that make up one step of order 2, 4, 6 or 8."""
    outer = {
        2: (),
        4: (1 / (2 - 2 ** (1 / 3)),),
        6: (0.784513610477560, 0.235573213359357, -1.17767998417887),
        8: (
            *(0.74167036435061295344822780, -0.40910082580003159399730010, 0.19075471029623837995387626),
            *(-0.57386247111608226665638773, 0.29906418130365592384446354, 0.33462491824529818378495798),
            0.31529309239676659663205666,
        ),
    }[order]
    return np.array([*outer, 1 - 2 * sum(outer), *reversed(outer)])


@compiled()
def _leapfrog(y: Any, k: Any, h: Any, constants: Any, bodies: Any, transformed: Any) -> None:
    """Drift half a step, kick, drift half a step; h are lanes."""
    half = 0.5 * h
    for kick in range(2):
        rate = half
        if transformed:
            kinetic = load(constants, bodies + 1, 8)
            for i in range(bodies):
                vx, vy = load(y, 2 * bodies + 2 * i, 8), load(y, 2 * bodies + 2 * i + 1, 8)
                kinetic = fma(0.5 * load(constants, i, 8), fma(vx, vx, vy * vy), kinetic)
            rate = half / kinetic
        for r in range(2 * bodies):
            store(y, r, fma(rate, load(y, 2 * bodies + r, 8), load(y, r, 8)))
        store(y, 4 * bodies, load(y, 4 * bodies, 8) + rate)
        if kick == 0:
            potential = newton.accelerations(y, k, 0, constants, bodies)
            rate = h / potential if transformed else h
            for r in range(2 * bodies):
                store(y, 2 * bodies + r, fma(rate, load(k, r, 8), load(y, 2 * bodies + r, 8)))


@compiled()
def _runge_kutta(y: Any, k: Any, trial: Any, h: Any, constants: Any, bodies: Any, transformed: Any) -> None:
    """The classical scheme of order 4; h are lanes."""
    rows = 4 * bodies + 1
    newton.derivative(y, k, 0, constants, bodies, transformed)
    for stage in range(1, 4):
        share = h if stage == 3 else 0.5 * h
        for r in range(rows):
            store(trial, r, fma(share, load(k, (stage - 1) * rows + r, 8), load(y, r, 8)))
        newton.derivative(trial, k, stage * rows, constants, bodies, transformed)
    sixth = (1 / 6) * h
    for r in range(rows):
        outer = load(k, r, 8) + load(k, 3 * rows + r, 8)
        inner = load(k, rows + r, 8) + load(k, 2 * rows + r, 8)
        store(y, r, fma(sixth, fma(inner, 2.0, outer), load(y, r, 8)))


@compiled()
def _advance(
    y: Any,
    k: Any,
    trial: Any,
    h: Any,
    constants: Any,
    bodies: Any,
    weights: Any,
    transformed: Any,
) -> None:
    """One step of the scheme, in place; no weights stand for Runge-Kutta."""
    if len(weights) == 0:
        _runge_kutta(y, k, trial, h, constants, bodies, transformed)
    else:
        for part in range(len(weights)):
            _leapfrog(y, k, weights[part] * h, constants, bodies, transformed)


@compiled()
def _rate(y: Any, k: Any, constants: Any, bodies: Any, transformed: Any) -> Any:
    """dt/ds."""
    return 1.0 / newton.accelerations(y, k, 0, constants, bodies) if transformed else fill(1.0, 8)


@compiled()
def solve(
    start: Any,
    start_constants: Any,
    times: Any,
    out: Any,
    ends: Any,
    numbers: Any,
    weights: Any,
    transformed: Any,
    step: Any,
    most: Any,
    memory: Any,
) -> None:
    """Solve all trajectories.

    Args:
        start: (samples, 4 bodies + 1) states at time 0.
        start_constants: (samples, bodies + 3); see `newton.constants_of`.
        times: (frames,) strictly increasing.
        out: (samples, frames, 4 bodies) as the state; NaN where not reached.
        ends: (samples,) SOLVED, or SPENT where the steps did not suffice, or LOST where time is not finite.
        numbers: (samples, 3) steps taken; NaN; the error of the last energy in parts of the start's kinetic
            and potential energy.
        weights: of the leapfrog steps of a step; empty for Runge-Kutta.
        transformed: whether the step is one of s.
        step: its length.
        most: steps to one trajectory.
        memory: rows of 8 lanes to work in; `memory_rows` says how many.
    """
    samples, rows = start.shape
    bodies, frames = (rows - 1) // 4, len(times)
    y, before, trial, work = (
        memory[:rows],
        memory[rows : 2 * rows],
        memory[2 * rows : 3 * rows],
        memory[3 * rows : 4 * rows],
    )
    at = 4 * rows
    k = memory[at : at + 4 * rows]
    at += 4 * rows
    constants = memory[at : at + bodies + 3]
    target = memory[at + bodies + 3 : at + bodies + 4]
    active, frame, spent = np.full(8, -1), np.zeros(8, np.int64), np.zeros(8, np.int64)
    todo, running = 0, 0
    for lane in range(8):
        _take(start, start_constants, min(todo, samples - 1), y, constants, lane)
        target[0, lane] = np.nan
        if todo < samples:
            target[0, lane], active[lane] = times[0], todo
            todo += 1
            running += 1
    h = fill(step, 8)
    while running:
        for r in range(rows):
            store(before, r, load(y, r, 8))
        _advance(y, k, trial, h, constants, bodies, weights, transformed)
        while any_lane(load(y, rows - 1, 8) >= load(target, 0, 8)):
            asked = load(y, rows - 1, 8) >= load(target, 0, 8)
            start_time = load(before, rows - 1, 8)
            wanted = select(asked, load(target, 0, 8), start_time)
            length = load(y, rows - 1, 8) - start_time
            share = h * (wanted - start_time) / length
            # Newton's method within a bracket: near a collision time is far from straight in the step
            low, high = fill(0.0, 8), h
            for _ in range(60):
                for r in range(rows):
                    store(work, r, load(before, r, 8))
                _advance(work, k, trial, share, constants, bodies, weights, transformed)
                missing = load(work, rows - 1, 8) - wanted
                # a lane that has arrived stays, however long the others take
                away = absolute(missing) > 2e-15 * maximum(wanted, length)
                if not any_lane(away):
                    break
                low = select(missing < 0.0, share, low)
                high = select(missing > 0.0, share, high)
                middle = 0.5 * (low + high)
                later = share - missing / _rate(work, k, constants, bodies, transformed)
                later = select(later > low, select(later < high, later, middle), middle)
                share = select(away, later, share)
            for lane in range(8):
                if y[rows - 1, lane] >= target[0, lane]:
                    for r in range(rows - 1):
                        out[active[lane], frame[lane], r] = work[r, lane]
                    frame[lane] += 1
                    target[0, lane] = times[frame[lane]] if frame[lane] < frames else np.nan
        for lane in range(8):
            sample = active[lane]
            if sample < 0:
                continue
            spent[lane] += 1
            over = frame[lane] == frames
            lost = not np.isfinite(y[rows - 1, lane])
            if over or lost or spent[lane] >= most:
                off = newton.imbalance(y, constants, lane)
                ends[sample] = LOST if lost else (SOLVED if over else SPENT)
                numbers[sample, 0], numbers[sample, 2] = spent[lane], off
                active[lane], target[0, lane] = -1, np.nan
                running -= 1
                if todo < samples:
                    _take(start, start_constants, todo, y, constants, lane)
                    target[0, lane] = times[0]
                    active[lane], frame[lane], spent[lane] = todo, 0, 0
                    todo += 1
                    running += 1


@compiled()
def _take(
    start: Any,
    start_constants: Any,
    sample: Any,
    y: Any,
    constants: Any,
    lane: Any,
) -> None:
    """Put a trajectory into a lane."""
    for r in range(y.shape[0]):
        y[r, lane] = start[sample, r]
    for r in range(constants.shape[0]):
        constants[r, lane] = start_constants[sample, r]


def memory_rows(bodies: int) -> int:
    """Rows of lanes that `solve` works in."""
    return 8 * (4 * bodies + 1) + bodies + 4
