"""Friction in pipes: queries, truth, contestants, and everything that is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets.training_set import TrainingSet
from ..solvers.discovery import find_kit
from ..solvers.pipe_flow.colebrook import regimes_of
from ..solvers.pipe_flow.system import PipeFlow
from .compare import ComparisonError, Contestant, Plan, compare
from .entries import every_query, solver_entries, truth_card
from .metrics import relative_error
from .pipe_findings import Findings, loads_of
from .pipe_report import write_figures_and_report
from .pipe_settings import PipeSettings
from .report import table, write_json
from .results_card import results_card
from .stages import Trained, contestant
from .timing import pinned_threads
from .verdict import judge

__all__ = ["compare_pipes"]

ONCE = np.zeros(1)


def compare_pipes(
    settings: PipeSettings,
    trained: Sequence[Trained],
    *,
    system: PipeFlow,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the tables. `described` goes into the results as it is."""
    kit = find_kit(system.name)
    reference, standard, ladder = kit.reference(system), kit.standard(system), tuple(kit.ladder(system))
    queries = every_query(sets["main"].split("test"))
    with pinned_threads(settings.threads):
        solved = reference(queries, ONCE)
    if not solved.solved.any():
        raise ComparisonError(f"the reference solved none of the test pipes: {'; '.join(solved.notes)}")
    metric = replace(
        relative_error(),
        name="relative error",
        definition="|f - truth| / truth of the friction factor, at least 2e-16, a double's round-off",
    )
    plan = Plan(
        queries=queries,
        times=ONCE,
        timed=ONCE,
        truth=solved,
        metric=metric,
        scale=1.0,
        alone=settings.alone,
        batches=settings.batches,
        rounds=settings.rounds,
        threads=settings.threads,
    )
    surrogates = [entered(t, sets[t.candidate.training_set]) for t in trained]
    contestants = [*solver_entries(reference, standard, ladder, solved=solved), *surrogates]
    rows = compare(plan, contestants, progress=progress)
    counted = {name: np.asarray(array)[plan.counted] for name, array in queries.items()}
    regimes = regimes_of(counted["reynolds"])
    with pinned_threads(settings.threads):
        loads = loads_of(trained, counted, regimes)
    findings = Findings(
        plan=plan,
        rows=rows,
        verdicts=judge(rows, metric),
        at_ninety=judge(rows, metric, share=0.9),
        regimes=regimes,
        loads=loads,
        answers={one.label: one.answers[0] for one in surrogates},
        trained={t.label: t for t in trained},
        system=system,
        settings=settings,
        training=sets["main"],
    )
    results = results_card(
        system,
        metric,
        rows=rows,
        verdicts=findings.verdicts,
        at_ninety=findings.at_ninety,
        sets=sets,
        described=described,
        own={
            "truth": truth_card(reference, solved, queries="pipes"),
            # thousands of scores of each seed would make a large file of what the table by regime says
            "rows": [{**row.plain(), "scores": None} for row in rows],
            **findings.plain(),
        },
    )
    write_json(folder / "results.json", results)
    with pinned_threads(settings.threads):
        write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, findings.verdicts, metric=metric) + "\n\n" + findings.in_words()


def entered(trained: Trained, training_set: TrainingSet) -> Contestant:
    """An entry; interpolation, which learns nothing, is judged like a surrogate: it may well be the best."""
    entry = contestant(trained, training_set)
    return entry if trained.candidate.surrogate != "interpolation" else replace(entry, kind="surrogate")
