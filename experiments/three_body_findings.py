"""What a comparison of three-body trajectories finds besides its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Solution
from ..solvers.three_body.system import ThreeBody
from .compare import Plan, Row
from .trajectory_settings import TrajectorySettings
from .verdict import Verdict

__all__ = ["Doubts", "Findings"]

Array = NDArray[np.float64]
STATE = ("x", "y", "vx", "vy")


@dataclass(frozen=True)
class Doubts:
    """What a surrogate expects of itself.

    Attributes:
        expected: (starts,) of its mean absolute error over the judged times.
        handed_over: (starts,) whether its hybrid leaves a start to the solver.
        threshold: of the error that is expected at the last time, above which it does.
    """

    expected: Array
    handed_over: NDArray[np.bool_]
    threshold: float


@dataclass(frozen=True)
class Findings:
    """Everything that is known when all have been judged and timed.

    `full_truth` holds velocities, too; `at_ninety` are verdicts at the error that 90 % of
    the starts stay below; `difficulty` is the closest approach of each start; `doubts` are
    those of the surrogates that expect their own error.
    """

    plan: Plan
    full_truth: Solution
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    at_ninety: Sequence[Verdict]
    answers: Mapping[str, Answer]
    doubts: Mapping[str, Doubts]
    difficulty: Array
    system: ThreeBody
    settings: TrajectorySettings
    training: TrainingSet

    @property
    def judged(self) -> list[Row]:
        """Surrogates and null models, the best first."""
        chosen = [r for r in self.rows if r.kind in ("surrogate", "null")]
        return sorted(chosen, key=lambda r: r.accuracy)

    def errors(self) -> dict[str, dict[str, float]]:
        """Of each surrogate and null model: mean, median, 90 % of the errors, and by difficulty."""
        near = self.difficulty[self.plan.counted]
        parts = np.array_split(np.argsort(-near), 4)
        found = {}
        for row in self.judged:
            scores = np.median(row.scores, axis=0)
            numbers = {"mean": float(row.scores.mean()), "median": row.accuracy, "q90": row.quantiles[2]}
            if np.isfinite(near).all():
                names = ("easiest", "easier", "harder", "hardest")
                numbers |= {n: float(np.median(scores[p])) for n, p in zip(names, parts, strict=True)}
            found[row.label] = numbers
        return found

    def energies(self) -> dict[str, dict[str, float]]:
        """Relative error of the energy over starts and times, for those that give velocities."""
        counted = self.plan.counted
        some = {name: np.asarray(a)[counted] for name, a in self.plan.queries.items()}
        start = self.system.invariants({n: some[n][:, None] for n in STATE}, some)["energy"]
        found = {}
        for row in self.judged:
            values = self.answers[row.label](some, self.plan.times).values
            if set(STATE) <= set(values):
                off = np.abs(self.system.invariants(values, some)["energy"] / start - 1)
                off = np.where(np.isfinite(off), off, np.inf)
                low, middle, high = np.quantile(off, [0.1, 0.5, 0.9], method="inverted_cdf")
                found[row.label] = {"q10": float(low), "median": float(middle), "q90": float(high)}
        return found

    def calibration(self) -> dict[str, tuple[Array, Array]]:
        """Expected and true error of each counted start, by surrogate."""
        counted = self.plan.counted
        by_label = {row.label: row for row in self.rows}
        return {
            label: (doubts.expected[counted], by_label[label].scores[0])
            for label, doubts in self.doubts.items()
        }

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        calibrated = {}
        for label, (expected, true) in self.calibration().items():
            calibrated[label] = {
                "rank_correlation": float(spearmanr(expected, true).statistic),
                "median_ratio_true_to_expected": float(np.median(true / expected)),
                "share_of_errors_within_twice_the_expected": float((true <= 2 * expected).mean()),
                "threshold": self.doubts[label].threshold,
                "share_handed_over": float(self.doubts[label].handed_over.mean()),
            }
        found: dict[str, Any] = {
            "errors": self.errors(),
            "energy_errors": self.energies(),
            "calibration": calibrated,
        }
        known = self.difficulty[np.isfinite(self.difficulty)]
        if len(known):  # of softened bodies it is not
            shares = (("q10", 0.1), ("median", 0.5), ("q90", 0.9))
            found["closest_approach"] = {name: float(np.quantile(known, q)) for name, q in shares}
        return found

    def errors_in_words(self) -> str:
        """The errors as lines of text: the mean, as published, beside the median that is compared."""
        lines = [
            "mean absolute error of the positions: mean and median over starts, hardest quarter's median"
        ]
        for label, numbers in self.errors().items():
            hardest = f"{numbers['hardest']:.3g}" if "hardest" in numbers else "-"
            lines.append(f"  {label:34s} {numbers['mean']:9.3g} {numbers['median']:9.3g} {hardest:>9s}")
        return "\n".join(lines)
