"""Trajectories of three bodies: starts, truth, contestants, and everything that is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries, Solution, Solver
from ..solvers.discovery import find_kit
from ..solvers.three_body.projection import restored
from ..solvers.three_body.solvers import DormandPrince, Regularised
from ..solvers.three_body.system import ThreeBody
from .compare import ComparisonError, Contestant, Plan, compare
from .entries import every_query, solver_entries, truth_card
from .hybrid import Expectation, changed, with_fallback
from .metrics import absolute_error
from .report import table, write_json
from .stages import Trained, contestant
from .three_body_findings import Doubts, Findings
from .three_body_report import write_figures_and_report
from .timing import pinned_threads, provenance
from .trajectory_settings import TrajectorySettings
from .verdict import judge

__all__ = ["compare_trajectories"]

POSITIONS = ("x", "y")
STATE = ("x", "y", "vx", "vy")
STIFFNESS = 100.0
"""Of the positions where the energy is restored: on validation starts, what leaves them as they are."""
TABLE = "learns nothing: reads off the table of the training trajectories, and carries all of it"
HELPER_TOLERANCE = 1e-8
"""Of the solver to which a hybrid turns: far more accurate than any surrogate, and fast."""


def compare_trajectories(
    settings: TrajectorySettings,
    trained: Sequence[Trained],
    *,
    system: ThreeBody,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the table. `described` goes into the results as it is."""
    kit = find_kit(system.name)
    queries = every_query(sets["main"].split("test"))
    times = settings.times(sets["main"].interval)
    reference = kit.reference(system)
    with pinned_threads(settings.threads):
        solved = reference(queries, times)
        helper = fallback_solver(system)
        difficulty = nearest_approach(system, queries, settings.horizon)
    if not solved.solved.any():
        raise ComparisonError(f"the reference solved none of the test starts: {'; '.join(solved.notes)}")
    truth = replace(solved, values={name: solved.values[name] for name in POSITIONS})
    metric = absolute_error("unit lengths", what="the positions, over bodies, coordinates and times")
    plan = Plan(
        queries=queries,
        times=times,
        timed=times[-1:],
        truth=truth,
        metric=metric,
        scale=1.0,
        alone=settings.alone,
        batches=settings.batches,
        rounds=settings.rounds,
        threads=settings.threads,
    )
    surrogates = [entered(t, sets[t.candidate.training_set]) for t in trained]
    doubts: dict[str, Doubts] = {}
    for one, entry in zip(surrogates[:], trained, strict=True):
        if one.kind != "surrogate" or one.remark == TABLE:
            continue
        # the error at the end decides, so that who answers does not depend on the times that are asked for
        gate = expectation(entry, times[-1:])
        if gate is not None:
            valid = sets[entry.candidate.training_set].split("valid").queries()
            threshold = float(np.quantile(gate(valid), 1 - settings.fallback_share))
            surrogates.append(hybrid(one, gate, helper, threshold, settings.fallback_share))
            expected = expectation(entry, times)
            assert expected is not None
            doubts[one.label] = Doubts(expected(queries), gate(queries) > threshold, threshold)
        if set(STATE) <= set(entry.surrogates[0].output_shapes or {}):
            surrogates.append(energy_restored(one, system))
    ladder, standard = tuple(kit.ladder(system)), kit.standard(system)
    contestants = [
        *solver_entries(reference, standard, ladder, solved=solved),
        *surrogates,
    ]
    rows = compare(plan, contestants, progress=progress)
    verdicts = judge(rows, metric)
    at_ninety = judge(rows, metric, share=0.9)
    answers = {c.label: c.answers[0] for c in surrogates}
    findings = Findings(
        plan=plan,
        full_truth=solved,
        rows=rows,
        verdicts=verdicts,
        at_ninety=at_ninety,
        answers=answers,
        doubts=doubts,
        difficulty=difficulty,
        system=system,
        settings=settings,
        training=sets["main"],
    )
    results = {
        "system": {"name": system.name, **system.parameters},
        "characteristic_time": system.characteristic_time,
        "truth": truth_card(reference, solved, queries="starts") | digits_of(solved),
        "metric": {"name": metric.name, "unit": metric.unit, "definition": metric.definition},
        "verdicts": [v.plain() for v in verdicts],
        "verdicts_at_equal_90_percent": [v.plain() for v in at_ninety],
        "rows": [row.plain() for row in rows],
        "times": times,
        **findings.plain(),
        "training_sets": {
            name: {"fingerprint": s.fingerprint, "seconds": s.seconds, "trajectories": len(s.split("train"))}
            for name, s in sets.items()
        },
        "settings": described,
        **provenance(),
    }
    write_json(folder / "results.json", results)
    write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, verdicts, metric=metric) + "\n\n" + findings.errors_in_words()


