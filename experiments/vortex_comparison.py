"""Vortices in noisy flows: queries, truth, contestants, and everything that is reported."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries, Solution
from ..solvers.discovery import find_kit
from ..solvers.vortices.finder import answer_of
from ..solvers.vortices.least_squares import FittedVortices
from ..solvers.vortices.system import Vortices
from ..solvers.vortices.table import SLOTTED, fields_of
from .compare import Contestant, Plan, compare
from .entries import every_query, solver_entries, truth_card
from .report import table, write_json
from .results_card import results_card
from .stages import Trained, contestant
from .timing import pinned_threads
from .verdict import judge
from .vortex_findings import Findings, found_by
from .vortex_measures import missed_distance
from .vortex_report import write_figures_and_report
from .vortex_settings import VortexSettings

__all__ = ["compare_finders", "refined"]

ONCE = np.zeros(1)
REFINING = 3
"""Iterations of the fit that goes on from a surrogate's table."""
BEGUN = 0.3
"""How sure a surrogate has to be of a vortex for the fit to try it; noise the fit takes away."""


def compare_finders(
    settings: VortexSettings,
    trained: Sequence[Trained],
    *,
    system: Vortices,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the tables. `described` goes into the results as it is."""
    kit = find_kit(system.name)
    reference, standard, ladder = kit.reference(system), kit.standard(system), tuple(kit.ladder(system))
    queries = every_query(sets["main"].split("test"))
    reference({name: array[:1] for name, array in queries.items()}, ONCE)  # compiles what it needs
    truth = reference(queries, ONCE)
    metric = missed_distance(spacing=system.spacing, cutoff=settings.cutoff)
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
    surrogates = [contestant(t, sets[t.candidate.training_set]) for t in trained]
    fit = FittedVortices(system, iterations=REFINING, rounds=0)
    contestants = [
        *solver_entries(reference, standard, ladder, solved=truth),
        *surrogates,
        *(refined(one, fit) for one in surrogates if one.kind == "surrogate"),
    ]
    with pinned_threads(settings.threads):
        said = {one.label: [answer(queries, ONCE) for answer in one.answers] for one in contestants}
    contestants = [
        replace(one, answered=said[one.label][0]) if len(one.answers) == 1 else one for one in contestants
    ]
    rows = compare(plan, contestants, progress=progress)
    findings = Findings(
        plan=plan,
        rows=rows,
        verdicts=judge(rows, metric),
        at_ninety=judge(rows, metric, share=0.9),
        found={
            one.label: found_by(said[one.label], truth, system=system, reach=settings.reach)
            for one in contestants
            if one.kind in ("ladder", "surrogate", "null")
        },
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
            "truth": truth_card(reference, truth, queries="fields"),
            **findings.plain(),
        },
    )
    write_json(folder / "results.json", results)
    write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, findings.verdicts, metric=metric) + "\n\n" + findings.in_words()


def refined(one: Contestant, fit: FittedVortices) -> Contestant:
    """The fit, begun from the surrogate's table; what it holds for noise it takes away."""

    def answer_from(first: Answer) -> Answer:
        def answer(queries: Queries, times: np.ndarray[Any, np.dtype[np.float64]]) -> Solution:
            begin = time.perf_counter()
            values = first(queries, times[:1]).values
            begun = np.stack([np.asarray(values[name][:, 0], dtype=np.float64) for name in SLOTTED], axis=-1)
            begun[begun[..., 0] < BEGUN] = 0.0
            slots = fields_of(fit.refine(np.asarray(queries["u"]), np.asarray(queries["v"]), begun))
            return answer_of(fit.system, slots, times, begin=begin)

        return answer

    return Contestant(
        f"{one.label} + fit",
        "surrogate",
        tuple(answer_from(answer) for answer in one.answers),
        bill=one.bill,
        settings={"of": one.label, "solver": fit.label},
        device=one.device,
        remark=f"hybrid: {fit.label} goes on from what {one.label} answers",
    )
