"""The solvers: regularised or plain, of adaptive or of fixed step."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from ..methods.lanes import aligned
from ..methods.threads import in_parts
from . import dormand_prince, dormand_prince_frames, fixed_steps, newton, regularised
from .system import ThreeBody

__all__ = ["CompiledSolver", "DormandPrince", "Leapfrog", "Regularised", "RungeKutta4"]

Array = NDArray[Any]
_ENDS = {0: Status.SOLVED, 1: Status.DIVERGED, 3: Status.OUT_OF_BUDGET}


@dataclass(frozen=True)
class CompiledSolver(Solver):
    """Trajectories side by side, one in each lane of the processor's vectors, compiled; in numba's threads.

    A sample's answer does not depend on what else is asked with it. It is NaN from the first frame that was
    not reached, and then its status says why: REFUSED where two bodies start at one place, OUT_OF_BUDGET after
    `most_steps`, DIVERGED where the energy is off by a tenth of the potential energy or infinite. Only
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
            status[some] = [_ENDS[end] for end in ends.tolist()]
            values[some] = found
        if not self.watches_energy:  # nobody knows when it was lost
            values[numbers[:, 2] > dormand_prince.WORTHLESS] = np.nan
        # where a first frame is not finite, none after it is known
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


@dataclass(frozen=True)
class AdaptiveSolver(CompiledSolver):
    """Steps of the Dormand-Prince scheme of order 8, as long as the tolerance allows.

    Attributes:
        tolerance: relative error of one step. Chaos multiplies it: the median error in the positions of the
            standard starts is some 100 times the tolerance at t = 3.9 and 10,000 times at t = 10.
    """

    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1e-16 <= self.tolerance < 1:
            raise SolverError(
                f"tolerance must lie between 1e-16, which is all that double precision can give, and 1; got "
                f"{self.tolerance}"
            )


@dataclass(frozen=True)
class Regularised(AdaptiveSolver):
    """In variables in which two bodies may collide: the fastest at every accuracy, and the most accurate.

    See `regularised` for the equations. It finds the closest approach, too. A body a million times lighter
    than the others, and far from them, is lost in their rounding: it then runs out of steps, and
    `DormandPrince` is the better choice.

    Raises `SolverError` for softened gravity, to which the variables do not fit.
    """

    watches_energy: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.system.softening:
            raise SolverError(
                f"Regularised solves Newton's law only, got softening {self.system.softening:g}; take "
                "DormandPrince"
            )

    @property
    def label(self) -> str:
        """E.g. `regularised DP8 1e-10`."""
        return f"regularised DP8 {self.tolerance:.0e}"

    def integrate(self, x: Array, v: Array, mass: Array, times: Array) -> tuple[Array, Array, Array]:
        """See `CompiledSolver`."""
        state, constants = regularised.intake(x, v, mass)
        floor = regularised.floors(state, constants)
        rows = dormand_prince.memory_rows(state.shape[1], constants.shape[1], floor.shape[1])

        def run(state: Array, constants: Array, floor: Array, *rest: Array) -> None:
            *answer, memory = rest
            dormand_prince.solve(
                state, constants, floor, *answer,
                dormand_prince_frames.REGULARISED, self.tolerance, self.most_steps, memory,
            )  # fmt: skip

        return self._in_lanes(run, (state, constants, floor), times, rows)


@dataclass(frozen=True)
class DormandPrince(AdaptiveSolver):
    """In positions and velocities, as a general code for ordinary differential equations does it.

    Attributes:
        transformed: whether steps are measured by dt = ds / U, U the potential, and so shorten by themselves
            where bodies meet.
    """

    transformed: bool = False

    @property
    def label(self) -> str:
        """E.g. `DP8 1e-10`, `DP8 transformed 1e-10`."""
        return f"DP8 {'transformed ' * self.transformed}{self.tolerance:.0e}"

    def integrate(self, x: Array, v: Array, mass: Array, times: Array) -> tuple[Array, Array, Array]:
        """See `CompiledSolver`."""
        state, constants = newton.states_of(x, v), newton.constants_of(x, v, mass, self.system.softening)
        floor = newton.floors(x, mass)
        rows = dormand_prince.memory_rows(state.shape[1], constants.shape[1], floor.shape[1])
        equations = dormand_prince_frames.TRANSFORMED if self.transformed else dormand_prince_frames.NEWTON

        def run(state: Array, constants: Array, floor: Array, *rest: Array) -> None:
            *answer, memory = rest
            dormand_prince.solve(
                state, constants, floor, *answer, equations, self.tolerance, self.most_steps, memory
            )

        return self._in_lanes(run, (state, constants, floor), times, rows)


