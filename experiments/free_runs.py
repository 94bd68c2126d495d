"""Long free runs of all contestants, held against what the solver's own runs differ by among themselves.

A run that has left the true trajectory can still be right: as one of the trajectories that the equation
has. Finite runs of the same system differ, too, so the yardstick is that sampling error: groups of solver
runs from different starts, each group as long as a contestant's.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, System
from .at_once import at_once
from .climate import Climate, distances, growth_rate, measure_climate
from .metrics import drifts

__all__ = ["FreeRuns", "run_freely"]

GROUPS = 6
"""Groups of solver runs at most; two at least, where there are starts for them."""
TWINS = 20
"""Starts from which growth rates are measured."""


@dataclass(frozen=True)
class FreeRuns:
    """What free runs of the solver and the contestants say.

    Attributes:
        runs, length: how many runs each made, and how long each is, in the system's unit of time.
        climates: statistics by label; `solver` is the solver's group from the contestants' own starts.
        apart: how far each contestant is from the solver, by distance: the median over the solver's groups.
        sampling: the same for a group of solver runs against the other groups, the largest of `groups`.
        groups: of solver runs.
        growth: growth rate of small differences by label: (mean, standard error) per unit time.
        drift: largest change of each invariant by label, the median over the runs.
    """

    runs: int
    length: float
    climates: dict[str, Climate]
    apart: dict[str, dict[str, float]]
    sampling: dict[str, float]
    groups: int
    growth: dict[str, tuple[float, float]]
    drift: dict[str, dict[str, float]]

    def times_sampling(self, label: str) -> dict[str, float]:
        """Distances in units of the sampling error: at most 1 is indistinguishable from the solver.

        Empty where there was but one group of solver runs.
        """
        return {name: self.apart[label][name] / size for name, size in self.sampling.items()}

    def growth_apart(self, label: str) -> float:
        """How far the growth rate is from the solver's, in standard errors of their difference."""
        (mean, error), (true, spread) = self.growth[label], self.growth["solver"]
        return float((mean - true) / np.hypot(error, spread))

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "runs": self.runs,
            "length": self.length,
            "groups": self.groups,
            "sampling_error": self.sampling,
            "contestants": {
                label: {
                    "distance": self.apart[label],
                    "times_sampling_error": self.times_sampling(label),
                    "growth_rate": {"mean": self.growth[label][0], "standard_error": self.growth[label][1]},
                    "growth_rate_standard_errors_apart": self.growth_apart(label),
                    "drift": self.drift[label],
                }
                for label in self.apart
            },
            "solver": {
                "growth_rate": {"mean": self.growth["solver"][0], "standard_error": self.growth["solver"][1]},
                "drift": self.drift["solver"],
            },
            "climates": {label: climate.plain() for label, climate in self.climates.items()},
        }


def run_freely(
    queries: Queries,
    answers: Mapping[str, Answer],
    solver: Answer,
    system: System,
    *,
    runs: int,
    total: float,
    horizon: NDArray[np.float64],
    scale: float,
    threads: int = 1,
    progress: bool = False,
) -> FreeRuns:
    """Run each answer from the first `runs` starts for `total` units of time in all, and measure.

    `runs` is lowered so that the solver has two groups of starts. `horizon` are the times at which growth
    rates are looked at; `scale` is the root mean square of the true field. Serves one field on one periodic
    axis.
    """
    field = system.fields[0].name
    samples = len(queries[field])
    runs = max(1, min(runs, samples // 2))
    groups = max(1, min(GROUPS, samples // runs))
    length = total / runs
    times = np.arange(1.0, np.ceil(length) + 1)

    def asked(first: int, count: int) -> Queries:
        return {name: array[first : first + count] for name, array in queries.items()}

    def measured(answer: Answer, first: int) -> tuple[Climate, dict[str, float]]:
        queries = asked(first, runs)
        values = answer(queries, times).values
        begun = {name: np.concatenate([queries[name][:, None], run], axis=1) for name, run in values.items()}
        changes = drifts(system.invariants(begun, queries))
        drift = {name: float(np.median(change)) for name, change in changes.items()}
        return measure_climate(values[field], scale=scale), drift

    # surrogates that loop in Python side by side would only take turns at the interpreter, and lose by it
    turn = threading.Lock()

    def run(entry: tuple[str, Answer, int]) -> tuple[Climate, dict[str, float], tuple[float, float]]:
        label, answer, first = entry
        rate = (float("nan"), float("nan"))
        with nullcontext() if label == "solver" else turn:
            if first == 0:
                rate = growth_rate(answer, asked(0, TWINS), horizon, field=field, scale=scale)
            return *measured(answer, first), rate

    solvers = [("solver", solver, group * runs) for group in range(groups)]
    others = [(label, answer, 0) for label, answer in answers.items()]
    # in turn, so that a surrogate runs beside the solver
    entries = [entry for pair in zip_longest(solvers, others) for entry in pair if entry is not None]
    done = at_once(run, entries, threads=threads, desc="free runs", progress=progress)
    found = {(label, first): result for (label, _, first), result in zip(entries, done, strict=True)}
    own = [found["solver", group * runs][0] for group in range(groups)]
    first = {label: found[label, 0] for label in ("solver", *answers)}
    from_others = [_median([distances(b, a) for b in own if b is not a]) for a in own if len(own) > 1]
    return FreeRuns(
        runs=runs,
        length=length,
        climates={label: climate for label, (climate, _, _) in first.items()},
        apart={label: _median([distances(a, first[label][0]) for a in own]) for label in answers},
        sampling={name: max(d[name] for d in from_others) for name in from_others[0]} if from_others else {},
        groups=groups,
        growth={label: rate for label, (_, _, rate) in first.items()},
        drift={label: change for label, (_, change, _) in first.items()},
    )


def _median(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.median([d[name] for d in found])) for name in found[0]}
