"""What a comparison of steady flows finds besides its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries, Solution
from ..solvers.steady_flow.steady_solver import GUESS
from ..solvers.steady_flow.stream_newton import StreamNewton
from ..solvers.steady_flow.system import SteadyFlow
from .compare import Plan, Row
from .flow_measures import measured
from .verdict import Verdict

__all__ = ["Asked", "Findings", "warm_starts"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """Shapes of one kind: what was asked, and how it truly is.

    Attributes:
        system: which drew them.
        queries: arrays by name, samples first.
        truth: all fields.
        families: of each sample's shape.
        failed: how many more were drawn, of which no truth is known.
    """

    system: SteadyFlow
    queries: Queries
    truth: Solution
    families: tuple[str, ...]
    failed: int = 0

    @property
    def reynolds(self) -> Array:
        """(samples,) Reynolds numbers of the obstacles."""
        return self.system.heights(self.queries) / np.asarray(self.queries["viscosity"], dtype=np.float64)


@dataclass(frozen=True)
class Findings:
    """Everything that is known when all have been judged and timed.

    Attributes:
        asked: by the name of the set: `main`, whose shapes the rows judge, and those beyond.
        measures: label -> set -> measure -> (samples,), of the first training seed.
        answers: by label.
        warm: see `warm_starts`.
        floor: see `relu_floor`.
    """

    plan: Plan
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    at_ninety: Sequence[Verdict]
    asked: Mapping[str, Asked]
    measures: Mapping[str, Mapping[str, Mapping[str, Array]]]
    answers: Mapping[str, Answer]
    warm: Sequence[Mapping[str, Any]]
    floor: Mapping[str, float]
    system: SteadyFlow
    training: TrainingSet

    @property
    def judged(self) -> list[Row]:
        """Surrogates and null models, the best first."""
        chosen = [r for r in self.rows if r.kind in ("surrogate", "null")]
        return sorted(chosen, key=lambda r: r.accuracy)

    @property
    def learned(self) -> list[Row]:
        """Surrogates that answer by themselves, the best first."""
        return [r for r in self.judged if r.kind == "surrogate" and "of" not in r.settings]

    def medians(self, name: str = "main") -> dict[str, dict[str, float]]:
        """Label -> measure -> median over the shapes of one set."""
        return {
            label: {measure: float(np.median(of)) for measure, of in sets[name].items()}
            for label, sets in self.measures.items()
        }

    def beyond(self) -> dict[str, dict[str, dict[str, float]]]:
        """Label -> set -> medians of velocity's and drag's error, and what 90 % of the shapes have."""
        return {
            label: {
                name: {
                    "velocity": float(np.median(found["velocity"])),
                    "velocity_q90": float(np.quantile(found["velocity"], 0.9, method="inverted_cdf")),
                    **({"drag": float(np.median(found["drag"]))} if "drag" in found else {}),
                }
                for name, found in sets.items()
            }
            for label, sets in self.measures.items()
        }

    def by_family(self) -> dict[str, dict[str, float]]:
        """Label -> family -> median error of the velocity over the test shapes of that family."""
        families = np.array(self.asked["main"].families)
        return {
            label: {
                family: float(np.median(sets["main"]["velocity"][families == family]))
                for family in dict.fromkeys(sorted(families.tolist()))
            }
            for label, sets in self.measures.items()
        }

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "measures": self.medians(),
            "largest": {
                label: {law: float(sets["main"][law].max()) for law in ("divergence", "slip")}
                for label, sets in self.measures.items()
            },
            "beyond": self.beyond(),
            "by_family": self.by_family(),
            "warm_starts": list(self.warm),
            "relu_floor": dict(self.floor),
            "shapes": {
                name: {
                    "judged": len(of.families),
                    "failed": of.failed,
                    "least_reynolds": float(of.reynolds.min()),
                    "most_reynolds": float(of.reynolds.max()),
                    "truth_error_estimate_median": float(np.median(of.truth.error_estimate)),
                    "truth_error_estimate_largest": float(of.truth.error_estimate.max()),
                }
                for name, of in self.asked.items()
            },
        }

    def in_words(self) -> str:
        """Errors beyond what was learned, as lines of text."""
        names = list(self.asked)
        lines = [f"median relative error of the velocity: {', '.join(names)}"]
        for label, sets in self.beyond().items():
            lines.append(f"  {label:32s}" + "".join(f"{sets[name]['velocity']:10.2g}" for name in names))
        lines.append("steps of Newton's method to full accuracy: cold, and from a surrogate's guess")
        for row in self.warm:
            lines.append(
                f"  {row['label']:24s} {row['solver']:24s} {row['cold_steps']:.1f} -> "
                f"{row['warm_steps']:.1f} steps, {row['cold_factorisations']:.1f} -> "
                f"{row['warm_factorisations']:.1f} factorisations"
            )
        return "\n".join(lines)


def measured_everywhere(
    answers: Mapping[str, Answer], asked: Mapping[str, Asked]
) -> dict[str, dict[str, dict[str, Array]]]:
    """See `Findings.measures`."""
    return {
        label: {
            name: measured(of.system, answer(of.queries, of.truth.times), of.truth, of.queries)
            for name, of in asked.items()
        }
        for label, answer in answers.items()
    }


def warm_starts(
    answers: Mapping[str, Answer], system: SteadyFlow, queries: Queries, times: Array
) -> list[dict[str, Any]]:
    """What a surrogate's stream function saves the solver that goes on from it to full accuracy.

    On the system's grid and on one twice as fine, means over the samples that both solve: steps on the last
    grid, factorisations on all grids, those of a cheap solver before the guess not among them. A guess from
    which the solver does not converge is counted in `lost`.
    """
    if not answers:
        return []
    guesses = {}
    for label, answer in answers.items():
        psi = answer(queries, times).values["psi"][:, 0]
        guesses[label] = np.where(np.isfinite(psi), psi, 0.0)
    found = []
    for rows in (system.rows, 2 * system.rows):
        solver = StreamNewton(system, rows=rows)
        cold = solver(queries, times)
        for label, guess in guesses.items():
            warm = solver({**queries, GUESS: guess}, times)
            both = cold.solved & warm.solved
            found.append(
                {
                    "label": label,
                    "solver": solver.label,
                    "samples": int(both.sum()),
                    "lost": int((cold.solved & ~warm.solved).sum()),
                    **{
                        f"{way}_{name}": _mean(one.measures[name][both])
                        for way, one in (("cold", cold), ("warm", warm))
                        for name in ("steps", "factorisations")
                    },
                }
            )
    return found


def _mean(numbers: Array) -> float:
    """NaN of none."""
    return float(np.mean(numbers)) if len(numbers) else np.nan
