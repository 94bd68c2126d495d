"""Training sets at scale: double precision where two runs agree, long words where they do not."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times, notes_of
from .reference import Reference
from .solvers import DormandPrince, Regularised
from .system import ThreeBody

__all__ = ["Certified"]

FIELDS = ("x", "y", "vx", "vy")
DOUBLE_DIGITS = 15.0


@dataclass(frozen=True)
class Certified(Solver):
    """Every sample is solved twice, the second time at a tenth of the tolerance; the second is the answer.

    Twice the largest difference of positions, at any time up to the last, in parts of the largest distance of
    two bodies at the start, is the error estimate. Where it exceeds `agreement`, double precision is not to
    be trusted, and `Reference` solves the sample again. Chaos makes that necessary for some 2 % of the
    standard starts until t = 10, which no loss of energy gives away.

    For softened gravity, which `Reference` does not solve, such a sample is NOT_CONVERGED: NaN from the first
    time at which the two runs disagree.

    The measures are those of the solvers: `steps`; `closest_approach` of two bodies until the last time, in
    units of length, NaN for softened gravity; and `digits`, the decimal digits of the words that the answer
    needed, at least those of double precision.

    Attributes:
        tolerance: of the first run.
        agreement: largest error estimate that passes.
        most_steps, most_bits: of one of `Reference`'s solutions, and of its words. What needs more is
            OUT_OF_BUDGET or NOT_CONVERGED, on every machine alike: seconds would make the set depend on how
            busy it was.

    Velocities are not compared: near a close encounter theirs are off by more.

    Raises `SolverError` for settings that make no sense.
    """

    system: ThreeBody
    _: KW_ONLY
    tolerance: float = 1e-13
    agreement: float = 1e-4
    most_steps: int = 3_000
    most_bits: int = 240

    def __post_init__(self) -> None:
        if not self.agreement > 0:
            raise SolverError(f"agreement must be positive, got {self.agreement}")
        if not 1e-15 <= self.tolerance < 1:
            raise SolverError(
                f"tolerance must lie between 1e-15, so that a tenth of it can be kept, and 1; got "
                f"{self.tolerance}"
            )
        _ = self.runs, self.fallback

    @property
    def runs(self) -> tuple[Solver, Solver]:
        """The two solvers."""
        first: Solver = DormandPrince(self.system, tolerance=self.tolerance)
        second: Solver = DormandPrince(self.system, tolerance=self.tolerance / 10)
        if not self.system.softening:
            first = Regularised(self.system, tolerance=self.tolerance)
            second = Regularised(self.system, tolerance=self.tolerance / 10, closest=True)
        return first, second

    @property
    def fallback(self) -> Solver:
        """What solves a doubtful sample; for softened gravity nothing does."""
        return Reference(
            replace(self.system, softening=0.0),
            budget=np.inf,
            most_steps=self.most_steps,
            most_bits=self.most_bits,
        )

    @property
    def label(self) -> str:
        """E.g. `certified DP8 1e-13 agreement=0.0001`."""
        return f"certified DP8 {self.tolerance:.0e} agreement={self.agreement:g}"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`."""
        times = check_times(times)
        coarse, fine = (run(queries, times) for run in self.runs)
        distances = [np.abs(coarse.values[name] - fine.values[name]).max(axis=2) for name in ("x", "y")]
        # a frame that either run lacks is as wrong as can be
        apart = 2 * np.maximum(*distances) / self.system.extent(queries)[:, None]
        error = np.maximum.accumulate(np.nan_to_num(apart, nan=np.inf), axis=1)
        values = {name: array.copy() for name, array in fine.values.items()}
        status, estimate = fine.status.copy(), error[:, -1].copy()
        seconds = coarse.seconds + fine.seconds
        measures = {name: fine.measures[name].copy() for name in ("steps", "closest_approach")}
        measures["digits"] = np.full(len(status), DOUBLE_DIGITS)
        doubtful = np.flatnonzero(~(estimate <= self.agreement) & (status != Status.REFUSED))
        if len(doubtful) and self.system.softening:
            for array in values.values():
                array[error > self.agreement] = np.nan
            status[doubtful[status[doubtful] == Status.SOLVED]] = Status.NOT_CONVERGED
        elif len(doubtful):
            again = self.fallback(
                {name: np.asarray(array)[doubtful] for name, array in queries.items()}, times
            )
            for name in FIELDS:
                values[name][doubtful] = again.values[name]
            status[doubtful], estimate[doubtful] = again.status, again.error_estimate
            seconds[doubtful] += again.seconds
            for name, numbers in measures.items():
                numbers[doubtful] = again.measures[name]
            measures["digits"] = np.where(
                measures["digits"] < DOUBLE_DIGITS, DOUBLE_DIGITS, measures["digits"]
            )
        estimate[~np.isfinite(estimate)] = np.nan
        return Solution(
            times=times,
            values=values,
            status=status,
            seconds=seconds,
            error_estimate=estimate,
            notes=self._notes(status),
            measures=measures,
        )

    def _notes(self, status: NDArray[np.int8]) -> tuple[str, ...]:
        """A sentence for each kind of failure that is left."""
        said = {
            Status.REFUSED: "start with two bodies at one place; move one of them",
            Status.DIVERGED: "lost their energy; ask for a smaller tolerance or less time",
            Status.OUT_OF_BUDGET: "needed more steps than most_steps; raise it or ask for less time",
            Status.NOT_CONVERGED: (
                f"in two runs come out apart by more than {self.agreement:g}; ask for less time or a larger "
                "agreement"
                if self.system.softening
                else f"did not settle in words of {self.most_bits} bits; raise most_bits or ask for less "
                "time (none outlives a triple collision)"
            ),
        }
        return notes_of(status, said)
