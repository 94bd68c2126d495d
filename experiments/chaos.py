"""Forecasts of a chaotic field: starts with their history, the contestants, and everything that is reported.

Serves any system on one periodic axis with one field; knows neither its equation nor its solvers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.tasks import history_key
from ..datasets.training_set import TrainingSet
from ..solvers.contract import Kit, Queries, Solution, System
from .chaos_figures import draw
from .chaos_report import write_report
from .chaos_settings import ChaosSettings
from .compare import ComparisonError, Contestant, Plan, compare
from .compile_ahead import compile_ahead
from .free_runs import run_freely
from .metrics import valid_time
from .report import table, write_json
from .stages import Trained, contestant, with_history
from .timing import pinned_threads, provenance
from .verdict import judge

__all__ = ["compare_forecasts"]

logger = logging.getLogger(__name__)


def compare_forecasts(
    settings: ChaosSettings,
    trained: Sequence[Trained],
    *,
    kit: Kit,
    system: System,
    sets: Mapping[str, TrainingSet],
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge, time, free-run and report; returns the table. `described` goes into the results as it is."""
    interval = settings.output_interval
    queries = starts(settings, trained, kit=kit, system=system, main=sets["main"])
    frames = round(settings.horizon * system.characteristic_time / interval)
    times = interval * np.arange(1, frames + 1, dtype=np.float64)
    reference = kit.reference(system)
    with pinned_threads(settings.threads):
        truth = reference(queries, times)
    if not truth.solved.all():
        logger.warning("truth that ends early counts up to there: %s", "; ".join(truth.notes))
    field = system.fields[0].name
    scale = float(np.sqrt(np.nanmean(truth.values[field] ** 2)))
    unit = system.characteristic_time
    metric = valid_time(unit, scale=scale, threshold=settings.threshold)
    plan = Plan(
        queries=queries,
        times=times,
        timed=_once_per_lyapunov_time(times, system.characteristic_time),
        truth=truth,
        metric=metric,
        scale=scale,
        others={f"threshold {t:g}": valid_time(unit, scale=scale, threshold=t) for t in (0.2, 0.4)},
        batches=settings.batches,
        rounds=settings.rounds,
        threads=settings.threads,
    )
    surrogates = [contestant(t, sets[t.candidate.training_set]) for t in trained]
    standard, ladder = kit.standard(system), kit.ladder(system)
    compile_ahead(ladder, {field: queries[field]}, float(times[0]), progress=progress)
    contestants = [
        # the one that made the data comes first: the naive speed-up is against it
        Contestant(f"data: {standard.label}", "reference", (standard,), settings=standard.settings),
        Contestant(
            f"truth: {reference.label}",
            "reference",
            (reference,),
            settings=reference.settings,
            answered=truth,
        ),
        *(Contestant(s.label, "ladder", (s,), settings=s.settings) for s in ladder),
        *surrogates,
    ]
    rows = compare(plan, contestants, progress=progress)
    verdicts = judge(rows, metric, ceiling=float(times[-1]) / unit)
    answers = {c.label: c.answers[0] for c in surrogates if c.kind == "surrogate"}
    logger.info("free runs of %g Lyapunov times", settings.free_run)
    free = run_freely(
        queries,
        answers,
        standard,
        system,
        runs=settings.free_runs,
        total=settings.free_run * unit,
        horizon=times,
        scale=scale,
        threads=settings.threads,
        progress=progress,
    )
    every = max(1, len(times) // 160)
    results = {
        "system": {"name": system.name, **system.parameters},
        "characteristic_time": system.characteristic_time,
        "scale": scale,
        "truth": _truth_card(reference.label, truth, unit),
        "metric": {"name": metric.name, "unit": metric.unit, "definition": metric.definition},
        "verdicts": [v.plain() for v in verdicts],
        "rows": [row.plain(every=every) for row in rows],
        "times": times[every - 1 :: every],
        "free_runs": free.plain(),
        "training_sets": {
            name: {"fingerprint": s.fingerprint, "seconds": s.seconds} for name, s in sets.items()
        },
        "settings": described,
        **provenance(),
    }
    write_json(folder / "results.json", results)
    judged = [v for v in verdicts if v.label in answers]
    pictures = draw(plan, rows, judged, answers, free.climates, system=system, folder=folder / "figures")
    text = table(rows, verdicts, metric=metric)
    write_report(
        folder / "report.html", plan, rows, verdicts, free, system=system, figures=pictures, results=results
    )
    return text


def _once_per_lyapunov_time(times: NDArray[np.float64], unit: float) -> NDArray[np.float64]:
    """Every so-many-th output time, about one for each Lyapunov time."""
    every = min(len(times), max(1, round(unit / (times[1] - times[0]))))
    return times[every - 1 :: every]


def starts(
    settings: ChaosSettings, trained: Sequence[Trained], *, kit: Kit, system: System, main: TrainingSet
) -> Queries:
    """Initial states `warm_up` into every test trajectory, with history at each interval that is asked for.

    History at the set's own interval is read from the set; at another interval the reference solves it again
    from a stored state a little before the start.
    """
    split = main.split("test")
    field = system.fields[0].name
    first = round(settings.warm_up / main.interval)
    if first + 1 > split.frames:
        raise ComparisonError(f"the test trajectories are shorter than the warm-up of {settings.warm_up:g}")
    stored = np.stack([split.read(i, 0, first + 1, field=field) for i in range(len(split))]).astype(float)
    queries: dict[str, NDArray[Any]] = {field: stored[:, -1]}
    needed: dict[float, int] = {}
    for t in trained:
        frames = max(s.history_frames for s in t.surrogates)
        needed[t.candidate.interval] = max(frames, needed.get(t.candidate.interval, 1))
    for interval, frames in needed.items():
        stride = interval / main.interval
        if abs(stride - round(stride)) < 1e-9 and stride >= 1:
            past = stored[:, :: -round(stride)][:, ::-1]
            if past.shape[1] < frames:
                raise ComparisonError(
                    f"a surrogate needs {frames} frames of history {interval:g} apart, the warm-up of "
                    f"{settings.warm_up:g} gives {past.shape[1]}; raise warm_up"
                )
            queries[history_key(field, interval)] = past
        elif frames > 1:
            span = (frames - 1) * interval
            back = int(np.ceil(span / main.interval - 1e-9))
            if back > first:
                raise ComparisonError(
                    f"a surrogate needs {span:g} units of time of history, the warm-up is "
                    f"{settings.warm_up:g}; raise warm_up"
                )
            # counted back from the start, whatever the two intervals are to each other
            times = back * main.interval - interval * np.arange(frames - 1, -1, -1.0)
            times[0] = max(times[0], 0.0)  # what rounding leaves of nothing
            solved = with_history(kit.standard(system), {field: stored[:, -1 - back]}, times=times)[field]
            solved[:, -1] = stored[:, -1]
            queries[history_key(field, interval)] = solved
    return queries


def _truth_card(label: str, truth: Solution, unit: float) -> dict[str, Any]:
    """How good the truth is, and up to when (in characteristic times) the starts are known that end early."""
    estimates = truth.error_estimate[truth.solved]
    known = truth.known.sum(axis=1)[~truth.solved]
    return {
        "solver": label,
        "starts": len(truth.status),
        "converged": int(truth.solved.sum()),
        "others_known_until": [float(truth.times[k - 1] / unit) if k else 0.0 for k in sorted(known)],
        "error_estimate_median": float(np.median(estimates)) if len(estimates) else None,
        "error_estimate_largest": float(estimates.max()) if len(estimates) else None,
        "notes": truth.notes,
    }
