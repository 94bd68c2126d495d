"""The solvers: regularised or plain, of adaptive or of fixed step."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from . import dormand_prince, dormand_prince_frames, fixed_steps, newton, regularised
from .compiled_solver import CompiledSolver

__all__ = ["DormandPrince", "Leapfrog", "Regularised", "RungeKutta4"]

Array = NDArray[Any]


@dataclass(frozen=True)
class AdaptiveSolver(CompiledSolver):
    """Steps of the Dormand-Prince scheme of order 8, as long as the tolerance allows.

    Attributes:
        tolerance: relative error of one step. Chaos multiplies it, in regularised variables least: there the
            median error in the positions of the standard starts is some 100 times the tolerance at t = 3.9
            and 10,000 times at t = 10, without them a hundred times that.
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

    See `regularised` for the equations. A body a million times lighter than the others, and far from them, is
    lost in their rounding: it then runs out of steps, and `DormandPrince` is the better choice.

    Attributes:
        closest: whether to find the closest approach of two bodies, too, which takes time in every step: the
            less, the more frames are asked for, as these need the step's polynomial anyway.

    Raises `SolverError` for softened gravity, to which the variables do not fit.

    >>> from understudy.solvers.three_body import ThreeBody
    >>> system = ThreeBody()
    >>> starts = system.draw([np.random.default_rng(seed) for seed in range(3)])
    >>> solution = Regularised(system, tolerance=1e-12)(starts, np.array([0.5, 1.0]))
    >>> solution.values["x"].shape
    (3, 2, 3)
    >>> bool(solution.solved.all())
    True
    """

    closest: bool = False

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
        samples = len(x)
        state, constants = np.empty((samples, regularised.ROWS)), np.empty((samples, regularised.CONSTANTS))
        floor = np.empty((samples, 7))
        regularised.intake(x, v, mass, state, constants, floor)
        rows = dormand_prince.memory_rows(state.shape[1], constants.shape[1], floor.shape[1])

        def run(state: Array, constants: Array, floor: Array, *rest: Array) -> None:
            *answer, memory = rest
            dormand_prince.solve(
                state, constants, floor, *answer,
                dormand_prince_frames.REGULARISED, self.tolerance, self.most_steps, self.closest, memory,
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
        floor = newton.floors(x, mass, self.system.softening)
        rows = dormand_prince.memory_rows(state.shape[1], constants.shape[1], floor.shape[1])
        equations = dormand_prince_frames.TRANSFORMED if self.transformed else dormand_prince_frames.NEWTON

        def run(state: Array, constants: Array, floor: Array, *rest: Array) -> None:
            *answer, memory = rest
            dormand_prince.solve(
                state, constants, floor, *answer, equations, self.tolerance, self.most_steps, False, memory
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
    """Leapfrog, and compositions of it by Yoshida and McLachlan: symplectic and reversible.

    Attributes:
        order: 2, 4, 6 or 8, of 1, 3, 7 or 15 leapfrog steps.
    """

    order: int = 2

    names: ClassVar[dict[int, str]] = {2: "leapfrog", 4: "Yoshida 4", 6: "Yoshida 6", 8: "McLachlan 8"}

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
