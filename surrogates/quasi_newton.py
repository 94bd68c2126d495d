"""Quasi-Newton descent with a dense inverse Hessian, self-scaled: for smooth losses of some thousand numbers.

Where every example is seen at every step and arithmetic is in double precision, it goes orders of magnitude
deeper than first-order methods, and self-scaling goes deeper than plain BFGS, for it lets the large
eigenvalues of the first guess be forgotten.

Nocedal & Wright, Numerical Optimization (2006), chapter 6, for BFGS; Oren & Luenberger, Manage. Sci. 20
(1974), doi:10.1287/mnsc.20.5.845, and Al-Baali, Comput. Optim. Appl. 9 (1998), doi:10.1023/A:1018315205474,
for the scaling; Urban, Stefanou & Pons, J. Comput. Phys. 523 (2025), arXiv:2405.04230, for its worth to
physics-informed networks.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger
from scipy.optimize import line_search

from .surrogate import SurrogateError

__all__ = ["Descent", "QuasiNewton", "QuasiNewtonSettings"]

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]
"""(numbers,) -> value and gradient (numbers,), both in double precision."""
HALVINGS = 40
"""Of a step, until it leads lower."""
MOST_NUMBERS = 20_000
"""Of which the inverse Hessian takes 3 GiB."""


@dataclass(frozen=True)
class QuasiNewtonSettings:
    """How to descend.

    Attributes:
        update: of the inverse Hessian: `bfgs`, `ssbfgs` (its first guess is scaled at each step) or
            `ssbroyden` (and how much of each direction is renewed is chosen at each step).
        steps: at most.
        seconds: at most; None for as long as it takes.
        gradient: stop when no component is larger.
        decrease, curvature: the Wolfe conditions of a step.

    Raises `SurrogateError` for settings that make no sense.
    """

    update: Literal["bfgs", "ssbfgs", "ssbroyden"] = "ssbroyden"
    steps: int = 5_000
    seconds: float | None = None
    gradient: float = 1e-12
    decrease: float = 1e-4
    curvature: float = 0.9

    def __post_init__(self) -> None:
        if self.update not in ("bfgs", "ssbfgs", "ssbroyden"):
            raise SurrogateError(f"update must be bfgs, ssbfgs or ssbroyden, got {self.update!r}")
        if self.steps < 1 or self.gradient < 0 or not (self.seconds is None or self.seconds > 0):
            raise SurrogateError(
                f"steps and seconds must be positive and gradient at least 0, got {self.steps}, "
                f"{self.seconds} and {self.gradient}"
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
        inverse: (numbers, numbers) inverse Hessian, symmetric, in Fortran's order.
        before: the value one step earlier, from which the first length that is tried is guessed.
        steps: that were taken.

    Raises `SurrogateError` for more than `MOST_NUMBERS` numbers, and for an objective that is not finite at
    the start.
    """

    def __init__(self, objective: Objective, start: Array, settings: QuasiNewtonSettings) -> None:
        if len(start) > MOST_NUMBERS:
            raise SurrogateError(
                f"a dense inverse Hessian of {len(start):,} numbers is too large; take at most "
                f"{MOST_NUMBERS:,} or another optimiser"
            )
        self.settings, self._objective = settings, objective
        self.place = np.array(start, dtype=np.float64)
        self.inverse = np.eye(len(start), order="F")
        self.steps = 0
        self._kept: tuple[bytes, float, Array] | None = None
        self.evaluations = 0
        self.value, self.gradient = self._at(self.place)
        if not (np.isfinite(self.value) and np.isfinite(self.gradient).all()):
            raise SurrogateError(
                f"the loss is {self.value} at the start of the descent, or its gradient is not finite; "
                "lower the weights' scale, or begin with a few hundred steps of adam"
            )
        self.before = self._supposed()

    def run(self, each: Callable[[QuasiNewton], bool | None] | None = None) -> Descent:
        """Descend until a limit of the settings is met or nothing lower is found.

        `each` is called after every step; the descent ends where it answers True.
        """
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
                # what was learned of the curvature may be what misleads
                self.inverse[...] = 0.0
                np.fill_diagonal(self.inverse, 1.0)
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
            "inverse": self.inverse.copy(order="F"),
            "before": np.array(self.before),
            "steps": np.array(self.steps),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from where another descent of this objective was.

        Raises `SurrogateError` for a state of other than as many numbers.
        """
        numbers = len(self.place)
        if np.shape(state["place"]) != (numbers,) or np.shape(state["inverse"]) != (numbers, numbers):
            raise SurrogateError(
                f"the state is of {np.size(state['place'])} numbers, the descent of {numbers}; take the "
                "state of a network of the same size"
            )
        self.place = np.array(state["place"], dtype=np.float64)
        self.inverse = np.array(state["inverse"], dtype=np.float64, order="F")
        self.steps, self.before = int(state["steps"]), float(state["before"])
        self.value, self.gradient = self._at(self.place)

    def _step(self) -> bool:
        """One step, and what it teaches; False where the line search finds nothing."""
        direction = -(self.inverse @ self.gradient)
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
            self._learn(step, change, length)
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

    def _learn(self, step: Array, change: Array, length: float) -> None:
        """The inverse Hessian after a step that changed the gradient so; `length` is the step's, in units of
        the direction: so Hessian times step is minus `length` times the gradient before.
        """
        along = float(np.dot(change, step))
        turned = self.inverse @ change
        spread = float(np.dot(change, turned))
        scale, share = self._scale_and_share(
            b=-length * float(np.dot(step, self.gradient)) / along, h=spread / along
        )
        if not (0 < scale < np.inf and np.isfinite(share)):
            return
        # (H - turned turned' / spread + share v v') / scale + step step' / along, written out
        both = share * spread / along**2 / scale + 1 / along
        mixed = -share / along / scale
        own = (share - 1) / spread / scale
        if scale != 1:
            self.inverse /= scale
        self.inverse = dger(1.0, step, both * step + mixed * turned, a=self.inverse, overwrite_a=1)
        self.inverse = dger(1.0, turned, mixed * step + own * turned, a=self.inverse, overwrite_a=1)

    def _scale_and_share(self, *, b: float, h: float) -> tuple[float, float]:
        """By which the old inverse is divided, and how much of BFGS (1) or DFP (0) is in the update.

        `b` and `h` are the curvature along the step that the old matrices expect, over what was met.
        """
        if self.settings.update == "bfgs":
            return 1.0, 1.0
        if self.settings.update == "ssbfgs":
            return min(1.0, 1 / b), 1.0
        a = max(h * b - 1, 1e-14)  # at least 0 by Cauchy and Schwarz
        least = min(1.0, h / ((a + 1) * (1 + np.sqrt(a / (a + 1)))))
        theta = max((least - 1) / a, min(1 / least, (1 - b) / b))
        sigma = 1 + a * theta
        root = abs(sigma) ** (1 / (1 - max(2, len(self.place))))
        most = min(1.0, 1 / b)
        scale = min(most * root, sigma) if theta <= 0 else most * min(root, 1 / theta)
        return float(scale), float((1 - theta) / sigma)

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
