"""From queries to compiled code and back to a solution: what the solvers share."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times, notes_of
from ..methods.lanes import aligned
from ..methods.threads import in_parts
from .barycentre import centred, moved_back
from .dormand_prince import WORTHLESS
from .system import ThreeBody

__all__ = ["CompiledSolver"]

Array = NDArray[Any]
FIELDS = ("x", "y", "vx", "vy")


@dataclass(frozen=True)
class CompiledSolver(Solver):
    """Trajectories side by side, one in each lane of the processor's vectors, compiled; in numba's threads.

    A sample's answer does not depend on what else is asked with it. It is NaN from the first frame that was
    not reached, and then its status says why: REFUSED where two bodies start at one place, OUT_OF_BUDGET
    after `most_steps`, DIVERGED where a state is infinite or the energy off by a tenth. `Regularised` looks
    at the energy on the way, in parts of the potential energy at the moment; the others at the end, in parts
    of the start's kinetic and potential energy, and then give no frame.

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
        """See `Solver`.

        The measures are `steps`; `closest_approach` of any two bodies until the last time, NaN where it was
        not asked for; and `energy_error`, of `Regularised` the largest, of the others the last, in the parts
        that the class says.
        """
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        state = [np.ascontiguousarray(queries[n], dtype=np.float64) for n in (*FIELDS, "mass")]
        place, speed = np.empty((2, samples, 3), dtype=np.complex128)
        centre = np.empty((samples, 2), dtype=np.complex128)
        centred(*state, place, speed, centre)
        refused = self.system.coincident(queries)
        if refused.any():
            asked = np.flatnonzero(~refused)
            found = np.full((samples, len(times), 12), np.nan)
            status = np.full(samples, Status.REFUSED, dtype=np.int8)
            numbers = np.full((samples, 3), np.nan)
            if len(asked):
                found[asked], status[asked], numbers[asked] = self.integrate(
                    place[asked], speed[asked], state[4][asked], times
                )
        else:
            found, status, numbers = self.integrate(place, speed, state[4], times)
        if not self.watches_energy:  # nobody knows when it was lost
            lost = numbers[:, 2] > WORTHLESS
            found[lost], status[lost] = np.nan, Status.DIVERGED
        values = np.empty((4, samples, len(times), 3))
        known = np.empty(samples, dtype=np.intp)
        moved_back(found, centre, times, *values, known)
        status[(status == Status.SOLVED) & (known < len(times))] = Status.DIVERGED
        named = dict(zip(FIELDS, values, strict=True))
        if times[0] == 0:  # not by way of other variables
            for name, given in zip(FIELDS, state, strict=False):
                named[name][~refused, 0] = given[~refused]
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
    said = {
        Status.REFUSED: "start with two bodies at one place",
        Status.DIVERGED: f"lost a tenth of their energy or became infinite with {label}",
        Status.OUT_OF_BUDGET: f"needed more steps than most_steps with {label}",
    }
    return notes_of(status, said)
