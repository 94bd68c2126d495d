"""Compiled exponential integrators over rows of lanes: the loops around the codelets.

`run` advances what lies in one work array: as many trajectories as there are lanes, or one across the lanes.
The `..._in_registers` variants are for transforms of at most 16 rows. Memory is given by the caller and
nothing is allocated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .exponential_codelets import SHOW, block4, block8, in_registers, root8, root16, tile
from .exponential_steps import LOAD, REMEMBER, STEP
from .lane_fourier import forward_passes, inverse_passes, square_passes

__all__ = [
    "load_history",
    "load_history_in_registers",
    "load_state",
    "load_state_in_registers",
    "run",
    "run_in_registers",
]


@njit(cache=True, nogil=True, inline="always")
def _spectral_pass(
    work: Any, state: Any, plan: Any, tables: Any, special: Any, step: Any, stage: Any, build: Any
) -> None:
    blocks = plan.blocks
    for b in range(len(blocks)):
        points, real, imaginary, slot = blocks[b, 0], blocks[b, 1], blocks[b, 2], blocks[b, 3]
        if points == 8:
            block8(work, state, tables, special, real, imaginary, slot, step, stage, build)
        else:
            block4(work, state, tables, special, real, imaginary, slot, step, stage, build)
    if plan.root == 8:
        root8(work, state, tables, special, 0, 0, 0, step, stage, build)
    else:
        root16(work, state, tables, special, 0, 0, 0, step, stage, build)


@njit(cache=True, nogil=True)
def _write(physical: Any, out: Any, frame: Any) -> None:
    """Put physical rows into out (trajectories, frames, points): a trajectory per lane, or one in all."""
    rows, lanes = physical.shape
    points = out.shape[2]
    if points != rows:
        for m in range(rows):
            for lane in range(lanes):
                out[0, frame, m * lanes + lane] = physical[m, lane]
    else:
        for lane in range(out.shape[0]):
            for n in range(points):
                out[lane, frame, n] = physical[n, lane]


@njit(cache=True, nogil=True)
def _write_tiles(physical: Any, out: Any, frame: Any, build: Any) -> None:
    rows, lanes = physical.shape
    frames, points = out.shape[1], out.shape[2]
    if points == rows and out.shape[0] == lanes:
        for row in range(0, rows, lanes):
            tile(physical, out, row, frame * points + row, frames * points, build)
    else:
        _write(physical, out, frame)


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
def load_state(work: Any, state: Any, plan: Any, tables: Any, special: Any, step: Any, build: Any) -> None:
    """Take the physical values in `work` as the solution at a step; the work is ready for `run` after it."""
    forward_passes(work, plan, 0, build)
    _spectral_pass(work, state, plan, tables, special, step, LOAD, build)


@njit(cache=True, nogil=True)
def load_history(work: Any, state: Any, plan: Any, tables: Any, special: Any, step: Any, build: Any) -> None:
    """Take the squares of physical values in `work` as those of a step in the past."""
    forward_passes(work, plan, 0, build)
    _spectral_pass(work, state, plan, tables, special, step, REMEMBER, build)


@njit(cache=True, nogil=True)
def run(
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
    frames = out.shape[1]
    for frame in range(frames):
        for _ in range(steps[frame]):
            for stage in range(stages):
                square_passes(work, plan, build)
                _spectral_pass(work, state, plan, tables, special, step, stage, build)
            step += 1
        for row in range(work.shape[0]):  # slices would add seconds to the time to compile
            for lane in range(work.shape[1]):
                physical[row, lane] = work[row, lane]
        inverse_passes(physical, plan, 0, build)
        _write_tiles(physical, out, frame, build)
        if _lost(physical):
            _fill_with_nan(out, frame)
            return


@njit(cache=True, nogil=True)
def load_state_in_registers(work: Any, state: Any, tables: Any, special: Any, step: Any, build: Any) -> None:
    """`load_state` for a transform that fits in registers."""
    in_registers(work, state, tables, special, step, LOAD, build)


@njit(cache=True, nogil=True)
def load_history_in_registers(
    work: Any, state: Any, tables: Any, special: Any, step: Any, build: Any
) -> None:
    """`load_history` for a transform that fits in registers."""
    in_registers(work, state, tables, special, step, REMEMBER, build)


@njit(cache=True, nogil=True)
def run_in_registers(
    work: Any,
    state: Any,
    out: Any,
    tables: Any,
    special: Any,
    step: Any,
    steps: Any,
    build: Any,
) -> None:
    """`run` for a transform that fits in registers."""
    for frame in range(out.shape[1]):
        for _ in range(steps[frame]):
            in_registers(work, state, tables, special, step, STEP, build)
            step += 1
        in_registers(work, state, tables, special, step, SHOW, build)
        _write_tiles(work, out, frame, build)
        if _lost(work):
            _fill_with_nan(out, frame)
            return
