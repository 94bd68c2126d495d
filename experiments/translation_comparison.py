"""Translated flows: queries, truth, contestants, and everything that is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.training_set import TrainingSet
from ..datasets.translations import GIVEN, Archived, Translated
from ..solvers.contract import Answer, Queries, Solution, Solver
from ..solvers.discovery import find_kit
from ..solvers.steady_flow.steady_solver import GUESS
from ..solvers.steady_flow.stream_newton import StreamNewton
from ..solvers.steady_flow.system import SteadyFlow
from .compare import ComparisonError, Contestant, Plan, compare
from .entries import every_query, solver_entries, truth_card
from .judging import Judging
from .metrics import relative_error
from .report import table, write_json
from .results_card import results_card
from .stages import Trained, contestant
from .timing import pinned_threads
from .translation_ladder import from_given
from .translation_report import Findings, write_figures_and_report
from .verdict import judge

__all__ = ["compare_translations", "psi_of"]

ONCE = np.zeros(1)
ENOUGH = 1e-2
"""Tolerance of the solver that goes on from a translation."""
FINISHED = ("transport", "shared-encoder", "paired-encoder")
"""Translations that a solver goes on from, as hybrids."""


def compare_translations(
    settings: Judging,
    trained: Sequence[Trained],
    *,
    system: SteadyFlow,
    task: Translated,
    training_set: TrainingSet,
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the table. `described` goes into the results as it is."""
    kit = find_kit(system.name)
    reference, standard, ladder = kit.reference(system), kit.standard(system), tuple(kit.ladder(system))
    with pinned_threads(settings.threads):
        queries, solved, given = questions(task, training_set, reference)
    truth = replace(solved, values={name: solved.values[name] for name in task.fields})
    metric = replace(
        relative_error(),
        definition="||error|| / ||truth|| of the velocity, both components and all points of a shape's flow",
    )
    plan = Plan(
        queries=queries,
        times=ONCE,
        timed=ONCE,
        truth=truth,
        metric=metric,
        scale=1.0,
        alone=settings.alone,
        batches=settings.batches,
        rounds=settings.rounds,
        threads=settings.threads,
    )
    surrogates = [entered(one, training_set) for one in trained]
    contestants = [
        *solver_entries(reference, standard, ladder, solved=solved),
        *from_given(system, ladder),
        *surrogates,
        *(
            finished(one, StreamNewton(system, tolerance=ENOUGH))
            for one in surrogates
            if one.label in FINISHED
        ),
    ]
    rows = compare(plan, contestants, progress=progress)
    findings = Findings(
        plan=plan,
        rows=rows,
        verdicts=judge(rows, metric),
        at_ninety=judge(rows, metric, share=0.9),
        answers={c.label: c.answers[0] for c in contestants if c.kind in ("surrogate", "null")},
        unlike={
            t.label: [record.validation_error for record in t.records]
            for t in trained
            if isinstance(t.candidate.task, Archived)
        },
        aside={t.label: sum(not s.trusted for s in t.surrogates) for t in trained},
        system=system,
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
            "task": task.described,
            "given": given,
            "truth": truth_card(reference, solved, queries="flows"),
            "gains": findings.gains(),
            "unlike": findings.unlike,
            "aside": findings.aside,
        },
    )
    write_json(folder / "results.json", results)
    write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, findings.verdicts, metric=metric) + "\n\n" + findings.in_words()


def questions(
    task: Translated, training_set: TrainingSet, reference: Solver
) -> tuple[Queries, Solution, dict[str, int]]:
    """Test queries with the flows that are given, of those that could be solved, and the truth; and for how
    many shapes a flow to give was `asked` for, and of how many it was `solved`.

    Here, and here alone, flows are known in both regimes. Raises `ComparisonError` where none is.
    """
    queries = every_query(training_set.split("test"))
    given = task.given(queries)
    asked = {name: np.asarray(values)[given.solved] for name, values in queries.items()}
    asked |= {GIVEN + name: given.values[name][given.solved, 0] for name in (*task.fields, "psi")}
    if given.solved.any():
        solved = reference(asked, ONCE)
        if solved.solved.any():
            counts = {"asked": len(given.solved), "solved": int(given.solved.sum())}
            return asked, solved, counts
    raise ComparisonError("no test flow could be solved in both regimes; take other Reynolds numbers")


def entered(trained: Trained, training_set: TrainingSet) -> Contestant:
    """An entry. Half of the set's flows are learned from; those that are given are in the training's time."""
    entry = contestant(trained, training_set)
    return replace(entry, bill=replace(entry.bill, data=0.5 * entry.bill.data))


def psi_of(u: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """(..., rows, columns) the stream function at the upper right corner of each cell, of u through its right
    side: what flows between the lower wall and the corner.
    """
    return np.asarray(spacing * np.cumsum(u, axis=-2))


def finished(one: Contestant, solver: StreamNewton) -> Contestant:
    """The solver, begun with a translation."""

    def answer_of(first: Answer) -> Answer:
        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            u = first(queries, times[:1]).values["u"][:, 0]
            psi = psi_of(np.where(np.isfinite(u), u, 0.0), solver.system.spacing)
            return solver({**queries, GUESS: psi}, times)

        return answer

    return Contestant(
        f"{one.label} + Newton",
        "surrogate",
        tuple(answer_of(answer) for answer in one.answers),
        bill=one.bill,
        settings={"of": one.label, "solver": solver.label},
        device=one.device,
        remark=f"hybrid: {solver.label} goes on from what {one.label} answers",
    )
