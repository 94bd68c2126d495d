"""From queries to a solver's own grid and back to answers on the system's: what the solvers share."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from ..methods.compiled import compiled
from ..methods.stream_function import interpolated
from ..methods.threads import in_parts
from .system import SteadyFlow

__all__ = ["GUESS", "Flow", "SteadySolver"]

Array = NDArray[np.float64]
GUESS = "guess/psi"
"""What a query may hold besides: (samples, rows, columns) a stream function to begin from."""


@dataclass(frozen=True, eq=False)
class Flow:
    """One sample's flow on the solver's own grid.

    Attributes:
        psi: (rows + 1, columns + 1) stream function at the nodes.
        pressure: (rows, columns) in the cells.
        drag, lift: on all solids.
        measures: by the names that the solver declares.
        error_estimate: relative, of the velocities.
    """

    psi: Array
    pressure: Array
    drag: float
    lift: float
    measures: Mapping[str, float] = field(default_factory=dict)
    error_estimate: float = np.nan


class Unsettled(Exception):
    """A flow that was not found; the text says why, as the end of a sentence about samples.

    Attributes:
        measures: as of a flow.
    """

    def __init__(self, reason: str, measures: Mapping[str, float]) -> None:
        super().__init__(reason)
        self.measures = measures


@dataclass(frozen=True)
class SteadySolver(Solver):
    """One flow after the other, in numba's threads; each on a grid of the solver's own.

    It may be finer or coarser than the system's. Its stream function is interpolated by splines, and the
    velocities are the answer's own differences of that, so that they keep all fluid, too.

    Attributes:
        rows: of its grid, by default the system's; columns follow.
    """

    system: SteadyFlow
    _: KW_ONLY
    rows: int | None = None

    names: ClassVar[tuple[str, ...]] = ()
    """Of the measures, besides `reynolds`, that of the obstacle."""

    def __post_init__(self) -> None:
        rows, columns = self.own_grid
        if rows < 8 or columns * self.system.rows != rows * self.system.columns:
            raise SolverError(
                f"rows must be at least 8 and make square cells in a channel of {self.system.rows} x "
                f"{self.system.columns} cells; got {rows}"
            )

    @property
    def own_grid(self) -> tuple[int, int]:
        """Rows and columns of its grid."""
        rows = self.system.rows if self.rows is None else self.rows
        return rows, round(rows * self.system.columns / self.system.rows)

    @abstractmethod
    def flow(self, distance: Array, viscosity: float, guess: Array | None) -> Flow:
        """About a geometry on the system's grid (rows, columns); the guess is (rows + 1, columns + 1) of the
        own grid.

        Raises `Unsettled` where none is found.
        """

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        said = self.system.objections(queries)
        status = np.array([Status.REFUSED if text else Status.SOLVED for text in said], dtype=np.int8)
        grid, guesses = self.system.grid, queries.get(GUESS)
        psi = np.full((samples, *[n + 1 for n in grid]), np.nan)
        p, forces = np.full((samples, *grid), np.nan), np.full((2, samples), np.nan)
        seconds, estimate = np.zeros(samples), np.full(samples, np.nan)
        measures = {name: np.full(samples, np.nan) for name in self.names}

        def part(start: int, stop: int) -> None:
            for i in np.flatnonzero(status[start:stop] == Status.SOLVED) + start:
                begin = clock.perf_counter()
                guess = None if guesses is None else self._started(np.asarray(guesses[i]))
                distance = np.asarray(queries["distance"][i], dtype=np.float64)
                try:
                    flow = self.flow(distance, float(queries["viscosity"][i]), guess)
                except Unsettled as reason:
                    status[i], said[i], found = Status.NOT_CONVERGED, str(reason), reason.measures
                else:
                    psi[i], p[i] = self._shown(flow.psi), interpolated(flow.pressure, *grid, nodes=False)
                    forces[:, i], estimate[i] = (flow.drag, flow.lift), flow.error_estimate
                    found = flow.measures
                for name, number in found.items():
                    measures[name][i] = number
                seconds[i] = clock.perf_counter() - begin

        in_parts(part, samples, least=1)
        h = self.system.spacing
        once = {
            "u": np.diff(psi, axis=1)[:, :, 1:] / h,
            "v": -np.diff(psi, axis=2)[:, 1:] / h,
            "p": p,
            "psi": psi[:, 1:, 1:],
            "drag": forces[0],
            "lift": forces[1],
        }
        kinds = [text for text in dict.fromkeys(said) if text]
        viscosity = np.asarray(queries["viscosity"], dtype=np.float64)
        return Solution(
            times=times,
            values={
                name: a[:, None] if len(times) == 1 else np.repeat(a[:, None], len(times), axis=1)
                for name, a in once.items()
            },
            status=status,
            seconds=seconds,
            error_estimate=estimate,
            notes=tuple(f"{said.count(kind)} of {samples} samples {kind}" for kind in kinds),
            measures={**measures, "reynolds": self.system.heights(queries) / viscosity},
        )

    def _started(self, guess: Array) -> Array:
        """The stream function of an answer, with its first row and column, on the own grid."""
        whole = np.zeros([n + 1 for n in self.system.grid])
        whole[1:, 1:], whole[:, 0] = guess, self.system.inflow()
        return interpolated(whole, *self.own_grid)

    def _shown(self, psi: Array) -> Array:
        """At the system's nodes."""
        every, rest = divmod(self.own_grid[0], self.system.rows)
        # nodes that are among the own need not be interpolated
        return interpolated(psi, *self.system.grid) if rest else psi[::every, ::every]

    def distances(self, distance: Array, grid: tuple[int, int], *, sides: tuple[bool, bool]) -> Array:
        """Of a geometry, bilinear, on another grid: at the middles of its cells, or along y, x or both at
        their sides.
        """
        shift = tuple(0.0 if side else 0.5 for side in sides)
        found = np.empty(tuple(n + side for n, side in zip(grid, sides, strict=True)))
        bilinear(np.ascontiguousarray(distance), self.system.rows / grid[0], shift, found)
        return found


@compiled()
def bilinear(values: Any, ratio: Any, shift: Any, found: Any) -> None:
    """Values at the middles of cells, at points `ratio` cells apart, the first `shift` of that from the lower
    left corner; beyond the outermost middles as there.
    """
    rows, columns = values.shape
    for j in range(found.shape[0]):
        y = min(max(ratio * (j + shift[0]) - 0.5, 0.0), rows - 1.0)
        k = min(int(y), rows - 2)
        up = y - k
        for i in range(found.shape[1]):
            x = min(max(ratio * (i + shift[1]) - 0.5, 0.0), columns - 1.0)
            m = min(int(x), columns - 2)
            right = x - m
            lower = (1 - right) * values[k, m] + right * values[k, m + 1]
            upper = (1 - right) * values[k + 1, m] + right * values[k + 1, m + 1]
            found[j, i] = (1 - up) * lower + up * upper
