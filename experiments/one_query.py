"""One query, answered by networks that are trained for it: their training is the time of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.generate import GenerateSettings
from ..datasets.known_equations import Physics
from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, Queries, Solution, System
from ..solvers.discovery import find_kit
from ..surrogates.pinn_training import History, read_history
from .compare import Bill, ComparisonError, Contestant, Plan, Row, compare
from .entries import solver_entries, truth_card
from .metrics import relative_error
from .one_query_report import Curve, Findings, write_figures_and_report
from .report import table, write_json
from .stages import Trained, surrogate_folder
from .timing import Timing, clock, pinned_threads, provenance
from .verdict import judge

__all__ = ["OneQuerySettings", "compare_one_query", "one_query_set"]


@dataclass(frozen=True)
class OneQuerySettings:
    """What is asked, and how answers are judged.

    Attributes:
        horizon: until when.
        frames: output times that are judged, evenly spread.
        steady: whether there is one answer for all times.
        fields: of the answer that count; none for all.
        rounds: how often the solver is timed, in turn; medians count.
        threads: threads of solver and training alike.
    """

    horizon: float = 1.0
    frames: int = 100
    steady: bool = False
    fields: tuple[str, ...] = ()
    rounds: int = 5
    threads: int = 1

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        for name in ("frames", "rounds", "threads"):
            if getattr(self, name) < 1:
                raise ComparisonError(f"--comparison.{name} must be at least 1, got {getattr(self, name)}")
        if not self.horizon > 0:
            raise ComparisonError(f"--comparison.horizon must be positive, got {self.horizon}")

    @property
    def interval(self) -> float:
        """Between two output times."""
        return self.horizon / self.frames

    @property
    def times(self) -> NDArray[np.float64]:
        """(frames,) the last at the horizon; that of a steady answer is 0."""
        if self.steady:
            return np.zeros(1)
        return np.asarray(self.interval * np.arange(1, self.frames + 1), dtype=np.float64)

    @property
    def task(self) -> Physics:
        """What a network is trained for."""
        return Physics(horizon=self.horizon)


def one_query_set(settings: OneQuerySettings, *, seed: int = 1) -> GenerateSettings:
    """The set in whose test split the query is; nothing is learned from its answers, nor judged by them."""
    frames = 1 if settings.steady else 2
    return GenerateSettings(
        train_trajectories=1,
        valid_trajectories=1,
        test_trajectories=1,
        train_frames=frames,
        valid_frames=frames,
        test_frames=frames,
        interval=settings.horizon,
        seed=seed,
        trajectories_per_shard=1,
    )


def compare_one_query(
    settings: OneQuerySettings,
    trained: Sequence[Trained],
    *,
    system: System,
    training_set: TrainingSet,
    folder: Path,
    surrogates: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time; returns the table. `surrogates` is the folder that networks were trained below."""
    kit = find_kit(system.name)
    reference, standard, ladder = kit.reference(system), kit.standard(system), tuple(kit.ladder(system))
    queries = {
        n: np.asarray(a[:1], dtype=np.float64) for n, a in training_set.split("test").queries().items()
    }
    times = settings.times
    with pinned_threads(settings.threads):
        solved = reference(queries, times)
    if not solved.solved.all():
        raise ComparisonError(f"the reference did not solve the query: {'; '.join(solved.notes)}")
    answered = answered_fields(settings, trained, solved)
    truth = replace(solved, values={name: solved.values[name] for name in answered})
    metric = replace(
        relative_error(),
        definition=f"||answer - truth|| / ||truth|| of {', '.join(answered)}, over all times and points",
    )
    plan = Plan(
        queries=queries,
        times=times,
        timed=times,
        truth=truth,
        metric=metric,
        scale=1.0,
        alone=1,
        batches=(1,),
        rounds=settings.rounds,
        threads=settings.threads,
    )
    entries = [*solver_entries(reference, standard, ladder, solved=solved), at_rest(truth)]
    if not settings.steady and {*truth.values} <= {*queries}:
        entries.append(as_at_first(truth))
    rows = compare(plan, entries, progress=progress)
    curves: dict[str, list[Curve]] = {}
    answers: dict[str, Solution] = {}
    with pinned_threads(settings.threads):
        for one in trained:
            row, answers[one.label] = judged(one, plan)
            rows.append(row)
            curves[one.label] = [
                curve_of(one, seed, surrogates, plan, evaluating=row.settings["evaluating_seconds"])
                for seed in range(len(one.surrogates))
            ]
    findings = Findings(
        system=system,
        truth=truth,
        rows=rows,
        verdicts=judge(rows, metric),
        metric=metric,
        curves=curves,
        limits={one.label: limit_of(one) for one in trained},
        answers=answers,
    )
    results = {
        "system": {"name": system.name, **system.parameters},
        "horizon": settings.horizon,
        "truth": truth_card(reference, solved, queries="queries"),
        "metric": {"name": metric.name, "unit": metric.unit, "definition": metric.definition},
        "verdicts": [v.plain() for v in findings.verdicts],
        "rows": [row.plain() for row in rows],
        **findings.plain(),
        "settings": described,
        **provenance(),
    }
    write_json(folder / "results.json", results)
    write_figures_and_report(findings, folder=folder, results=results)
    return table(rows, findings.verdicts, metric=metric) + "\n\n" + findings.in_words()


