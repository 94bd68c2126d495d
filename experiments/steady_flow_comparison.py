"""Steady flows about shapes: queries, truth, contestants, and everything that is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries, Solution, Solver
from ..solvers.discovery import find_kit
from ..solvers.steady_flow.steady_solver import GUESS
from ..solvers.steady_flow.stream_newton import StreamNewton
from ..solvers.steady_flow.system import SteadyFlow
from .compare import ComparisonError, Contestant, Plan, compare
from .entries import every_query, solver_entries, truth_card
from .flow_measures import relu_floor, with_velocities
from .flow_settings import FlowSettings
from .metrics import relative_error
from .report import table, write_json
from .results_card import results_card
from .stages import Trained, contestant
from .steady_flow_findings import Asked, Findings, measured_everywhere, warm_starts
from .steady_flow_report import write_figures_and_report
from .timing import pinned_threads
from .verdict import judge

__all__ = ["compare_flows"]

ONCE = np.zeros(1)
ENOUGH = 1e-3
"""Tolerance of the solver that goes on from a surrogate's guess: its grid's error is larger."""
AT_ONCE = 5
"""Shapes of which the truth is found between two moves of the progress bar."""


def compare_flows(
    settings: FlowSettings,
    trained: Sequence[Trained],
    *,
    systems: Mapping[str, SteadyFlow],
    sets: Mapping[str, TrainingSet],
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the table. `described` goes into the results as it is."""
    system = systems["main"]
    kit = find_kit(system.name)
    reference, standard, ladder = kit.reference(system), kit.standard(system), tuple(kit.ladder(system))
    asked = {name: labelled(systems[name], sets[name]) for name in sets if name != "main"}
    queries, families = every_query(sets["main"].split("test")), families_of(system, sets["main"])
    with pinned_threads(settings.threads):
        solved = in_turn(reference, queries, progress=progress)
    if not solved.solved.any():
        raise ComparisonError(f"the reference solved none of the test shapes: {'; '.join(solved.notes)}")
    truth = replace(solved, values={name: solved.values[name] for name in ("u", "v")})
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
    surrogates = [entered(t, sets[t.candidate.training_set], system) for t in trained]
    guessers = [
        one
        for one, entry in zip(surrogates, trained, strict=True)
        if one.kind == "surrogate" and "psi" in (entry.surrogates[0].output_shapes or {})
    ]
    contestants = [
        *solver_entries(reference, standard, ladder, solved=solved),
        *surrogates,
        *(finished(one, StreamNewton(system, tolerance=ENOUGH)) for one in guessers),
    ]
    rows = compare(plan, contestants, progress=progress)
    some = some_of(solved, plan.counted)
    counted = {name: np.asarray(array)[plan.counted] for name, array in queries.items()}
    kept = tuple(family for family, counts in zip(families, plan.counted, strict=True) if counts)
    asked = {"main": Asked(system, counted, some, kept, failed=len(families) - len(kept)), **asked}
    answers = {c.label: c.answers[0] for c in contestants if c.kind in ("surrogate", "null")}
    with pinned_threads(settings.threads):
        few = {name: array[: settings.warm_starts] for name, array in counted.items()}
        warm = warm_starts({one.label: one.answers[0] for one in guessers}, system, few, ONCE)
        measures = measured_everywhere(answers, asked)
    findings = Findings(
        plan=plan,
        rows=rows,
        verdicts=judge(rows, metric),
        at_ninety=judge(rows, metric, share=0.9),
        asked=asked,
        measures=measures,
        answers=answers,
        warm=warm,
        floor=relu_floor(some.values),
        system=system,
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
            "characteristic_time": system.characteristic_time,
            "truth": truth_card(reference, solved, queries="shapes"),
            **findings.plain(),
        },
    )
    write_json(folder / "results.json", results)
    write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, findings.verdicts, metric=metric) + "\n\n" + findings.in_words()


def families_of(system: SteadyFlow, training_set: TrainingSet) -> list[str]:
    """Of the test shapes that were solved, then of those that were not."""
    split, seed = training_set.split("test"), training_set.plan.settings.seed
    every = system.families_of([g for shard in split.shards for g in shard.generators(seed)])
    failed = [failure.sample for failure in split.failures]
    lost = set(failed)
    return [f for i, f in enumerate(every) if i not in lost] + [every[i] for i in failed]


def labelled(system: SteadyFlow, training_set: TrainingSet) -> Asked:
    """A set beyond what is learned: its labels are truth; how good they are the report says."""
    split = training_set.split("test")
    queries = {name: np.asarray(a, dtype=np.float64) for name, a in split.queries().items()}
    values = {
        field.name: np.stack([split.read(i, field=field.name) for i in range(len(split))]).astype(np.float64)
        for field in system.fields
    }
    count = len(split)
    truth = Solution(
        times=ONCE,
        values=values,
        status=np.zeros(count, dtype=np.int8),
        seconds=np.zeros(count),
        error_estimate=split.error_estimates,
    )
    families = tuple(families_of(system, training_set)[:count])
    return Asked(system, queries, truth, families, failed=len(split.failures))


def in_turn(solver: Solver, queries: Queries, *, progress: bool) -> Solution:
    """All samples, a few at a time, so that a bar can move."""
    samples = len(next(iter(queries.values())))
    parts = []
    with tqdm(total=samples, desc="truth", unit="shape", disable=not progress, leave=False) as bar:
        for first in range(0, samples, AT_ONCE):
            some = {name: np.asarray(a)[first : first + AT_ONCE] for name, a in queries.items()}
            parts.append(solver(some, ONCE))
            bar.update(len(parts[-1].status))
    whole = parts[0]
    return replace(
        whole,
        values={name: np.concatenate([p.values[name] for p in parts]) for name in whole.values},
        **{
            n: np.concatenate([getattr(p, n) for p in parts]) for n in ("status", "seconds", "error_estimate")
        },
        measures={name: np.concatenate([p.measures[name] for p in parts]) for name in whole.measures},
        notes=tuple(note for p in parts for note in p.notes),
    )


def some_of(solution: Solution, chosen: NDArray[np.bool_]) -> Solution:
    """These samples of a solution."""
    return replace(
        solution,
        values={name: array[chosen] for name, array in solution.values.items()},
        **{name: getattr(solution, name)[chosen] for name in ("status", "seconds", "error_estimate")},
        measures={name: array[chosen] for name, array in solution.measures.items()},
    )


def entered(trained: Trained, training_set: TrainingSet, system: SteadyFlow) -> Contestant:
    """An entry; where a stream function is answered, the velocities are its differences."""
    entry = contestant(trained, training_set)
    if "psi" not in (trained.surrogates[0].output_shapes or {}):
        return entry
    answers: tuple[Answer, ...] = tuple(with_velocities(answer, system) for answer in entry.answers)
    return replace(entry, answers=answers)


def finished(one: Contestant, solver: StreamNewton) -> Contestant:
    """The solver, begun from the surrogate's stream function."""

    def answer_of(first: Answer) -> Answer:
        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            psi = first(queries, times[:1]).values["psi"][:, 0]
            return solver({**queries, GUESS: np.where(np.isfinite(psi), psi, 0.0)}, times)

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
