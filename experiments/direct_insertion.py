"""The solver's own way from coarse frames to fine ones: run along with them, and put in what they show."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from ..datasets.observations import SEEN
from ..solvers.contract import Queries, Solution, Solver, SolverError, Status, check_times
from ..solvers.kuramoto_sivashinsky import Krogstad, KuramotoSivashinsky, compiled_grid
from ..solvers.methods.compiled_spectral import CompiledEngine
from ..solvers.methods.fourier import resample
from ..solvers.methods.lane_insertion import run_with_insertions
from ..solvers.methods.lane_tables import RungeKuttaTables
from ..solvers.methods.spectral_solver import engine_of

__all__ = ["DirectInsertion", "insertions"]

RUNGS = (
    *((steps, density, "float64") for steps, density in ((1, 1.06), (2, 1.3), (4, 1.6), (8, 1.9))),
    *((steps, density, "float32") for steps, density in ((1, 1.06), (2, 1.3), (4, 1.6))),
)
"""Steps from a frame to the next, points per unit length of a grid that does not limit these, precision."""


@dataclass(frozen=True)
class DirectInsertion(Solver):
    """Begin with the interpolation of a coarse frame some time ago; solve from frame to frame, and at each
    replace what the coarse grid sees of the state by what it saw. The answer is the state at the last frame.

    What is not seen is right after a while, whatever it was at first, if all waves that grow by themselves
    are seen: the longer the history, the more accurate, until the solver's own error is reached. It needs the
    equation, a history without gaps and frames without noise; for noise, replace less (nudging).

    Charney, Halem & Jastrow, J. Atmos. Sci. 26 (1969) 1160; that it converges: Azouani, Olson & Titi 2014,
    doi:10.1007/s00332-013-9189-y, by nudging.

    Attributes:
        factor: points of the system's grid for each that is seen.
        interval: between two frames.
        frames: of the history that is used, the last one among them.
        steps: of the solver from one frame to the next.
        points: of the grid that is computed on; None for the system's.
        dtype: 'float64' or 'float32', in which the solver runs.
    """

    system: KuramotoSivashinsky
    _: KW_ONLY
    factor: int
    interval: float
    frames: int
    steps: int
    points: int | None = None
    dtype: str = "float64"

    def __post_init__(self) -> None:
        if min(self.frames, self.steps) < 1 or not self.interval > 0:
            raise SolverError(
                "an insertion needs at least 1 frame, at least 1 step and a positive interval, got "
                f"{self.frames}, {self.steps} and {self.interval}"
            )
        if self.dtype not in ("float64", "float32"):
            raise SolverError(f"an insertion runs in 'float64' or 'float32', got {self.dtype!r}")
        if self.factor < 1:
            raise SolverError(f"factor must be at least 1, got {self.factor}")
        if self.system.points % self.factor or self._grid < self._seen:
            raise SolverError(
                f"factor {self.factor} must divide the system's {self.system.points} points, and leave no "
                f"more than the {self._grid} that are computed on"
            )

    @property
    def label(self) -> str:
        """E.g. `h=1/4 N=32 16 frames`, `h=1/4 N=32 float32 16 frames`."""
        step = Fraction(self.interval / self.steps).limit_denominator(1 << 20)
        single = " float32" if self.dtype == "float32" else ""
        return f"h={step} N={self._grid}{single} {self.frames} frames"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """`seen` (samples, frames or more, coarse points) -> the last frame, (samples, 1, points).

        Raises `SolverError` for fewer frames, other points, or more times than one.
        """
        if len(check_times(times)) != 1:
            raise SolverError(f"an insertion answers the last frame alone; ask for 1 time, got {len(times)}")
        seen = np.asarray(queries.get(SEEN, ()), dtype=np.float64)
        if seen.ndim != 3 or seen.shape[1] < self.frames or seen.shape[2] != self._seen:
            raise SolverError(
                f"{SEEN!r} must have shape (samples, {self.frames} frames or more, {self._seen}), got "
                f"{seen.shape}"
            )
        begin = clock.perf_counter()
        with np.errstate(over="ignore", invalid="ignore"):
            fine = self._last_states(seen[:, -self.frames :].astype(self.dtype)) @ self._shown
        finite = np.isfinite(fine).all(axis=1)
        fine[~finite] = np.nan
        samples = len(fine)
        return Solution(
            times=times,
            values={"u": fine[:, None]},
            status=np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8),
            seconds=np.full(samples, (clock.perf_counter() - begin) / max(samples, 1)),
            error_estimate=np.full(samples, np.nan),
            notes=() if finite.all() else (f"{(~finite).sum()} insertions became infinite",),
        )

    def _last_states(self, history: NDArray[Any]) -> NDArray[np.float64]:
        """(samples, points that are computed on), compiled where the grid and the precision allow."""
        up, down = self._moves
        if self._tables is not None:
            return run_with_insertions(history, self._tables, steps=self.steps, up=up, down=down).astype(
                np.float64, copy=False
            )
        state, wait = history[:, 0] @ up, np.array([self.interval])
        for i in range(1, self.frames):
            state = self._solver.integrate(state, wait)[:, 0]
            state += (history[:, i] - state @ down) @ up
        return np.asarray(state, dtype=np.float64)

    @property
    def _grid(self) -> int:
        return self.system.points if self.points is None else self.points

    @property
    def _seen(self) -> int:
        return self.system.points // self.factor

    @cached_property
    def _solver(self) -> Krogstad:
        system = replace(self.system, points=self._grid)
        return Krogstad(system, step=self.interval / self.steps, dtype=self.dtype)

    @cached_property
    def _tables(self) -> RungeKuttaTables | None:
        """Of a compiled step; None where steps are not compiled."""
        engine = engine_of(self._solver)
        if not isinstance(engine, CompiledEngine):
            return None
        tables = engine.tables(1.0)
        assert isinstance(tables, RungeKuttaTables)
        return tables

    @cached_property
    def _shown(self) -> NDArray[np.float64]:
        """From the grid that is computed on to the system's: a matrix for rows."""
        return np.ascontiguousarray(resample(np.eye(self._grid), self.system.points))

    @cached_property
    def _moves(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """From the coarse grid to the one that is computed on, and back: matrices for rows."""
        up = scipy.signal.resample(np.eye(self._seen), self._grid, axis=1)
        down = scipy.signal.resample(np.eye(self._grid), self._seen, axis=1)
        return np.ascontiguousarray(up), np.ascontiguousarray(down)


def insertions(
    system: KuramotoSivashinsky, *, factor: int, interval: float, histories: Sequence[int]
) -> list[DirectInsertion]:
    """From the cheapest to the most accurate: every history with every rung of steps and points.

    No rung computes on fewer points than are seen.
    """
    seen = system.points // factor
    return [
        DirectInsertion(
            system,
            factor=factor,
            interval=interval,
            frames=frames,
            steps=steps,
            points=max(seen, compiled_grid(system, density=max(density, seen / system.length))),
            dtype=dtype,
        )
        for frames in histories
        for steps, density, dtype in RUNGS
    ]