@dataclass(frozen=True)
class FixedStepSolver(CompiledSolver):
    """A scheme of a fixed step, in time or, `transformed`, in s of dt = ds / U.

    Without the transformation no step is short enough for the standard starts, whose bodies come as near as
    1e-4 to one another; with it, leapfrog follows two bodies on their exact orbit.

    Attributes:
        step: in time, or in s.
        transformed: see above.
    """

    step: float = 1 / 64
    transformed: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (np.isfinite(self.step) and self.step > 0):
            raise SolverError(f"step must be positive and finite, got {self.step}")

    @property
    def scheme(self) -> str:
        """The scheme's name as it is printed."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """E.g. `leapfrog transformed h=1/64`."""
        fraction = Fraction(self.step).limit_denominator(1 << 20)
        step = str(fraction) if float(fraction) == self.step else repr(self.step)
        return f"{self.scheme} {'transformed ' * self.transformed}h={step}"

    @abstractmethod
    def weights(self) -> Array:
        """Of the leapfrog steps of a step; empty for Runge-Kutta."""

    def integrate(self, x: Array, v: Array, mass: Array, times: Array) -> tuple[Array, Array, Array]:
        """See `CompiledSolver`."""
        state, constants = newton.states_of(x, v), newton.constants_of(x, v, mass, self.system.softening)
        weights = self.weights()

        def run(state: Array, constants: Array, *rest: Array) -> None:
            *answer, memory = rest
            fixed_steps.solve(
                state,
                constants,
                *answer,
                weights,
                self.transformed,
                self.step,
                self.most_steps,
                memory,
            )

        return self._in_lanes(run, (state, constants), times, fixed_steps.memory_rows(3))


@dataclass(frozen=True)
class Leapfrog(FixedStepSolver):
    """Leapfrog, and Yoshida's compositions of it: symplectic and reversible.

    Attributes:
        order: 2, 4, 6 or 8, of 1, 3, 7 or 15 leapfrog steps.
    """

    order: int = 2

    names: ClassVar[dict[int, str]] = {2: "leapfrog", 4: "Yoshida 4", 6: "Yoshida 6", 8: "Yoshida 8"}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in self.names:
            raise SolverError(f"order must be 2, 4, 6 or 8, got {self.order}")

    @property
    def scheme(self) -> str:
        """E.g. `Yoshida 4`."""
        return self.names[self.order]

    def weights(self) -> Array:
        """See `FixedStepSolver`."""
        return fixed_steps.weights_of(self.order)


@dataclass(frozen=True)
class RungeKutta4(FixedStepSolver):
    """The classical Runge-Kutta scheme of order 4, as a first code has it."""

    @property
    def scheme(self) -> str:
        """`RK4`."""
        return "RK4"

    def weights(self) -> Array:
        """See `FixedStepSolver`."""
        return np.zeros(0)


def _notes(status: Array, label: str) -> tuple[str, ...]:
    """One sentence for each kind of failure."""
    said = {
        Status.REFUSED: "start with two bodies at one place",
        Status.DIVERGED: f"became infinite with {label}",
        Status.OUT_OF_BUDGET: f"needed more steps than most_steps with {label}",
    }
    counts = {kind: int((status == kind).sum()) for kind in said}
    return tuple(f"{n} of {len(status)} samples {said[kind]}" for kind, n in counts.items() if n)
