"""The fast engine: exponential integrators for u_t = linear u + factor (u^2 or u^3)^ on a line, compiled.

`run_runge_kutta` and `run_multistep` take physical values (samples, points) and give frames of them. Samples
are put into SIMD lanes, one in each; one or two samples alone are instead laid across the lanes, which costs
less than vectors with empty lanes. Samples do not influence each other, and what one gives does not depend on
its lane, bit for bit. `exponential` makes the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import exponential_kernels as kernels
from .builds import Build
from .exponential_steps import arrays
from .lane_fourier import make_plan
from .lane_layout import arrange, sized, why_not
from .lane_tables import MultistepTables, RungeKuttaTables
from .lanes import aligned

__all__ = ["APART", "Prepared", "prepared", "run_multistep", "run_runge_kutta", "start_history"]

Array = NDArray[Any]

APART = 10
"""Rows that are left free between the arrays that a step reads.

Without them, where the rows are a multiple of 64, all arrays lie on the same few lines of the fastest cache
and drive each other out of it: a step of 512 points takes 1.6 times as long.
"""


NEAR = 1 << 19
"""Bytes that all groups of samples at work may take together: half of a usual cache of the second level."""


def run_runge_kutta(
    u: Array,
    tables: RungeKuttaTables,
    *,
    steps_per_frame: int | Sequence[int],
    frames: int,
    threads: int = 1,
    lanes: str = "auto",
) -> Array:
    """Frames (samples, frames, points) of u (samples, points), `steps_per_frame` steps apart.

    Computes in the precision of `u` (float32 or float64); points is 1, 3 or 5 times 8, 16, 32, ..., from 16
    to 4096. Where a sample becomes infinite, it is NaN from some frame on, without harm to others.

    Args:
        u: initial values; the first frame is `steps_per_frame` steps later.
        tables: the scheme.
        steps_per_frame: steps from frame to frame; or one number for each frame, at least 1.
        frames: how many.
        threads: batches of samples that run at once.
        lanes: "batch": one sample per lane; "across": one sample in all lanes; "auto": across for one or two
            samples. The two differ in rounding.
    """
    return _run(np.asarray(u)[:, None], tables, steps_per_frame, frames, threads, lanes)


def run_multistep(
    history: Array,
    tables: MultistepTables,
    *,
    steps_per_frame: int | Sequence[int],
    frames: int,
    threads: int = 1,
    lanes: str = "auto",
) -> Array:
    """Frames (samples, frames, points) that follow a history (samples, past frames, points), one step apart.

    The last frame of the history is the present; see `run_runge_kutta` for the rest. Raises ValueError if the
    history is shorter than the scheme's.
    """
    history = np.asarray(history)
    if history.shape[1] < tables.history:
        raise ValueError(f"this scheme starts from {tables.history} frames, got {history.shape[1]}")
    recent = history[:, history.shape[1] - tables.history :]
    return _run(recent, tables, steps_per_frame, frames, threads, lanes)


def start_history(
    u: Array, starter: RungeKuttaTables, *, frames: int, substeps: int, threads: int = 1, lanes: str = "auto"
) -> Array:
    """A history (samples, frames, points) for `run_multistep` that begins with u (samples, points).

    Args:
        u: initial values, the history's first frame.
        starter: tables for a step that is `substeps` times smaller than the multistep scheme's.
        frames: of the history, u included.
        substeps: small steps from frame to frame.
        threads: as in `run_runge_kutta`.
        lanes: as in `run_runge_kutta`.
    """
    u = np.asarray(u)
    later = run_runge_kutta(
        u, starter, steps_per_frame=substeps, frames=frames - 1, threads=threads, lanes=lanes
    )
    return np.concatenate([u[:, None], later], axis=1)


# memory and tables in the kernels' order -------------------------------------------------------------------


def _run(
    history: Array,
    tables: RungeKuttaTables | MultistepTables,
    steps_per_frame: int | Sequence[int],
    frames: int,
    threads: int,
    lanes: str,
) -> Array:
    history = np.ascontiguousarray(history)
    samples, _past, points = history.shape
    dtype = history.dtype
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"values must be float32 or float64, got {dtype}")
    if reason := why_not(points):
        raise ValueError(reason)
    if lanes not in ("auto", "batch", "across"):
        raise ValueError(f'lanes must be "auto", "batch" or "across", got {lanes!r}')
    across = lanes == "across" or (lanes == "auto" and samples <= 2)
    run = prepared(tables, points, dtype, across)
    width = 1 if across else run.build.lanes
    steps = _steps_to_each(steps_per_frame, frames)
    out = np.empty((samples, frames, points), dtype=dtype)
    groups = -(-samples // width)
    share = width * -(-groups // max(1, min(threads, groups)))

    def solve(first: int) -> None:
        part = slice(first, first + share)
        _solve(history[part], out[part], steps, width, run)

    if share < samples:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(solve, range(0, samples, share)))
    elif samples:
        solve(0)
    return out


def _steps_to_each(steps_per_frame: int | Sequence[int], frames: int) -> NDArray[np.int64]:
    steps = np.array(np.broadcast_to(steps_per_frame, frames), dtype=np.int64)
    if steps.min(initial=1) < 1:
        raise ValueError("there must be at least one step from frame to frame")
    return steps


class Prepared(NamedTuple):
    """A build and its tables; what goes with it: its layout, its intake and that one's tables."""

    build: Build
    tables: Array
    special: Array
    layout: Build
    intake: Build
    intake_tables: Array
    intake_special: Array


