"""Compiled exponential integrators over rows of lanes: the loops around the codelets.

`solve` takes samples in groups, as many as there are lanes or one across them, through one work array.
`solve_in_registers` is the same for transforms of few rows. Memory is given by the caller; nothing is
allocated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .exponential_codelets import SHOW, block, double_block, double_root, in_registers, root, tile
from .exponential_steps import LOAD, REMEMBER, STEP
from .lane_fourier import forward_passes, inverse_passes, square_passes

__all__ = ["solve", "solve_in_registers"]


@njit(cache=True, nogil=True, inline="always")
def _spectral_pass(
    work: Any, state: Any, plan: Any, tables: Any, special: Any, step: Any, stage: Any, build: Any
) -> None:
    blocks = plan.blocks
    for b in range(len(blocks)):
        points, real, imaginary, slot = blocks[b, 0], blocks[b, 1], blocks[b, 2], blocks[b, 3]
        if points == plan.leaf:
            block(work, state, tables, special, real, imaginary, slot, step, stage, build)
        else:
            double_block(work, state, tables, special, real, imaginary, slot, step, stage, build)
    if plan.root == 2 * plan.leaf:
        root(work, state, tables, special, 0, 0, 0, step, stage, build)
    else:
        double_root(work, state, tables, special, 0, 0, 0, step, stage, build)


@njit(cache=True, nogil=True)
def _gather(history: Any, start: Any, stop: Any, frame: Any, work: Any, squared: Any) -> None:
    """Put a frame of samples start to stop - 1 into the work: a trajectory per lane, or one in all."""
    rows, lanes = work.shape
    points = history.shape[2]
    for row in range(rows):
        for lane in range(lanes):
            if points != rows:
                value = history[start, frame, row * lanes + lane]
            elif start + lane < stop:
                value = history[start + lane, frame, row]
            else:
                value = history[start, frame, row]
            work[row, lane] = value * value if squared else value


@njit(cache=True, nogil=True)
def _write(physical: Any, out: Any, frame: Any, build: Any) -> None:
    """Put physical rows into out (trajectories, frames, points): a trajectory per lane, or one in all."""
    rows, lanes = physical.shape
    frames, points = out.shape[1], out.shape[2]
    if points != rows:
        for m in range(rows):
            for lane in range(lanes):
                out[0, frame, m * lanes + lane] = physical[m, lane]
        return
    row = 0
    if out.shape[0] == lanes:
        while row + lanes <= rows:
            tile(physical, out, row, frame * points + row, frames * points, build)
            row += lanes
    for lane in range(out.shape[0]):
        for n in range(row, rows):
            out[lane, frame, n] = physical[n, lane]


@njit(cache=True, nogil=True)
def _lost(physical: Any) -> bool:
    """Whether nothing finite is left in the first row, so that no lane is worth going on with."""
    for lane in range(physical.shape[1]):  # noqa: SIM110 - numba has no all()
        if np.isfinite(physical[0, lane]):
            return False
    return True


@njit(cache=True, nogil=True)
def _fill_with_nan(out: Any, frame: Any) -> None:
    """All frames from this one on."""
    for lane in range(out.shape[0]):
        for later in range(frame, out.shape[1]):
            for n in range(out.shape[2]):
                out[lane, later, n] = np.nan


@njit(cache=True, nogil=True)
def _run(
    work: Any,
    physical: Any,
    state: Any,
    out: Any,
    plan: Any,
    tables: Any,
    special: Any,
    step: Any,
    steps: Any,
    stages: Any,
    build: Any,
) -> None:
    """Advance and write frames, `steps[i]` steps to frame i; stop where all has become NaN or infinite."""
    for frame in range(out.shape[1]):
        for _ in range(steps[frame]):
            for stage in range(stages):
                square_passes(work, plan, build)
                _spectral_pass(work, state, plan, tables, special, step, stage, build)
            step += 1
        for row in range(work.shape[0]):  # slices would add seconds to the time to compile
            for lane in range(work.shape[1]):
                physical[row, lane] = work[row, lane]
        inverse_passes(physical, plan, 0, build)
        _write(physical, out, frame, build)
        if _lost(physical):
            _fill_with_nan(out, frame)
            return


@njit(cache=True, nogil=True)
def _load(
    work: Any, state: Any, plan: Any, tables: Any, special: Any, step: Any, past: Any, build: Any
) -> None:
    """Take the work's rows as the solution at a step or, of the past, as its square."""
    forward_passes(work, plan, 0, build)
    if past:
        _spectral_pass(work, state, plan, tables, special, step, REMEMBER, build)
    else:
        _spectral_pass(work, state, plan, tables, special, step, LOAD, build)


@njit(cache=True, nogil=True)
def solve(
    history: Any,
    out: Any,
    width: Any,
    work: Any,
    physical: Any,
    state: Any,
    plan: Any,
    tables: Any,
    special: Any,
    steps: Any,
    linear: Any,
    nonlinear: Any,
    build: Any,
) -> None:
    """Frames of all samples, `width` at a time.

    Args:
        history: (samples, past frames, points), the last frame the present.
        out: (samples, frames, points).
        width: samples in one work array.
        work: (rows, lanes).
        physical: like work.
        state: (arrays, rows or more, lanes).
        plan: of the transform.
        tables: weights of the slots.
        special: weights of slot 0.
        steps: (frames,) steps to each frame.
        linear: as in the build.
        nonlinear: as in the build.
        build: what is fixed at compile time.
    """
    samples, past = history.shape[0], history.shape[1]
    for start in range(0, samples, width):
        stop = min(start + width, samples)
        for frame in range(past):
            if past - nonlinear <= frame < past - 1:
                _gather(history, start, stop, frame, work, True)
                _load(work, state, plan, tables, special, frame, True, build)
            if frame >= past - linear:
                _gather(history, start, stop, frame, work, False)
                _load(work, state, plan, tables, special, frame, False, build)
        stages = 1 if nonlinear else 4
        part = out[start:stop]
        _run(work, physical, state, part, plan, tables, special, past - 1, steps, stages, build)


@njit(cache=True, nogil=True)
def _run_in_registers(
    work: Any, state: Any, out: Any, tables: Any, special: Any, step: Any, steps: Any, build: Any
) -> None:
    for frame in range(out.shape[1]):
        for _ in range(steps[frame]):
            in_registers(work, state, tables, special, step, STEP, build)
            step += 1
        in_registers(work, state, tables, special, step, SHOW, build)
        _write(work, out, frame, build)
        if _lost(work):
            _fill_with_nan(out, frame)
            return


@njit(cache=True, nogil=True)
def solve_in_registers(
    history: Any,
    out: Any,
    width: Any,
    work: Any,
    state: Any,
    tables: Any,
    special: Any,
    steps: Any,
    linear: Any,
    nonlinear: Any,
    build: Any,
) -> None:
    """`solve` for a transform that fits in registers."""
    samples, past = history.shape[0], history.shape[1]
    for start in range(0, samples, width):
        stop = min(start + width, samples)
        for frame in range(past):
            if past - nonlinear <= frame < past - 1:
                _gather(history, start, stop, frame, work, True)
                in_registers(work, state, tables, special, frame, REMEMBER, build)
            if frame >= past - linear:
                _gather(history, start, stop, frame, work, False)
                in_registers(work, state, tables, special, frame, LOAD, build)
        part = out[start:stop]
        _run_in_registers(work, state, part, tables, special, past - 1, steps, build)
