"""Runs into which what was seen is put, frame after frame, in one compiled loop: nothing but steps costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import exponential_kernels as kernels
from .compiled import compiled
from .exponential_steps import arrays
from .lane_exponential import APART, prepared
from .lane_fourier import make_plan
from .lane_tables import RungeKuttaTables
from .lanes import aligned

__all__ = ["run_with_insertions"]

Array = NDArray[Any]


def run_with_insertions(
    seen: Array, tables: RungeKuttaTables, *, steps: int, up: Array, down: Array, lanes: str = "auto"
) -> Array:
    """The state at the last frame, (samples, points), of runs that begin with the first frame seen.

    Between two frames are so many steps; at each, state += (frame - state @ down) @ up. Computes in the
    precision of `seen`, as `run_runge_kutta` does; what blows up is NaN or infinite.

    Args:
        seen: (samples, frames, seen points), float32 or float64.
        tables: the scheme.
        steps: from a frame to the next, at least 1.
        up: (seen points, points) from what is seen to the grid.
        down: (points, seen points) what is seen of the grid.
        lanes: as in `run_runge_kutta`.
    """
    seen = np.ascontiguousarray(seen)
    samples, dtype, points = len(seen), seen.dtype, up.shape[1]
    across = lanes == "across" or (lanes == "auto" and samples <= 2)
    run = prepared(tables, points, dtype, across)
    build = run.build
    width, rows = (1, points // build.lanes) if across else (build.lanes, points)
    apart = 0 if build.rows else APART
    state = aligned((len(arrays(build)) * (rows + apart), build.lanes), dtype)
    state = state.reshape(1, len(arrays(build)), rows + apart, build.lanes)
    work, physical = aligned((2 * rows, build.lanes), dtype).reshape(2, rows, build.lanes)
    moves = np.ascontiguousarray(up, dtype), np.ascontiguousarray(down, dtype)
    now, lacking = np.empty((width, 1, points), dtype), np.empty(seen.shape[2], dtype)
    out, each = np.empty((samples, points), dtype), np.array([steps])
    known = seen, *moves, out, now, lacking, physical, state
    weights = run.tables, run.special, run.intake_tables, run.intake_special, each
    builds = build.linear, build.nonlinear, run.layout, run.intake, build
    if build.rows:
        _insert_in_registers(*known, *weights, *builds)
    else:
        power = 3 if build.cubed else 2
        plan = make_plan(rows, dtype.name)
        _insert_in_passes(*known, *weights, *builds, work[None], plan, power)
    return out


@compiled()
def _put_in(now: Any, seen: Any, first: Any, frame: Any, up: Any, down: Any, lacking: Any) -> None:
    """Replace what is seen of the states (samples, 1, points) by a frame of the samples from `first` on."""
    for sample in range(len(now)):
        state = now[sample, 0]
        for c in range(len(lacking)):
            lacking[c] = seen[first + sample, frame, c]
        for p in range(len(state)):
            for c in range(len(lacking)):
                lacking[c] -= state[p] * down[p, c]
        for c in range(len(lacking)):
            for p in range(len(state)):
                state[p] += lacking[c] * up[c, p]


@compiled()
def _insert_in_registers(
    seen: Any,
    up: Any,
    down: Any,
    out: Any,
    now: Any,
    lacking: Any,
    physical: Any,
    state: Any,
    tables: Any,
    special: Any,
    intake_tables: Any,
    intake_special: Any,
    steps: Any,
    linear: Any,
    nonlinear: Any,
    layout: Any,
    intake: Any,
    build: Any,
) -> None:
    """For a transform that fits in registers; see `exponential_kernels` for what is what."""
    width = len(now)
    for first in range(0, len(seen), width):
        some = now[: min(width, len(seen) - first)]
        some[:] = 0
        for frame in range(seen.shape[1]):
            if frame:
                kernels.load_in_registers(
                    some,
                    width,
                    physical,
                    state,
                    intake_tables,
                    intake_special,
                    linear,
                    nonlinear,
                    2,
                    intake,
                )
                kernels.solve_in_registers(
                    some, width, physical, state, tables, special, 0, steps, layout, build
                )
            _put_in(some, seen, first, frame, up, down, lacking)
        for sample in range(len(some)):
            out[first + sample] = some[sample, 0]


@compiled()
def _insert_in_passes(
    seen: Any,
    up: Any,
    down: Any,
    out: Any,
    now: Any,
    lacking: Any,
    physical: Any,
    state: Any,
    tables: Any,
    special: Any,
    intake_tables: Any,
    intake_special: Any,
    steps: Any,
    linear: Any,
    nonlinear: Any,
    layout: Any,
    intake: Any,
    build: Any,
    work: Any,
    plan: Any,
    power: Any,
) -> None:
    """The same for longer transforms."""
    width = len(now)
    for first in range(0, len(seen), width):
        some = now[: min(width, len(seen) - first)]
        some[:] = 0
        for frame in range(seen.shape[1]):
            if frame:
                kernels.load(
                    some,
                    width,
                    work,
                    state,
                    plan,
                    intake_tables,
                    intake_special,
                    linear,
                    nonlinear,
                    power,
                    layout,
                    intake,
                )
                kernels.solve(
                    some,
                    width,
                    work,
                    physical,
                    state,
                    plan,
                    tables,
                    special,
                    0,
                    steps,
                    4,
                    layout,
                    build,
                )
            _put_in(some, seen, first, frame, up, down, lacking)
        for sample in range(len(some)):
            out[first + sample] = some[sample, 0]
