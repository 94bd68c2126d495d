"""Truth: the motion of three bodies in words so long that longer ones no longer change it."""

from __future__ import annotations

import math
import time as clock
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times, notes_of
from .motion import Run, Start, follow
from .system import ThreeBody
from .words import DIGIT_BITS

__all__ = ["Reference"]

FIELDS = ("x", "y", "vx", "vy")
FIRST_SHARE = 0.3
"""Of the budget, at most for the first run."""


@dataclass(frozen=True)
class Reference(Solver):
    """Taylor series of regularised equations, with ever longer words and smaller tolerances, until it stands.

    Each solution has words of at least 20 bits more than the one before and steps a million times as
    accurate. When the positions of two in succession agree to the wanted decimals at every time, the second
    is the answer: but for its rounding to float64, it is some million times closer to the truth than that.
    So chaos costs digits, not truth, and collisions of two bodies are passed through. Only a collision of all
    three, after which there is no one motion, has no answer.

    Use it for truth: it takes about 0.1 s for a typical start of `ThreeBody().draw` until t = 10, 10 s for
    the worst of a hundred. Where it fails, the times up to which two solutions in succession agree are kept:
    OUT_OF_BUDGET when the seconds or the steps are used up, NOT_CONVERGED when the longest words do not
    suffice, REFUSED (nothing kept) for bodies that start at one place.

    A solution's `error_estimate` is the largest distance between the positions of its last two runs, in parts
    of the largest distance of two bodies at the start. Its measures: `digits`, the decimal digits of the
    words that were long enough, those of the first of the two that agree; `steps` of the last run;
    `closest_approach`, the smallest distance of two bodies until the last time.

    Attributes:
        decimals: of positions, in parts of the largest distance of two bodies at the start; 1 to 13. To
            this, four units in the last place of float64 are added.
        budget: seconds for each sample: how far they go depends on the machine.
        most_steps: of one solution, which do not.
        first_bits, most_bits: of the shortest and the longest words, below 1; multiples of 20.

    Raises `SolverError` for softened gravity and settings that make no sense.

    Reference: Boekholt & Portegies Zwart (2015), doi:10.1186/s40668-014-0005-3, for converging on digits;
    `series` for the equations.

    >>> Reference(ThreeBody()).ladder[:5]
    (60, 80, 100, 140, 180)
    """

    system: ThreeBody
    _: KW_ONLY
    decimals: int = 10
    budget: float = 120.0
    most_steps: int = 100_000
    first_bits: int = 60
    most_bits: int = 640

    def __post_init__(self) -> None:
        if self.system.softening:
            raise SolverError(
                "the reference is for Newton's law, for only that is regular in its coordinates; got "
                f"softening {self.system.softening:g}. Take DormandPrince at two small tolerances"
            )
        if not 1 <= self.decimals <= 13:
            raise SolverError(f"decimals must be from 1 to 13, as answers are float64; got {self.decimals}")
        if not self.budget > 0:
            raise SolverError(f"budget must be positive, in seconds; got {self.budget}")
        if self.most_steps < 1:
            raise SolverError(f"most_steps must be at least 1, got {self.most_steps}")
        for name, bits in (("first_bits", self.first_bits), ("most_bits", self.most_bits)):
            if bits % DIGIT_BITS or not 2 * DIGIT_BITS <= bits <= 4000:
                raise SolverError(f"{name} must be a multiple of {DIGIT_BITS} from 40 to 4000; got {bits}")
        if len(self.ladder) < 2:
            raise SolverError(f"most_bits must be above first_bits {self.first_bits}; got {self.most_bits}")

    @property
    def label(self) -> str:
        """E.g. `Reference Taylor 10 decimals`."""
        return f"Reference Taylor {self.decimals} decimals"

    @property
    def ladder(self) -> tuple[int, ...]:
        """Bits below 1 of the words of each solution."""
        rungs = [self.first_bits]
        while rungs[-1] < self.most_bits:
            longer = -(-rungs[-1] * 5 // (4 * DIGIT_BITS)) * DIGIT_BITS
            rungs.append(min(self.most_bits, max(rungs[-1] + DIGIT_BITS, longer)))
        return tuple(rungs)

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver` and the class."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        asked = {name: np.asarray(queries[name], dtype=np.float64) for name in (*FIELDS, "mass")}
        values = {name: np.full((samples, len(times), 3), np.nan) for name in FIELDS}
        status = np.full(samples, Status.REFUSED, dtype=np.int8)
        seconds, estimate, digits, steps, closest = np.full((5, samples), np.nan)
        _compile()
        refused, extent = self.system.coincident(queries), self.system.extent(queries)
        for i in range(samples):
            begin = clock.perf_counter()
            if not refused[i]:
                place, speed = (
                    np.stack([asked[prefix + "x"][i], asked[prefix + "y"][i]], axis=1) for prefix in ("", "v")
                )
                start = Start.of(place, speed, asked["mass"][i])
                answer = self._converge(start, float(extent[i]), times, begin)
                status[i], run, known, estimate[i], digits[i] = answer
                steps[i], closest[i] = run.steps, run.closest if run.known else np.nan
                for c, name in enumerate(FIELDS):
                    vectors = (run.position, run.velocity)[c // 2]
                    values[name][i, :known] = vectors[:known, :, c % 2]
                    values[name][i, :known][times[:known] == 0] = asked[name][i]
            seconds[i] = clock.perf_counter() - begin
        return Solution(
            times=times,
            values=values,
            status=status,
            seconds=seconds,
            error_estimate=estimate,
            notes=self._notes(status),
            measures={"digits": digits, "steps": steps, "closest_approach": closest},
        )

    def _converge(
        self, start: Start, extent: float, times: NDArray[np.float64], begin: float
    ) -> tuple[Status, Run, int, float, float]:
        """How it ended, the solution, the number of times at which it is known, by how much the last two
        differ in parts of the start's extent, and the digits that were needed.
        """
        # what is left is for a second run: one alone, however far it comes, says nothing
        share, deadline = begin + FIRST_SHARE * self.budget, begin + self.budget
        steps = self.most_steps
        coarse = answer = follow(start, times, bits=self.ladder[0], deadline=share, most_steps=steps)
        known, apart, spent = 0, np.nan, False
        for shorter, bits in zip(self.ladder, self.ladder[1:], strict=False):
            if spent or clock.perf_counter() >= deadline:
                break
            fine = follow(start, times, bits=bits, deadline=deadline, most_steps=steps, whole=coarse.whole)
            difference = np.hypot(*np.moveaxis(fine.position - coarse.position, -1, 0)).max(axis=1) / extent
            size = np.abs(fine.position).max(axis=(1, 2)) / extent
            agree = difference <= 10.0**-self.decimals + 4 * np.finfo(np.float64).eps * size
            agreed = len(times) if agree.all() else int(np.argmin(agree))
            if np.isfinite(difference).any():
                apart = float(np.nanmax(difference))
            if agreed == len(times):
                digits = int(shorter * np.log10(2))
                return Status.SOLVED, fine, agreed, apart, digits
            if agreed >= known:
                answer, known = fine, agreed
            coarse, spent = fine, fine.steps >= steps
        over = spent or clock.perf_counter() >= deadline
        return (Status.OUT_OF_BUDGET if over else Status.NOT_CONVERGED), answer, known, apart, np.nan

    def _notes(self, status: NDArray[np.int8]) -> tuple[str, ...]:
        """A sentence for each kind of failure."""
        settled = f"{self.decimals} decimals were settled; "
        limit = f"{self.budget:g} s or " if math.isfinite(self.budget) else ""
        said = {
            Status.NOT_CONVERGED: f"were too much for words of {self.most_bits} bits before {settled}"
            "raise most_bits, lower decimals or ask for less time (none outlives a triple collision)",
            Status.OUT_OF_BUDGET: f"took {limit}{self.most_steps} steps before {settled}"
            "raise budget or most_steps, lower decimals or ask for less time",
            Status.REFUSED: "start with two bodies at one place; move one of them",
        }
        return notes_of(status, said)


@lru_cache
def _compile() -> None:
    """Once, so that it counts as no sample's time."""
    corners = np.array([[1.0, 0.0], [-1.0, 0.5], [-1.0, -0.5]])
    start = Start.of(corners, np.zeros((3, 2)), np.ones(3))
    follow(start, np.array([1e-3]), bits=2 * DIGIT_BITS, deadline=np.inf, most_steps=9)
