"""Fine fields from coarse frames: windows, truth, contestants, and everything that is reported.

Everyone is asked for the last frame of a window, and given as many coarse frames before as it takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.observations import SEEN, Coarse, Observed
from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries, Solution
from ..solvers.kuramoto_sivashinsky import KuramotoSivashinsky
from ..surrogates.field_diffusion import FieldDiffusion
from .compare import Contestant, Plan, Row, compare
from .compile_ahead import compile_ahead
from .direct_insertion import DirectInsertion, insertions
from .entries import CONTROL
from .metrics import absolute_error, relative_error
from .refinement_findings import Findings
from .refinement_measures import Ensemble, consistency, spectrum_error
from .refinement_report import write_figures_and_report
from .refinement_settings import RefinementSettings
from .report import table, write_json
from .results_card import results_card
from .stages import Trained, contestant
from .timing import pinned_threads
from .verdict import judge

__all__ = ["compare_refinements"]

NOW = np.zeros(1)
"""The time of the last frame."""
FINEST = 16
"""Steps from frame to frame of the reference."""


def compare_refinements(
    settings: RefinementSettings,
    trained: Sequence[Trained],
    *,
    system: KuramotoSivashinsky,
    training_set: TrainingSet,
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the table. `described` goes into the results as it is."""
    field, interval = system.fields[0].name, training_set.interval
    queries, truth = last_frames(settings, training_set, field=field)
    ladder = insertions(system, factor=settings.factor, interval=interval, histories=settings.histories)
    reference = DirectInsertion(
        system, factor=settings.factor, interval=interval, frames=settings.longest, steps=FINEST
    )
    metric = replace(
        relative_error(), definition="||answer - truth|| / ||truth|| of the last frame, over its points"
    )
    plan = Plan(
        queries=queries,
        times=NOW,
        timed=NOW,
        truth=truth,
        metric=metric,
        scale=float(np.sqrt((truth.values[field] ** 2).mean())),
        others={
            "spectrum (decades)": spectrum_error(settings.factor),
            "inconsistency": consistency(settings.factor),
            "CRPS": absolute_error("1", what="the field, over its points"),
        },
        alone=settings.alone,
        batches=settings.batches,
        rounds=settings.rounds,
        threads=settings.threads,
    )
    compile_ahead([*ladder, reference], queries, float(NOW[0]), progress=progress)
    surrogates = [entered(t, training_set) for t in trained]
    rows = compare(
        plan,
        [
            Contestant(f"longest: {reference.label}", "reference", (reference,), settings=reference.settings),
            *(Contestant(s.label, "ladder", (s,), settings=s.settings) for s in ladder),
            Contestant("control", "control", (ladder[0],), settings=ladder[0].settings, remark=CONTROL),
            *surrogates,
        ],
        progress=progress,
    )
    with pinned_threads(settings.threads):
        ensembles = ensembles_of(trained, plan, field=field, members=settings.members)
    rows = [_scored(row, ensembles) for row in rows]
    verdicts = judge(rows, metric)
    results = results_card(
        system,
        metric,
        rows=rows,
        verdicts=verdicts,
        sets={"main": training_set},
        described=described,
        own={
            "ensembles": {label: found.plain() for label, found in ensembles.items()},
            "windows": len(truth.status),
            "interval": interval,
        },
    )
    write_json(folder / "results.json", results)
    findings = Findings(
        plan=plan,
        rows=rows,
        verdicts=verdicts,
        answers={c.label: c.answers[0] for c in surrogates},
        frames={t.label: t.candidate.task.window for t in trained if isinstance(t.candidate.task, Observed)},
        ensembles=ensembles,
        stretch=training_set.split("test").read(0, field=field).astype(np.float64),
        system=system,
        settings=settings,
        interval=interval,
    )
    write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, verdicts, metric=metric)


def last_frames(
    settings: RefinementSettings, training_set: TrainingSet, *, field: str
) -> tuple[Queries, Solution]:
    """Coarse frames of all test windows, as long as the longest history, and the last fine frame of each."""
    task = Observed(field, Coarse(settings.factor), window=settings.longest, every=settings.every)
    queries, truth = task.questions(training_set, "test")
    values = {name: np.ascontiguousarray(whole[:, -1:]) for name, whole in truth.values.items()}
    return queries, replace(truth, times=NOW, values=values)


def entered(trained: Trained, training_set: TrainingSet) -> Contestant:
    """An entry that is given the last frames of a window, as many as it learned from."""
    entry, task = contestant(trained, training_set), trained.candidate.task
    assert isinstance(task, Observed)
    answers: tuple[Answer, ...] = tuple(
        of_the_last(answer, frames=task.window, interval=training_set.interval) for answer in entry.answers
    )
    return replace(entry, answers=answers)


def of_the_last(answer: Answer, *, frames: int, interval: float) -> Answer:
    """Who rebuilds whole windows, asked for the last frame of longer ones."""
    times = interval * np.arange(frames, dtype=np.float64)

    def last(queries: Queries, asked: NDArray[np.float64]) -> Solution:
        whole = answer({SEEN: np.ascontiguousarray(queries[SEEN][:, -frames:])}, times)
        values = {name: array[:, -1:] for name, array in whole.values.items()}
        return replace(whole, times=asked, values=values)

    return last


def ensembles_of(trained: Sequence[Trained], plan: Plan, *, field: str, members: int) -> dict[str, Ensemble]:
    """At all windows, of the first seed of each surrogate that gives ensembles."""
    found = {}
    truth = np.asarray(plan.truth.values[field][:, 0])
    for one in trained:
        surrogate = one.surrogates[0]
        if isinstance(surrogate, FieldDiffusion):
            seen = torch.from_numpy(np.ascontiguousarray(plan.queries[SEEN][:, -surrogate.frames :]))
            asked = {SEEN: seen.to(surrogate.device, surrogate.dtype)}
            drawn = surrogate.sample(asked, members, seed=0)[field][:, :, -1]
            found[one.label] = Ensemble(drawn.cpu().double().numpy(), truth)
    return found


def _scored(row: Row, ensembles: Mapping[str, Ensemble]) -> Row:
    """An ensemble's own score instead of its mean's."""
    if row.label not in ensembles:
        return row
    score = float(np.median(ensembles[row.label].scores))
    return replace(row, others={**row.others, "CRPS": score})
