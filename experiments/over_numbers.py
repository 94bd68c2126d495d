"""Networks over a range of numbers, learned from equations, from answers, or both: what physics is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..datasets.known_equations import Physics
from ..datasets.training_set import TrainingSet
from ..solvers.contract import Queries, System
from ..solvers.discovery import find_kit
from . import page
from .compare import Bill, ComparisonError, Contestant, Plan, Row, compare
from .cost_figures import accuracy_against_cost, total_cost
from .entries import every_query, solver_entries, truth_card
from .figures import (
    INK,
    PALETTE,
    WIDTH,
    accuracy_distribution,
    blank,
    colours_of,
    legend_below,
    save,
    tidy,
)
from .metrics import Metric, relative_error
from .report import headline, table, write_json
from .report_page import DEFINITIONS, ninety_table, write_html
from .stages import Trained, contestant
from .timing import pinned_threads, provenance
from .verdict import judge

__all__ = ["RangeSettings", "compare_over_numbers"]


@dataclass(frozen=True)
class RangeSettings:
    """How answers are judged.

    Attributes:
        rounds: how often everything is timed, in turn; medians count.
        alone: queries that are timed alone, one after the other.
        batches: batch sizes that are tried for throughput.
    """

    rounds: int = 5
    alone: int = 5
    batches: tuple[int, ...] = (1, 8, 32)

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        if min(self.rounds, self.alone, *self.batches, len(self.batches)) < 1:
            raise ComparisonError(
                "--range.rounds, --range.alone and --range.batches must be at least 1, got "
                f"{self.rounds}, {self.alone} and {self.batches}"
            )


def compare_over_numbers(
    settings: RangeSettings,
    trained: Sequence[Trained],
    *,
    system: System,
    number: str,
    training_set: TrainingSet,
    threads: int,
    folder: Path,
    described: Mapping[str, Any],
    progress: bool = False,
) -> str:
    """Judge and time on the test queries, which differ in a number; returns the table."""
    kit = find_kit(system.name)
    reference, standard, ladder = kit.reference(system), kit.standard(system), tuple(kit.ladder(system))
    queries = every_query(training_set.split("test"))
    times = np.asarray(training_set.split("test").times[1:])
    with pinned_threads(threads):
        solved = reference(queries, times)
    if not solved.solved.any():
        raise ComparisonError(f"the reference solved none of the test queries: {'; '.join(solved.notes)}")
    metric = relative_error()
    plan = Plan(
        queries=queries,
        times=times,
        timed=times,
        truth=solved,
        metric=metric,
        scale=1.0,
        alone=settings.alone,
        batches=settings.batches,
        rounds=settings.rounds,
        threads=threads,
    )
    entries = [
        *solver_entries(reference, standard, ladder, solved=solved),
        *(entered(t, training_set) for t in trained),
    ]
    rows = compare(plan, entries, progress=progress)
    verdicts = judge(rows, metric)
    results = {
        "system": {"name": system.name, **system.parameters},
        "truth": truth_card(reference, solved, queries="queries"),
        "metric": {"name": metric.name, "unit": metric.unit, "definition": metric.definition},
        "verdicts": [v.plain() for v in verdicts],
        "rows": [row.plain() for row in rows],
        "numbers": {number: np.asarray(queries[number])[plan.counted]},
        "learned_from": {t.label: learned_from(t) for t in trained},
        "training_sets": {
            "main": {"fingerprint": training_set.fingerprint, "seconds": training_set.seconds},
        },
        "settings": described,
        **provenance(),
    }
    write_json(folder / "results.json", results)
    _report(rows, verdicts, plan, trained, number=number, system=system, folder=folder, results=results)
    return table(rows, verdicts, metric=metric)


def entered(trained: Trained, training_set: TrainingSet) -> Contestant:
    """An entry; who learns from equations pays for the answers that it was told, and for no others.

    Interpolation, which learns nothing, is judged like a surrogate: it may well be the best.
    """
    entry = contestant(trained, training_set)
    task = trained.candidate.task
    if isinstance(task, Physics):
        share = task.answers / len(training_set.split("train"))
        bill = Bill(data=share * training_set.seconds_of("train"), training=entry.bill.training)
        return replace(entry, bill=bill)
    if trained.candidate.surrogate == "interpolation":
        return replace(entry, kind="surrogate", remark="learns nothing: reads off the training answers")
    return entry


def learned_from(trained: Trained) -> dict[str, Any]:
    """Equations or not, and how many answers."""
    task = trained.candidate.task
    if isinstance(task, Physics):
        return {"equations": task.equations, "answers": task.answers}
    return {"equations": False, "answers": None}


def _report(
    rows: Sequence[Row],
    verdicts: Sequence[Any],
    plan: Plan,
    trained: Sequence[Trained],
    *,
    number: str,
    system: System,
    folder: Path,
    results: Mapping[str, Any],
) -> None:
    metric, title, pictures = plan.metric, system.title, folder / "figures"
    drawn = []

    def keep(name: str, figure: Figure, caption: str) -> None:
        drawn.append((save(figure, pictures / f"{name}.png"), caption))

    keep(
        "accuracy_against_cost",
        accuracy_against_cost(
            rows, verdicts, metric=metric, title=f"{title}: error against cost", crowded=True
        ),
        "Error (median, bars: 10 to 90 % of the queries) against seconds per query.",
    )
    keep(
        "worth_of_physics",
        worth_of_physics(rows, trained, metric=metric, title=f"{title}: what the equations are worth"),
        "Error against the number of answers that were told, with the equations and without; at equal time.",
    )
    keep(
        "over_the_range",
        over_the_range(rows, plan.queries, plan.counted, number=number, metric=metric, title=title),
        f"Error over the range of {number}; a dot is a query.",
    )
    keep(
        "accuracy_distribution",
        accuracy_distribution(rows, metric=metric, title=f"{title}: errors"),
        "All errors.",
    )
    keep(
        "total_cost",
        total_cost(rows, verdicts, title=f"{title}: total cost and break-even"),
        "Total cost against the number of queries: a surrogate's bill comes first.",
    )
    write_html(
        folder / "report.html",
        rows,
        verdicts,
        metric=metric,
        title=f"{title}: networks over a range of {number}",
        headline=headline(rows, verdicts, metric=metric, queries="queries"),
        about=(
            f"{int(plan.counted.sum())} queries that no training saw. Truth: {results['truth']['solver']}. "
            f"Timed on {results['machine']['processor']}, {results['date'][:10]}. Understudy "
            f"{results['versions'].get('understudy') or 'from a checkout'}, commit {results['commit']}."
        ),
        figures=drawn,
        sections={
            "What the equations are worth": _worth_table(rows, trained),
            "At equal error of 90 % of the queries": ninety_table(
                rows, judge(rows, metric, share=0.9), queries="queries"
            ),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS},
        provenance={
            name: results[name]
            for name in ("system", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


def _worth_table(rows: Sequence[Row], trained: Sequence[Trained]) -> str:
    found = {row.label: row for row in rows}
    columns = [("", ""), ("learned from", "equations"), ("learned from", "answers"), ("error", "median")]
    cells = []
    for one in trained:
        said = learned_from(one)
        answers = "all" if said["answers"] is None else str(said["answers"])
        cells.append(
            (
                "",
                [
                    one.label,
                    "yes" if said["equations"] else "no",
                    answers,
                    f"{found[one.label].accuracy:.2g}",
                ],
            )
        )
    return page.table(columns, cells)


def worth_of_physics(
    rows: Sequence[Row], trained: Sequence[Trained], *, metric: Metric, title: str
) -> Figure:
    """Error against the number of known answers, with the equations and without."""
    figure = blank(WIDTH, 4.6, title)
    ax = figure.subplots()
    found, answers = {row.label: row for row in rows}, set[int]()
    for k, (equations, words) in enumerate(((True, "equations and answers"), (False, "answers alone"))):
        points = sorted(
            (t.candidate.task.answers, found[t.label].accuracy)
            for t in trained
            if isinstance(t.candidate.task, Physics) and t.candidate.task.equations == equations
        )
        if not points:
            continue
        if points[0][0] == 0:
            ax.axhline(points[0][1], color=PALETTE[2], linestyle="--", label="equations alone")
        told = [p for p in points if p[0]]
        ax.plot([p[0] for p in told], [p[1] for p in told], "o-", color=PALETTE[k], label=words)
        answers |= {p[0] for p in told}
    ax.set_xscale("log")
    ax.set_xticks(sorted(answers), [f"{n:,}" for n in sorted(answers)])
    ax.minorticks_off()
    ax.set_yscale("log")
    ax.set_xlabel("answers that were told (trajectories)")
    ax.set_ylabel(f"{metric.name}, median")
    legend_below(figure, columns=4)
    tidy(ax)
    return figure


def over_the_range(
    rows: Sequence[Row],
    queries: Queries,
    counted: NDArray[np.bool_],
    *,
    number: str,
    metric: Metric,
    title: str,
) -> Figure:
    """Each query's error against its number."""
    figure = blank(WIDTH, 4.8, f"{title}: error over the range of {number}")
    ax = figure.subplots()
    colours, values = colours_of(rows), np.asarray(queries[number])[counted]
    order = np.argsort(values)
    for row in rows:
        if row.kind in ("surrogate", "null"):
            ax.plot(
                values[order],
                np.median(row.scores, axis=0)[order],
                ".-" if row.label in colours else "--",
                color=colours.get(row.label, INK),
                linewidth=0.7,
                label=row.label if row.label in colours else f"{row.label} (null)",
            )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(number)
    ax.set_ylabel(f"{metric.name}, median of seeds")
    legend_below(figure, columns=5)
    tidy(ax)
    return figure