@lru_cache(maxsize=256)
def prepared(
    tables: RungeKuttaTables | MultistepTables, points: int, dtype: np.dtype[Any], across: bool
) -> Prepared:
    """Builds and tables for a grid and a precision; the same tables are arranged once."""
    plain, named = tables.build()
    build = sized(plain, points, dtype, across=across)
    intake = build.intake
    weights = arrange(build, points, dtype, named)
    return Prepared(build, *weights, build.layout, intake, *arrange(intake, points, dtype, {}))


def _solve(history: Array, out: Array, steps: NDArray[np.int64], width: int, run: Prepared) -> None:
    """All samples, one group after the other, in memory of this call's own."""
    samples, past, points = history.shape
    dtype, build = history.dtype, run.build
    rows = points // build.lanes if build.across else points
    kept, apart = len(arrays(build)), 0 if build.rows else APART
    # as many groups at a time as stay near the processor; arrays of one layout, whatever their number is
    size = (1 + kept) * (rows + apart) * build.lanes * dtype.itemsize
    groups = min(-(-samples // width), max(1, NEAR // size))
    memory = aligned(((1 + groups) * rows + groups * kept * (rows + apart), build.lanes), dtype)
    physical, work = memory[:rows], memory[rows:][: groups * rows].reshape(groups, rows, build.lanes)
    state = memory[(1 + groups) * rows :].reshape(groups, kept, rows + apart, build.lanes)
    power = 3 if build.cubed else 2
    taken = run.intake_tables, run.intake_special, build.linear, build.nonlinear, power
    weights = run.tables, run.special, past - 1, steps
    plan = None if build.rows else make_plan(rows, dtype.name)
    stages = 1 if build.nonlinear else 4
    for first in range(0, samples, groups * width):
        asked, answered = history[first : first + groups * width], out[first : first + groups * width]
        if build.compensated and first:
            state[:, -1] = 0.0  # what the last ones carried
        if build.rows:
            kernels.load_in_registers(asked, width, physical, state, *taken, run.intake)
            kernels.solve_in_registers(answered, width, physical, state, *weights, run.layout, build)
        else:
            kernels.load(asked, width, work, state, plan, *taken, run.layout, run.intake)
            kernels.solve(answered, width, work, physical, state, plan, *weights, stages, run.layout, build)
