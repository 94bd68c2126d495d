"""From queries to compiled code and back to a solution: what the solvers share."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from ..methods.lanes import aligned
from ..methods.threads import in_parts
from .dormand_prince import WORTHLESS
from .system import ThreeBody

__all__ = ["CompiledSolver"]

Array = NDArray[Any]


@dataclass(frozen=True)
class CompiledSolver(Solver):
    """Trajectories side by side, one in each lane of the processor's vectors, compiled; in numba's threads.

    A sample's answer does not depend on what else is asked with it. It is NaN from the first frame that was
    not reached, and then its status says why: REFUSED where two bodies start at one place, OUT_OF_BUDGET
    after `most_steps`, DIVERGED where the energy is off by a tenth of the potential energy or infinite. Only
    `Regularised` looks at the energy on the way; of the others no frame is given then.

    Attributes:
        most_steps: of one trajectory, so that none goes on without end.
    """

    system: ThreeBody
    _: KW_ONLY
    most_steps: int = 1_000_000

    watches_energy: ClassVar[bool] = False
    """Whether it stops as soon as the energy is lost; else that is found out at the end."""

    def __post_init__(self) -> None:
        if self.most_steps != int(self.most_steps) or self.most_steps < 1:
            raise SolverError(f"most_steps must be a whole number of at least 1, got {self.most_steps}")

    @abstractmethod
    def integrate(self, x: Array, v: Array, mass: Array, times: Array) -> tuple[Array, Array, Array]:
        """Complex positions and velocities in the barycentre's frame, and masses, (samples, 3) each ->
        (samples, frames, 12) x, y of each body, then velocities; ends; (samples, 3) steps, closest
        approach and energy error.
        """

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`. The measures are `steps`; `closest_approach` of any two bodies, NaN but for
        `Regularised`; `energy_error` in parts of the potential energy, of `Regularised` the largest, of the
        others the last.
        """
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        x, y, vx, vy, mass = (
            np.asarray(queries[n], dtype=np.float64) for n in ("x", "y", "vx", "vy", "mass")
        )
        place, speed = x + 1j * y, vx + 1j * vy
        share = mass / mass.sum(axis=1, keepdims=True)
        centre, drift = (share * place).sum(axis=1), (share * speed).sum(axis=1)
        refused = self.system.coincident(queries)
        values = np.full((samples, len(times), 12), np.nan)
        status = np.full(samples, Status.REFUSED, dtype=np.int8)
        numbers = np.full((samples, 3), np.nan)
        asked = np.flatnonzero(~refused)
        if len(asked):
            some = slice(None) if len(asked) == samples else asked
            with np.errstate(all="ignore"):
                found, ends, numbers[some] = self.integrate(
                    (place - centre[:, None])[some], (speed - drift[:, None])[some], mass[some], times
                )
            status[some] = ends
            values[some] = found
        if not self.watches_energy:  # nobody knows when it was lost
            values[numbers[:, 2] > WORTHLESS] = np.nan
        if not np.isfinite(values).all():  # after a frame that is not, none is known
            finite = np.logical_and.accumulate(np.isfinite(values).all(axis=2), axis=1)
            values[~finite] = np.nan
            status[(status == Status.SOLVED) & ~finite[:, -1]] = Status.DIVERGED
        moved = centre[:, None] + np.multiply.outer(drift, times)
        named = {}
        for name, first, offset in (("x", 0, moved.real), ("y", 1, moved.imag)):
            named[name] = values[:, :, first:6:2] + offset[:, :, None]
        for name, first, offset in (("vx", 6, drift.real), ("vy", 7, drift.imag)):
            named[name] = values[:, :, first::2] + offset[:, None, None]
        if times[0] == 0:  # not by way of other variables
            for name in named:
                named[name][~refused, 0] = np.asarray(queries[name])[~refused]
        seconds = clock.perf_counter() - begin
        return Solution(
            times=times,
            values=named,
            status=status,
            seconds=np.full(samples, seconds / max(samples, 1)),
            error_estimate=np.full(samples, np.nan),
            notes=_notes(status, self.label),
            measures=dict(zip(("steps", "closest_approach", "energy_error"), numbers.T, strict=True)),
        )

    def _in_lanes(
        self, run: Callable[..., None], states: tuple[Array, ...], times: Array, memory_rows: int
    ) -> tuple[Array, Array, Array]:
        """Hand parts of a batch to compiled code: run(*states, times, out, ends, numbers, memory)."""
        samples = len(states[0])
        out = np.full((samples, len(times), 12), np.nan)
        ends, numbers = np.zeros(samples, dtype=np.int8), np.full((samples, 3), np.nan)

        def part(start: int, stop: int) -> None:
            some = slice(start, stop)
            memory = aligned((memory_rows, 8), np.float64)
            run(*(s[some] for s in states), times, out[some], ends[some], numbers[some], memory)

        in_parts(part, samples, least=16)
        return out, ends, numbers


def _notes(status: Array, label: str) -> tuple[str, ...]:
    """One sentence for each kind of failure."""
    if not status.any():
        return ()
    said = {
        Status.REFUSED: "start with two bodies at one place",
        Status.DIVERGED: f"became infinite with {label}",
        Status.OUT_OF_BUDGET: f"needed more steps than most_steps with {label}",
    }
    counts = {kind: int((status == kind).sum()) for kind in said}
    return tuple(f"{n} of {len(status)} samples {said[kind]}" for kind, n in counts.items() if n)
