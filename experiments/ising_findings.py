"""What a comparison of the Ising model finds besides its rows: errors of each observable, by temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer
from ..solvers.ising.system import CRITICAL, Ising
from .compare import Plan, Row
from .ising_settings import IsingSettings
from .report import duration
from .verdict import Verdict

__all__ = ["OBSERVABLES", "RANGES", "Findings"]

Array = NDArray[np.float64]
OBSERVABLES = {"energy": "energy", "specific_heat": "specific heat"}
"""Fields that are compared, and their names in words."""
RANGES = ("below", "near", "above")
"""Of temperatures, as seen from the critical one."""


@dataclass(frozen=True)
class Findings:
    """Everything that is known when all have been judged and timed.

    Attributes:
        of_each: verdicts at equal error of each observable alone.
        scores: observable -> label -> (seeds, samples) relative errors.
        answers: of the first training seeds, by label.
    """

    plan: Plan
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    at_ninety: Sequence[Verdict]
    of_each: Mapping[str, Sequence[Verdict]]
    scores: Mapping[str, Mapping[str, Array]]
    answers: Mapping[str, Answer]
    system: Ising
    settings: IsingSettings
    training: TrainingSet

    @property
    def judged(self) -> list[Row]:
        """Surrogates and null models, the best first."""
        return sorted((r for r in self.rows if r.kind in ("surrogate", "null")), key=lambda r: r.accuracy)

    @property
    def machines(self) -> list[Row]:
        """Those that learned to draw, the best first."""
        return [row for row in self.judged if row.label.startswith("boltzmann")]

    @property
    def ranges(self) -> dict[str, NDArray[np.bool_]]:
        """Range -> (samples,) of the temperatures that count, whether it lies there."""
        off = np.asarray(self.plan.queries["temperature"])[self.plan.counted] / CRITICAL - 1
        near = np.abs(off) <= self.settings.near
        found = {"below": ~near & (off < 0), "near": near, "above": ~near & (off > 0)}
        return {name: found[name] for name in RANGES if found[name].any()}

    def by_range(self) -> dict[str, dict[str, dict[str, float]]]:
        """Observable -> label -> range -> median error, all training seeds together."""
        everywhere = np.ones(int(self.plan.counted.sum()), np.bool_)
        return {
            name: {
                row.label: {
                    where: float(np.median(self.scores[name][row.label][:, chosen]))
                    for where, chosen in {"all": everywhere, **self.ranges}.items()
                }
                for row in [*self.judged, *(r for r in self.rows if r.kind in ("ladder", "reference"))]
            }
            for name in OBSERVABLES
        }

    @property
    def exact_seconds(self) -> float:
        """Of the exact sums, for a temperature alone."""
        return next(row for row in self.rows if row.kind == "reference").seconds("single")

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "by_range": self.by_range(),
            "temperatures_by_range": {name: int(chosen.sum()) for name, chosen in self.ranges.items()},
            "verdicts_of_each": {
                name: [verdict.plain() for verdict in verdicts] for name, verdicts in self.of_each.items()
            },
        }

    def losses(self) -> list[str]:
        """Where machines lose, in sentences."""
        said = [
            f"The exact sums, which know the solution of this model, take {duration(self.exact_seconds)} for "
            "a temperature: no sampler and no machine is needed for its energy. Both speak for models of "
            "which no solution is known."
        ]
        if self.machines:
            best = self.machines[0]
            others = [
                f"{row.label} {'is better' if row.accuracy < best.accuracy else 'is no better'}: "
                f"{row.accuracy:.2g} in {duration(row.seconds('single'))} ({row.remark})"
                for row in self.judged
                if row.kind == "surrogate" and row not in self.machines
            ]
            said.append(
                f"Beside the best machine ({best.label}: {best.accuracy:.2g} in "
                f"{duration(best.seconds('single'))}): {'; '.join(others) if others else 'nothing'}."
            )
        for name, words in OBSERVABLES.items():
            verdicts = {verdict.label: verdict for verdict in self.of_each[name]}
            ours = [verdicts[row.label] for row in self.machines]
            if ours:
                best_one = min(ours, key=lambda verdict: verdict.accuracy)
                said.append(
                    f"At equal error of the {words} ({best_one.accuracy:.2g}), {best_one.label} against the "
                    f"best sampler, one temperature at a time: {best_one.modes['single'].in_words()}."
                )
        return said

    def in_words(self) -> str:
        """Median errors by range, and where machines lose, as lines of text."""
        lines = []
        for name, found in self.by_range().items():
            ranges = list(next(iter(found.values())))
            heading = f"relative error of the {OBSERVABLES[name]}, median"
            lines.append(f"{heading:48s}" + "".join(f"{where:>10s}" for where in ranges))
            lines += [
                f"  {label:46s}" + "".join(f"{medians[where]:10.1e}" for where in ranges)
                for label, medians in found.items()
            ]
        return "\n".join([*lines, *self.losses()])
