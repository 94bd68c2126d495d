"""Compiled exponential integrators over rows of lanes: the loops around the codelets.

Samples go in groups, as many as there are lanes or one across them. `load` takes the frames that a run starts
from to spectra, `solve` runs on from there; they are two functions so that the first is compiled once for all
schemes. `load_in_registers` and `solve_in_registers` are the same for transforms of few rows. Memory is given
by the caller; nothing is allocated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiled import compiled
from .exponential_codelets import SHOW, block, double_block, double_root, in_registers, root, tile
from .exponential_steps import LOAD, REMEMBER, STEP
from .lane_fourier import forward_passes, inverse_passes, power_passes

__all__ = ["load", "load_in_registers", "solve", "solve_in_registers"]


@compiled(inline="always")
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


@compiled()
def _gather(history: Any, start: Any, stop: Any, frame: Any, work: Any, power: Any) -> None:
    """Put a frame of samples start to stop - 1, raised, into the work: one per lane, or one in all."""
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
            raised = value
            for _ in range(power - 1):
                raised *= value
            work[row, lane] = raised


@compiled()
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


@compiled()
def _lost(physical: Any) -> bool:
    """Whether nothing finite is left in the first row, so that no lane is worth going on with."""
    for lane in range(physical.shape[1]):  # noqa: SIM110 - numba has no all()
        if np.isfinite(physical[0, lane]):
            return False
    return True


@compiled()
def _fill_with_nan(out: Any, frame: Any) -> None:
    """All frames from this one on."""
    for lane in range(out.shape[0]):
        for later in range(frame, out.shape[1]):
            for n in range(out.shape[2]):
                out[lane, later, n] = np.nan


@compiled()
def _copy(work: Any, physical: Any) -> None:
    for row in range(work.shape[0]):  # slices would add seconds to the time to compile
        for lane in range(work.shape[1]):
            physical[row, lane] = work[row, lane]


@compiled()
def load(
    history: Any,
    width: Any,
    work: Any,
    state: Any,
    plan: Any,
    tables: Any,
    special: Any,
    linear: Any,
    nonlinear: Any,
    power: Any,
    layout: Any,
    intake: Any,
) -> None:
    """Take the frames of all samples, `width` at a time, to where a run starts from.

    Args:
        history: (samples, past frames, points), the last frame the present.
        width: samples in one group.
        work: (groups or more, rows, lanes).
        state: (groups or more, arrays, rows or more, lanes), of which `load` fills what a step reads but for
            what it carries.
        plan: of the transform.
        tables: of the intake.
        special: of the intake.
        linear: as in the build.
        nonlinear: as in the build.
        power: of the values, 2 or 3, of which the nonlinear terms are made.
        layout: of the build.
        intake: of the build.
    """
    samples, past = history.shape[0], history.shape[1]
    for group in range(-(-samples // width)):
        start, stop = group * width, min((group + 1) * width, samples)
        rows, kept = work[group], state[group]
        for frame in range(past):
            if past - nonlinear <= frame < past - 1:
                _gather(history, start, stop, frame, rows, power)
                forward_passes(rows, plan, 0, layout)
                place = linear + frame % nonlinear
                _spectral_pass(rows, kept, plan, tables, special, place, REMEMBER, intake)
            if frame >= past - linear:
                _gather(history, start, stop, frame, rows, 1)
                forward_passes(rows, plan, 0, layout)
                _spectral_pass(rows, kept, plan, tables, special, frame % linear, LOAD, intake)


@compiled()
def solve(
    out: Any,
    width: Any,
    work: Any,
    physical: Any,
    state: Any,
    plan: Any,
    tables: Any,
    special: Any,
    step: Any,
    steps: Any,
    stages: Any,
    layout: Any,
    build: Any,
) -> None:
    """Advance what `load` made ready and write frames; stop where all of a group has become NaN or infinite.

    Args:
        out: (samples, frames, points).
        width: samples in one group.
        work: (groups or more, rows, lanes).
        physical: (rows, lanes).
        state: (groups or more, arrays, rows or more, lanes).
        plan: of the transform.
        tables: weights of the slots.
        special: weights of slot 0.
        step: number of the step at which the run starts, which says where the rings of the past begin.
        steps: (frames,) steps to each frame.
        stages: of a step.
        layout: of the build: what knows no more is compiled once for all schemes.
        build: what is fixed at compile time.
    """
    for group in range(-(-out.shape[0] // width)):
        part = out[group * width : min((group + 1) * width, out.shape[0])]
        rows, kept, now = work[group], state[group], step
        for frame in range(out.shape[1]):
            for _ in range(steps[frame]):
                for stage in range(stages):
                    power_passes(rows, plan, layout)
                    _spectral_pass(rows, kept, plan, tables, special, now, stage, build)
                now += 1
            _copy(rows, physical)
            inverse_passes(physical, plan, 0, layout)
            _write(physical, part, frame, layout)
            if _lost(physical):
                _fill_with_nan(part, frame)
                break


@compiled()
def load_in_registers(
    history: Any,
    width: Any,
    work: Any,
    state: Any,
    tables: Any,
    special: Any,
    linear: Any,
    nonlinear: Any,
    power: Any,
    intake: Any,
) -> None:
    """`load` for a transform that fits in registers, with one work array (rows, lanes)."""
    samples, past = history.shape[0], history.shape[1]
    for group in range(-(-samples // width)):
        start, stop = group * width, min((group + 1) * width, samples)
        kept = state[group]
        for frame in range(past):
            for stage in range(LOAD, REMEMBER + 1):
                if stage == LOAD and frame >= past - linear:
                    place = frame % linear
                elif stage == REMEMBER and past - nonlinear <= frame < past - 1:
                    place = linear + frame % nonlinear
                else:
                    continue
                _gather(history, start, stop, frame, work, power if stage == REMEMBER else 1)
                in_registers(work, kept, tables, special, place, stage, intake)


@compiled()
def solve_in_registers(
    out: Any,
    width: Any,
    work: Any,
    state: Any,
    tables: Any,
    special: Any,
    step: Any,
    steps: Any,
    layout: Any,
    build: Any,
) -> None:
    """`solve` for a transform that fits in registers, with one work array (rows, lanes)."""
    for group in range(-(-out.shape[0] // width)):
        part = out[group * width : min((group + 1) * width, out.shape[0])]
        kept, now = state[group], step
        for frame in range(out.shape[1]):
            for _ in range(steps[frame]):
                in_registers(work, kept, tables, special, now, STEP, build)
                now += 1
            in_registers(work, kept, tables, special, now, SHOW, build)
            _write(work, part, frame, layout)
            if _lost(work):
                _fill_with_nan(part, frame)
                break
