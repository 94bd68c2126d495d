"""Short runs of a spectral solver from their starts on, in one compiled call, one run in each lane.

`CompiledEngine` makes two runs of each, one that starts a multistep scheme and one that goes on, and takes a
tenth of a millisecond to arrange them and their memory. Where runs are short and many, as in fits, that is
most of the time. Here all that does not change is arranged once.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import exponential_kernels as kernels
from .compiled import compiled
from .compiled_spectral import CompiledEngine
from .exponential_steps import arrays
from .lane_exponential import APART, prepared
from .lane_fourier import make_plan
from .lanes import aligned
from .spectral_recipe import lattice
from .spectral_solver import SpectralSolver, engine_of

__all__ = ["ShortRuns", "short_runs"]

Array = NDArray[Any]


class ShortRuns(NamedTuple):
    """All that is the same for every run of a solver to the same times.

    Attributes:
        points: of the grid that is computed on.
        lanes: runs that go together, a block.
        dtype: in which they go.
        terms: lattice points of which the start gives the values.
        targets: (early frames,) which of these are frames.
        steps: (later frames,) steps to each of the others.
        fixed: what else the compiled function reads, by its name there.
        sizes: of the memory that it works in: shapes, and where in one block of memory each ends.
    """

    points: int
    lanes: int
    dtype: np.dtype[Any]
    terms: int
    targets: NDArray[np.int64]
    steps: NDArray[np.int64]
    fixed: dict[str, Any]
    sizes: tuple[tuple[tuple[int, ...], int], ...]

    @property
    def frames(self) -> int:
        """At the times."""
        return len(self.targets) + len(self.steps)

    def __call__(self, starts: Array, frames: int, out: Array | None = None) -> Array:
        """Frames (blocks, frames, points, lanes) of starts (blocks, lanes, points): the first so many.

        They go into `out`, where it is given; all that blows up is NaN or infinite.
        """
        blocks = len(starts)
        if out is None:
            out = np.empty((blocks, frames, self.points, self.lanes), self.dtype)
        room, places = aligned((self.sizes[-1][1],), self.dtype), [0, *(end for _, end in self.sizes)]
        memory = [
            room[place : place + math.prod(shape)].reshape(shape)
            for (shape, _), place in zip(self.sizes, places, strict=False)
        ]
        early = min(frames, len(self.targets))
        steps = self.steps[: frames - early]
        # all sizes are whole rows of lanes, so that each part begins on a cache line
        run = _in_passes if "plan" in self.fixed else _in_registers
        run(starts, out, self.targets[:early], steps, *memory, *self.fixed.values())
        return out


def short_runs(solver: SpectralSolver, times: NDArray[np.float64]) -> ShortRuns | None:
    """Of a solver to these times; None where it does not run compiled, or one is between its steps."""
    return _short_runs(solver, times.tobytes())


@lru_cache(maxsize=256)
def _short_runs(solver: SpectralSolver, times: bytes) -> ShortRuns | None:
    engine = engine_of(solver)
    targets, fractions = lattice(np.frombuffer(times), solver.step)
    if not isinstance(engine, CompiledEngine) or fractions.any() or solver.dealias != "none":
        return None
    if engine.recipe.operator.power != 2:
        return None
    dtype, points, terms = np.dtype(solver.dtype), solver.grid_points, engine.recipe.terms
    scheme = prepared(engine.tables(1.0), points, dtype, False)
    # a scheme that needs none is never started
    starter = scheme if engine.starter is None else prepared(engine.starter.tables(1.0), points, dtype, False)
    lanes, early = scheme.build.lanes, int((targets < terms).sum())
    rows = points + (0 if scheme.build.rows else APART)
    fixed = {
        "substeps": np.full(terms - 1, engine.recipe.start_substeps),
        "tables": scheme.tables,
        "special": scheme.special,
        "starting_tables": starter.tables,
        "starting_special": starter.special,
        "intake_tables": scheme.intake_tables,
        "intake_special": scheme.intake_special,
        "linear": scheme.build.linear,
        "nonlinear": scheme.build.nonlinear,
        "carries": scheme.build.compensated,
        "layout": scheme.layout,
        "intake": scheme.intake,
        "build": scheme.build,
        "starting": starter.build,
    }
    shapes: list[tuple[int, ...]] = [
        (lanes, terms, points),  # history
        (lanes, max(1, terms - 1), points),  # later
        (lanes, 1, points),  # frame
        (points, lanes),  # physical
        (1, len(arrays(scheme.build)), rows, lanes),  # state
        (1, len(arrays(starter.build)), rows, lanes),  # starting_state
    ]
    if not scheme.build.rows:
        shapes.append((1, points, lanes))  # work
        fixed["plan"] = make_plan(points, dtype.name)
        fixed["stages"] = 1 if scheme.build.nonlinear else 4
    return ShortRuns(
        points,
        lanes,
        dtype,
        terms,
        targets[:early],
        np.diff(targets[early:], prepend=terms - 1),
        fixed,
        tuple(zip(shapes, np.cumsum([math.prod(shape) for shape in shapes]).tolist(), strict=True)),
    )


@compiled()
def _put_start(history: Any, start: Any) -> None:
    for lane in range(len(start)):
        for point in range(start.shape[1]):
            history[lane, 0, point] = start[lane, point]


@compiled()
def _put_later(history: Any, later: Any) -> None:
    for lane in range(len(history)):
        for term in range(1, history.shape[1]):
            for point in range(history.shape[2]):
                history[lane, term, point] = later[lane, term - 1, point]


@compiled()
def _show_early(out: Any, history: Any, targets: Any) -> None:
    for frame in range(len(targets)):
        for point in range(out.shape[1]):
            for lane in range(out.shape[2]):
                out[frame, point, lane] = history[lane, targets[frame], point]


@compiled()
def _show(out: Any, physical: Any) -> None:
    for point in range(len(out)):
        for lane in range(out.shape[1]):
            out[point, lane] = physical[point, lane]


@compiled()
def _in_registers(
    starts: Any,
    out: Any,
    targets: Any,
    steps: Any,
    history: Any,
    later: Any,
    frame: Any,
    physical: Any,
    state: Any,
    starting_state: Any,
    substeps: Any,
    tables: Any,
    special: Any,
    starting_tables: Any,
    starting_special: Any,
    intake_tables: Any,
    intake_special: Any,
    linear: Any,
    nonlinear: Any,
    carries: Any,
    layout: Any,
    intake: Any,
    build: Any,
    starting: Any,
) -> None:
    """For a transform that fits in registers; see `exponential_kernels` for what is what."""
    lanes, taken = starts.shape[1], (intake_tables, intake_special)
    for block in range(len(starts)):
        _put_start(history, starts[block])
        if len(substeps):
            kernels.load_in_registers(
                history[:, :1].copy(), lanes, physical, starting_state, *taken, 1, 0, 2, intake
            )
            kernels.solve_in_registers(
                later,
                lanes,
                physical,
                starting_state,
                starting_tables,
                starting_special,
                0,
                substeps,
                layout,
                starting,
            )
            _put_later(history, later)
        if carries:
            state[:, -1] = 0
        kernels.load_in_registers(history, lanes, physical, state, *taken, linear, nonlinear, 2, intake)
        _show_early(out[block], history, targets)
        now = len(substeps)
        for i in range(len(steps)):
            some = steps[i : i + 1]
            kernels.solve_in_registers(
                frame, lanes, physical, state, tables, special, now, some, layout, build
            )
            now += steps[i]
            _show(out[block, len(targets) + i], physical)


@compiled()
def _in_passes(
    starts: Any,
    out: Any,
    targets: Any,
    steps: Any,
    history: Any,
    later: Any,
    frame: Any,
    physical: Any,
    state: Any,
    starting_state: Any,
    work: Any,
    substeps: Any,
    tables: Any,
    special: Any,
    starting_tables: Any,
    starting_special: Any,
    intake_tables: Any,
    intake_special: Any,
    linear: Any,
    nonlinear: Any,
    carries: Any,
    layout: Any,
    intake: Any,
    build: Any,
    starting: Any,
    plan: Any,
    stages: Any,
) -> None:
    """The same for longer transforms."""
    lanes, taken = starts.shape[1], (intake_tables, intake_special)
    for block in range(len(starts)):
        _put_start(history, starts[block])
        if len(substeps):
            kernels.load(
                history[:, :1].copy(),
                lanes,
                work,
                starting_state,
                plan,
                *taken,
                1,
                0,
                2,
                layout,
                intake,
            )
            kernels.solve(
                later,
                lanes,
                work,
                physical,
                starting_state,
                plan,
                starting_tables,
                starting_special,
                0,
                substeps,
                4,
                layout,
                starting,
            )
            _put_later(history, later)
        if carries:
            state[:, -1] = 0
        kernels.load(history, lanes, work, state, plan, *taken, linear, nonlinear, 2, layout, intake)
        _show_early(out[block], history, targets)
        now = len(substeps)
        for i in range(len(steps)):
            some = steps[i : i + 1]
            kernels.solve(
                frame,
                lanes,
                work,
                physical,
                state,
                plan,
                tables,
                special,
                now,
                some,
                stages,
                layout,
                build,
            )
            now += steps[i]
            _show(out[block, len(targets) + i], physical)