def entered(trained: Trained, training_set: TrainingSet) -> Contestant:
    """An entry; interpolation, which learns nothing, is judged like a surrogate: it may well be the best."""
    entry = contestant(trained, training_set)
    if trained.candidate.surrogate != "interpolation":
        return entry
    return replace(entry, kind="surrogate", remark=TABLE)


def fallback_solver(system: ThreeBody) -> Solver:
    """What a hybrid turns to."""
    kind = DormandPrince if system.softening else Regularised
    return kind(system, tolerance=HELPER_TOLERANCE, most_steps=100_000)


def nearest_approach(system: ThreeBody, queries: Queries, horizon: float) -> NDArray[np.float64]:
    """(samples,) the least distance of any two bodies on the way: how hard a start is; NaN if softened."""
    solver = fallback_solver(system)
    if isinstance(solver, Regularised):
        solver = replace(solver, closest=True)
    return np.asarray(solver(queries, np.array([horizon])).measures["closest_approach"])


def expectation(trained: Trained, times: NDArray[np.float64]) -> Expectation | None:
    """What the first seed's surrogate expects of its own error, if it does; the mean over these times."""
    surrogate = trained.surrogates[0]
    answering = getattr(surrogate.settings, "answering", None)
    if answering is None or not answering.confidence:
        return None
    return partial(_expected, surrogate, times)


@torch.no_grad()
def _expected(surrogate: Any, times: NDArray[np.float64], queries: Queries) -> NDArray[np.float64]:
    names = [name for name in surrogate.input_shapes if name != "time"]
    given = {name: np.repeat(np.asarray(queries[name]), len(times), axis=0) for name in names}
    samples = len(given[names[0]]) // len(times)
    given["time"] = np.tile(times, samples)
    tensors = {n: torch.from_numpy(a).to(surrogate.device, surrogate.dtype) for n, a in given.items()}
    found = surrogate.expected_error(tensors).cpu().double().numpy()
    return np.asarray(found.reshape(samples, len(times)).mean(axis=1))


def hybrid(one: Contestant, gate: Expectation, helper: Solver, threshold: float, share: float) -> Contestant:
    """The surrogate where it is confident, the solver elsewhere."""
    return Contestant(
        f"{one.label} or solver",
        "surrogate",
        (with_fallback(one.answers[0], gate, helper, threshold=threshold),),
        bill=one.bill,
        settings={"of": one.label, "threshold": threshold, "share": share, "solver": helper.label},
        device=one.device,
        remark=(
            f"hybrid: where {one.label} expects an error at the end above that of {1 - share:.0%} of the "
            f"validation starts, {helper.label} answers instead"
        ),
    )


def energy_restored(one: Contestant, system: ThreeBody) -> Contestant:
    """The surrogate's states, moved to the nearest of the right energy and angular momentum."""

    def restore(values: dict[str, NDArray[np.float64]], queries: Queries) -> dict[str, NDArray[np.float64]]:
        return restored(system, values, queries, stiffness=STIFFNESS)

    answers: tuple[Answer, ...] = tuple(changed(answer, restore) for answer in one.answers)
    return Contestant(
        f"{one.label} restored",
        "surrogate",
        answers,
        bill=one.bill,
        settings={"of": one.label, "restored": "energy and angular momentum", "stiffness": STIFFNESS},
        device=one.device,
        remark="restored: moved to the nearest state of the start's energy and angular momentum",
    )


def digits_of(truth: Solution) -> dict[str, float]:
    """With how many digits the truth was found."""
    digits = truth.measures.get("digits", np.full(len(truth.status), np.nan))[truth.solved]
    return {"digits_median": float(np.median(digits)), "digits_most": float(digits.max())}
