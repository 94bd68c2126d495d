"""Energy and specific heat over temperature: queries, truth, contestants, and everything that is reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries, Solution
from ..solvers.discovery import find_kit
from ..solvers.ising.system import Ising
from ..surrogates.boltzmann_machine import BoltzmannMachine
from .compare import Contestant, Plan, compare
from .entries import every_query, solver_entries, truth_card
from .ising_findings import OBSERVABLES, Findings
from .ising_report import write_figures_and_report
from .ising_settings import IsingSettings
from .metrics import Metric, relative_error
from .report import table, write_json
from .results_card import results_card
from .stages import Trained, contestant
from .timing import pinned_threads
from .verdict import judge

__all__ = ["compare_ising", "of_one"]

ONCE = np.zeros(1)


def compare_ising(
    settings: IsingSettings,
    trained: Sequence[Trained],
    *,
    system: Ising,
    training_set: TrainingSet,
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the tables. `described` goes into the results as it is."""
    kit = find_kit(system.name)
    reference, standard, ladder = kit.reference(system), kit.standard(system), tuple(kit.ladder(system))
    queries = every_query(training_set.split("test"))
    with pinned_threads(settings.threads):
        solved = reference(queries, ONCE)
    metric = replace(
        relative_error(),
        name="relative error",
        definition=(
            "||answer - truth|| / ||truth|| of the pair of energy and specific heat at a temperature, both "
            "per spin; at least 2e-16, a double's round-off"
        ),
    )
    metrics = {name: of_one(name) for name in OBSERVABLES}
    plan = Plan(
        queries=queries,
        times=ONCE,
        timed=ONCE,
        truth=solved,
        metric=metric,
        scale=1.0,
        others=metrics,
        alone=settings.alone,
        batches=settings.batches,
        rounds=settings.rounds,
        threads=settings.threads,
    )
    contestants = [
        replace(entry, answers=tuple(Remembered(answer, queries) for answer in entry.answers))
        for entry in (
            *solver_entries(reference, standard, ladder, solved=solved),
            *(entry for one in trained for entry in entered(one, training_set, draws=settings.draws)),
        )
    ]
    rows = compare(plan, contestants, progress=progress)
    with pinned_threads(settings.threads):
        scores = {
            name: {
                c.label: np.array([m.score(a(queries, ONCE), solved)[plan.counted] for a in c.answers])
                for c in contestants
            }
            for name, m in metrics.items()
        }
    findings = Findings(
        plan=plan,
        rows=rows,
        verdicts=judge(rows, metric),
        at_ninety=judge(rows, metric, share=0.9),
        of_each={
            name: judge([replace(r, scores=scores[name][r.label]) for r in rows], m)
            for name, m in metrics.items()
        },
        scores=scores,
        answers={c.label: c.answers[0] for c in contestants},
        system=system,
        settings=settings,
        training=training_set,
    )
    results = results_card(
        system,
        metric,
        rows=rows,
        verdicts=findings.verdicts,
        at_ninety=findings.at_ninety,
        sets={"main": training_set},
        described=described,
        own={
            "truth": truth_card(reference, solved, queries="temperatures"),
            **findings.plain(),
        },
    )
    write_json(folder / "results.json", results)
    with pinned_threads(settings.threads):
        write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, findings.verdicts, metric=metric) + "\n\n" + findings.in_words()


@dataclass
class Remembered:
    """An answer that is given once to the queries that are judged, which may take minutes, and to all others,
    those that are timed among them, whenever they are asked.
    """

    answer: Answer
    queries: Queries
    known: Solution | None = None

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Answer`; the Ising model has no time, so there is but one to ask for."""
        if queries is not self.queries:
            return self.answer(queries, times)
        if self.known is None:
            self.known = self.answer(queries, times)
        return self.known


def entered(one: Trained, training_set: TrainingSet, *, draws: Sequence[int]) -> list[Contestant]:
    """An entry; of a machine another for each other number of draws, told by its name.

    Interpolation, which learns nothing, is judged like a surrogate: it may well be the best.
    """
    entry = contestant(one, training_set)
    if one.candidate.surrogate == "interpolation":
        return [replace(entry, kind="surrogate")]
    machines = one.surrogates
    if not all(isinstance(machine, BoltzmannMachine) for machine in machines):
        return [entry]
    others = [number for number in draws if number != machines[0].settings.draws]
    return [
        entry,
        *(
            replace(
                entry,
                label=f"{one.label} {number}",
                answers=tuple(one.candidate.task.answer(machine.drawing(number)) for machine in machines),
                settings={**entry.settings, "of": one.label, "draws": number},
                remark=f"the machines of {one.label}, with {number} draws",
            )
            for number in others
        ),
    ]


def of_one(name: str) -> Metric:
    """The relative error of one field of the answer alone."""
    return replace(
        relative_error(),
        name=f"relative error of the {OBSERVABLES[name]}",
        score=_score_of(name),
        definition=f"|answer - truth| / |truth| of the {OBSERVABLES[name]} at a temperature",
    )


def _score_of(name: str) -> Callable[[Solution, Solution], NDArray[np.float64]]:
    def score(answer: Solution, truth: Solution) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            errors = np.abs(answer.values[name] / truth.values[name] - 1).max(axis=1)
        return np.asarray(np.maximum(np.where(np.isfinite(errors), errors, np.inf), np.finfo(np.float64).eps))

    return score
