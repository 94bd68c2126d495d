"""Quasi-Newton descent: for smooth losses of some thousand numbers, of which all examples are seen at once.

In double precision it goes orders of magnitude deeper than first-order methods.

Nocedal & Wright, Numerical Optimization (2006), chapters 3 and 6; Urban, Stefanou & Pons, J. Comput. Phys.
523 (2025), arXiv:2405.04230, for its worth to physics-informed networks.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import line_search
from threadpoolctl import threadpool_limits

from .curvature import Curvature, DenseCurvature, LimitedCurvature
from .surrogate import SurrogateError

__all__ = ["Descent", "QuasiNewton", "QuasiNewtonSettings"]

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]
"""(numbers,) -> value and gradient (numbers,), both in double precision."""
HALVINGS = 40
"""Of a step, until it leads lower."""
UPDATES = ("bfgs", "ssbfgs", "ssbroyden", "lbfgs")


@dataclass(frozen=True)
class QuasiNewtonSettings:
    """How to descend.

    Attributes:
        update: how curvature is learned: `bfgs`, `ssbfgs`, `ssbroyden` (see `DenseCurvature`) or `lbfgs`,
            which keeps the last steps instead of a matrix.
        pairs: how many steps `lbfgs` keeps.
        steps: at most.
        seconds: at most; None for as long as it takes.
        gradient: stop when no component is larger.
        decrease, curvature: the Wolfe conditions of a step.

    Raises `SurrogateError` for settings that make no sense.
    """

    update: Literal["bfgs", "ssbfgs", "ssbroyden", "lbfgs"] = "ssbroyden"
    pairs: int = 50
    steps: int = 5_000
    seconds: float | None = None
    gradient: float = 1e-12
    decrease: float = 1e-4
    curvature: float = 0.9

    def __post_init__(self) -> None:
        if self.update not in UPDATES:
            raise SurrogateError(f"update must be {', '.join(UPDATES)}, got {self.update!r}")
        if min(self.steps, self.pairs) < 1 or self.gradient < 0 or (self.seconds or 1) <= 0:
            raise SurrogateError(
                f"steps, pairs and seconds must be positive and gradient at least 0, got {self.steps}, "
                f"{self.pairs}, {self.seconds} and {self.gradient}"
            )
        if not 0 < self.decrease < self.curvature < 1:
            raise SurrogateError(
                "the Wolfe conditions need 0 < decrease < curvature < 1, got "
                f"{self.decrease} and {self.curvature}"
            )


@dataclass(frozen=True)
class Descent:
    """How a descent ended.

    Attributes:
        steps: that were taken, those before a resumption with them.
        evaluations: of the objective since then.
        value: of the objective.
        why: in words: what ended it.
    """

    steps: int
    evaluations: int
    value: float
    why: str


class QuasiNewton:
    """One descent, which can be stopped, kept and taken up again.

    Attributes:
        settings: see there.
        place: (numbers,) where it is.
        value, gradient: of the objective there.
        curvature: what was learned of the Hessian.
        before: the value one step earlier, from which the first length that is tried is guessed.
        steps: that were taken.

    Raises `SurrogateError` for more numbers than a matrix can have, and for an objective that is not finite
    at the start.
    """

    def __init__(self, objective: Objective, start: Array, settings: QuasiNewtonSettings) -> None:
        self.settings, self._objective = settings, objective
        self.place = np.array(start, dtype=np.float64)
        self.curvature: Curvature = (
            LimitedCurvature(len(start), pairs=settings.pairs)
            if settings.update == "lbfgs"
            else DenseCurvature(len(start), update=settings.update)
        )
        self.steps = 0
        self._kept: tuple[bytes, float, Array] | None = None
        self.evaluations = 0
        self.value, self.gradient = self._at(self.place)
        self._refuse_not_finite()
        self.before = self._supposed()

    def _refuse_not_finite(self) -> None:
        if not (np.isfinite(self.value) and np.isfinite(self.gradient).all()):
            raise SurrogateError(
                f"the loss is {self.value} at the start of the descent, or its gradient is not finite; "
                "lower the weights' scale, or begin with a few hundred steps of adam"
            )

    def run(self, each: Callable[[QuasiNewton], bool | None] | None = None) -> Descent:
        """Descend until a limit of the settings is met or nothing lower is found.

        `each` is called after every step; the descent ends where it answers True. NumPy's products run on one
        thread meanwhile: those of an objective that has threads of its own wait for one another else.
        """
        with threadpool_limits(1, user_api="blas"):
            return self._run(each)

    def _run(self, each: Callable[[QuasiNewton], bool | None] | None) -> Descent:
        begin = time.perf_counter()
        fresh = self.steps == 0
        while True:
            if float(np.abs(self.gradient).max(initial=0.0)) <= self.settings.gradient:
                return self._end("the gradient is as small as was asked for")
            if self.steps >= self.settings.steps:
                return self._end("all steps are taken")
            if self.settings.seconds is not None and time.perf_counter() - begin > self.settings.seconds:
                return self._end("the time is up")
            if not self._step():
                if fresh:
                    return self._end("no step along the gradient leads lower")
                self.curvature.forget()  # what was learned may be what misleads
                self.before = self._supposed()
                fresh = True
                continue
            fresh = False
            self.steps += 1
            if each is not None and each(self):
                return self._end("it was asked to")

    def state(self) -> dict[str, Array]:
        """A copy of all that `resume` needs."""
        return {
            "place": self.place.copy(),
            "before": np.array(self.before),
            "steps": np.array(self.steps),
            **self.curvature.state(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from where another descent of this objective was.

        Raises `SurrogateError` for a state of other than as many numbers.
        """
        numbers = len(self.place)
        if np.shape(state["place"]) != (numbers,):
            raise SurrogateError(
                f"the state is of {np.size(state['place'])} numbers, the descent of {numbers}; take the "
                "state of a network of the same size"
            )
        self.place = np.array(state["place"], dtype=np.float64)
        self.curvature.resume(state)
        self.steps, self.before = int(state["steps"]), float(state["before"])
        self.value, self.gradient = self._at(self.place)

    def changed(self) -> None:
        """The objective is another one from here on; what was learned of its curvature is kept.

        Raises `SurrogateError` where it is not finite here.
        """
        self._kept = None
        self.value, self.gradient = self._at(self.place)
        self._refuse_not_finite()
        self.before = self._supposed()

    def go_to(self, place: Array) -> None:
        """Go on from another place, without what was learned; `changed` then asks for the value there."""
        self.place = np.array(place, dtype=np.float64)
        self.curvature.forget()

    def _step(self) -> bool:
        """One step, and what it teaches; False where the line search finds nothing."""
        direction = -self.curvature.times(self.gradient)
        slope = float(np.dot(direction, self.gradient))
        if not slope < 0:
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it finds nothing is answered
            length, *_ = line_search(
                lambda x: self._at(x)[0],
                lambda x: self._at(x)[1],
                self.place,
                direction,
                self.gradient,
                self.value,
                self.before if self.before > self.value else self._supposed(),
                c1=self.settings.decrease,
                c2=self.settings.curvature,
            )
        length = self._lower(direction, slope, 1.0 if length is None else float(length))
        if length is None:
            return False
        step = length * direction
        value, gradient = self._at(self.place + step)
        change = gradient - self.gradient
        if np.dot(change, step) > 0:
            # the old Hessian times the step is minus `length` times the gradient before
            self.curvature.learn(step, change, -length * float(np.dot(step, self.gradient)))
        self.before = self.value
        self.place, self.value, self.gradient = self.place + step, value, gradient
        return True

    def _lower(self, direction: Array, slope: float, length: float) -> float | None:
        """The length, halved until the value is finite and lower by as much as was asked for: the search may
        end beyond a cliff. None where no length is.
        """
        slack = 4 * np.finfo(np.float64).eps * abs(self.value)
        for _ in range(HALVINGS):
            value, gradient = self._at(self.place + length * direction)
            enough = self.value + self.settings.decrease * length * slope + slack
            if value <= enough and np.isfinite(gradient).all() and value < self.value:
                return length
            length *= 0.5
        return None

    def _supposed(self) -> float:
        """A value one step earlier, where none is known."""
        return self.value + 0.5 * float(np.linalg.norm(self.gradient))

    def _at(self, place: Array) -> tuple[float, Array]:
        """The objective, asked once for value and gradient of one place."""
        key = place.tobytes()
        if self._kept is None or self._kept[0] != key:
            value, gradient = self._objective(place.copy())
            self.evaluations += 1
            known = np.array(gradient, dtype=np.float64)  # an objective may use its own array again
            fine = np.isfinite(value) and np.isfinite(known).all()
            self._kept = key, float(value) if fine or not self._kept else np.inf, known
        return self._kept[1], self._kept[2]

    def _end(self, why: str) -> Descent:
        return Descent(self.steps, self.evaluations, self.value, why)