def answered_fields(
    settings: OneQuerySettings, trained: Sequence[Trained], solved: Solution
) -> tuple[str, ...]:
    """Those that count: which were asked for, or all that every network answers."""
    given = set(solved.values)
    for one in trained:
        given &= {*(one.surrogates[0].output_shapes or {})}
    wanted = settings.fields or tuple(name for name in solved.values if name in given)
    missing = sorted({*wanted} - given)
    if missing or not wanted:
        raise ComparisonError(
            f"{missing[0] if missing else 'no field'!r} is not answered by all networks, which answer "
            f"{', '.join(sorted(given)) or 'none alike'}; choose others with --comparison.fields"
        )
    return wanted


def at_rest(truth: Solution) -> Contestant:
    """Zero everywhere: what no network may lose to."""

    def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
        values = {name: np.zeros_like(v[:, : len(times)]) for name, v in truth.values.items()}
        return replace(truth, times=times, values=values)

    return Contestant("zero", "null", (answer,), remark="answers zero everywhere: a relative error of 1")


def as_at_first(truth: Solution) -> Contestant:
    """The start, at all times."""

    def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
        values = {n: np.repeat(queries[n][:, None], len(times), axis=1) for n in truth.values}
        return replace(truth, times=times, values=values)

    return Contestant("start", "null", (answer,), remark="answers the start at all times")


def judged(one: Trained, plan: Plan) -> tuple[Row, Solution]:
    """Its row, with the time of its training as that of its answer; and the first seed's answer."""
    answers = [one.candidate.task.answer(s) for s in one.surrogates]
    solutions = [answer(plan.queries, plan.times) for answer in answers]
    evaluating = clock(lambda: answers[0](plan.queries, plan.times))
    seconds = [record.seconds + evaluating for record in one.records]
    timing = Timing.of(seconds, first=0.0)
    failed = sum(not bool(s.solved.all()) for s in solutions)
    notes = dict.fromkeys(r.note for r in one.records if r.note)
    remark = f"trained for this query: {evaluating:.2g} s of its time are evaluation"
    return Row(
        label=one.label,
        kind="surrogate",
        scores=np.array([plan.metric.score(s, plan.truth) for s in solutions]),
        error_quantiles=np.full((3, len(plan.times)), np.nan),
        failures={"DIVERGED": failed} if failed else {},
        single=timing,
        batch=timing,
        batch_size=1,
        memory_bytes=0,  # not measured: it is training that takes memory
        bill=Bill(),
        settings={
            "surrogate": one.candidate.surrogate,
            "settings": asdict(one.surrogates[0].settings),
            "parameters": one.surrogates[0].parameters_count,
            "evaluating_seconds": evaluating,
            "training_seconds": [record.seconds for record in one.records],
            "steps": [record.epochs for record in one.records],
            "residual": [record.validation_error for record in one.records],
        },
        remark="; ".join(filter(None, (one.candidate.remark, remark, *notes))),
        device=one.surrogates[0].device.type,
    ), solutions[0]


def limit_of(one: Trained) -> float:
    """Seconds that it was given; those that it took where it was given steps alone."""
    limit = one.surrogates[0].settings.descent.seconds
    return float(limit) if limit is not None else max(record.seconds for record in one.records)


def curve_of(one: Trained, seed: int, folder: Path, plan: Plan, *, evaluating: float) -> Curve:
    """The error of each snapshot of a training, in the time that such an answer takes: getting ready, the
    descent until then, and evaluating.
    """
    history: History | None = read_history(surrogate_folder(folder, one.label, seed))
    if history is None:
        return Curve((), (), (), (), {})
    surrogate, errors = one.surrogates[seed], []
    answer: Answer = one.candidate.task.answer(surrogate)
    last = surrogate.weights
    for snapshot in history.snapshots:
        surrogate.weights = snapshot
        errors.append(float(plan.metric.score(answer(plan.queries, plan.times), plan.truth)[0]))
    surrogate.weights = last
    besides = one.records[seed].seconds - history.seconds[-1] + evaluating
    return Curve(
        tuple(seconds + besides for seconds in history.seconds),
        tuple(history.steps),
        tuple(errors),
        tuple(history.losses),
        {name: tuple(values) for name, values in history.terms.items()},
    )
