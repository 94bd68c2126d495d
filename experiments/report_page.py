"""The comparison as one page: what it says, figures, tables, definitions, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import page
from .compare import Row
from .metrics import Metric
from .report import by_accuracy, duration, undominated
from .verdict import Verdict

__all__ = ["DEFINITIONS", "ninety_table", "write_html"]

ALONE, BATCH = "one query at a time", "in batches"


def write_html(
    path: Path,
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
    *,
    metric: Metric,
    title: str,
    headline: Sequence[str],
    about: str,
    figures: Sequence[tuple[Path, str]],
    sections: Mapping[str, str],
    definitions: Mapping[str, str],
    provenance: Mapping[str, Any],
) -> Path:
    """Write the page.

    `headline` is what it says, the most important first; `about` says in small print what was compared where;
    `sections` are HTML by heading, shown after the figures; `provenance` is folded away at the end.
    """
    first, *others = [page.figure(picture, caption) for picture, caption in figures] or [""]
    parts = [
        page.paragraph(headline[0], kind="headline"),
        page.bullets(headline[1:]),
        page.paragraph(about, kind="small"),
        first,
        "<h2>Surrogates</h2>",
        surrogate_table(rows, verdicts, metric=metric),
        page.bullets(_remarks(rows)),
        page.folded("How each was trained", training_table(rows, metric=metric)),
        *others,
    ]
    for heading, content in sections.items():
        parts += [f"<h2>{heading}</h2>", content]
    best = undominated(rows, metric)
    parts += [
        "<h2>Solver settings</h2>",
        page.paragraph("Those that no other setting beats in accuracy and time, and the references."),
        solver_table(best, metric=metric),
    ]
    if len(best) < len(rows):
        count = sum(row.kind == "ladder" for row in rows)
        parts.append(page.folded(f"All {count} settings", solver_table(rows, metric=metric)))
    parts += [
        "<h2>Definitions</h2>",
        page.definitions(definitions),
        "<h2>Settings, versions and machine</h2>",
        page.folded("Show", page.settings(provenance)),
    ]
    return page.write_page(path, title=title, parts=parts)


def surrogate_table(rows: Sequence[Row], verdicts: Sequence[Verdict], *, metric: Metric) -> str:
    """Surrogates, control and null models: how accurate, how fast, how they stand to the solver."""
    shown = [r for r in by_accuracy(rows, metric) if r.kind in ("surrogate", "control", "null")]
    others = list(dict.fromkeys(name for row in shown for name in row.others))
    accuracy = f"{metric.name} ({metric.unit})"
    columns = [
        ("", ""),
        (accuracy, "median"),
        (accuracy, "10 to 90 %"),
        *((accuracy, name) for name in others),
        (ALONE, "time"),
        (ALONE, "at equal accuracy"),
        (BATCH, "per query"),
        (BATCH, "at equal accuracy"),
        (BATCH, "solver in the same time"),
        (BATCH, "naive"),
        ("bill", "data, training"),
        ("bill", "repaid after"),
    ]
    found = {verdict.label: verdict for verdict in verdicts}
    words = [i for i, (_, heading) in enumerate(columns) if heading == "at equal accuracy"]
    lines = []
    for row in shown:
        verdict = found.get(row.label)
        more = [f"{row.others[name]:.3g}" if name in row.others else "" for name in others]
        first = [row.label, *_accuracy(row), *more]
        if verdict is None:
            said = [duration(row.single.median), "null model", duration(row.batch.median), "", "", "", "", ""]
        else:
            alone, batch = verdict.modes["single"], verdict.modes["batch"]
            bound = {"=": "", "<=": "at most ", ">=": "at least "}[batch.equal_time_sign]
            said = [
                duration(alone.seconds),
                alone.in_words(),
                duration(batch.seconds),
                batch.in_words(),
                f"{bound}{batch.equal_time:.3g}",
                f"{batch.naive:.3g} x",
                duration(row.bill.total),
                batch.repaid_in_words(),
            ]
        lines.append((row.kind if row.kind == "surrogate" else "grey", [*first, *said]))
    return page.table(columns, lines, words=words)


def ninety_table(rows: Sequence[Row], at_ninety: Sequence[Verdict], *, queries: str) -> str:
    """Verdicts at the error that 90 % of the queries stay below; `queries` is what these are called."""
    found = {row.label: row for row in rows}
    columns = [("", ""), ("", "error, 90 %"), ("", "failed"), ("", "one query"), ("", "in batches")]
    lines = []
    for verdict in sorted(at_ninety, key=lambda v: v.accuracy):
        said = (verdict.modes[mode].in_words() for mode in ("single", "batch"))
        failed = sum(found[verdict.label].failures.values())
        lines.append(("", [verdict.label, f"{verdict.accuracy:.2g}", str(failed), *said]))
    note = page.paragraph(
        f"Speed-ups where the solver's setting is chosen by the error that 90 % of the {queries} stay below, "
        "instead of one half: a surrogate that is seldom far off gains, one that is seldom exact loses. What "
        "a solver fails on counts as infinitely wrong."
    )
    return page.table(columns, lines) + note


def solver_table(rows: Sequence[Row], *, metric: Metric) -> str:
    """References and settings of the ladder: how accurate and how fast."""
    accuracy = f"{metric.name} ({metric.unit})"
    columns = [
        ("", ""),
        (accuracy, "median"),
        (accuracy, "10 to 90 %"),
        ("", "failed"),
        (ALONE, "time"),
        (BATCH, "per query"),
        (BATCH, "size"),
    ]
    lines = [
        (
            "",
            [
                row.label,
                *_accuracy(row),
                _failed(row),
                duration(row.single.median),
                duration(row.batch.median),
                str(row.batch_size),
            ],
        )
        for row in by_accuracy(rows, metric)
        if row.kind in ("reference", "ladder")
    ]
    return page.table(columns, lines)


def training_table(rows: Sequence[Row], *, metric: Metric) -> str:
    """What each surrogate learned from, how well, and how far its training seeds are apart."""
    columns = [
        ("", ""),
        ("", "set"),
        ("", "steps by"),
        ("", "numbers learned"),
        ("", "passes"),
        ("", "one-step error"),
        ("each training seed", "training"),
        ("each training seed", f"median {metric.name}"),
        ("", "failed"),
        ("", "memory of a batch"),
    ]
    lines = []
    for row in (r for r in by_accuracy(rows, metric) if "one_step_error" in r.settings):
        given = row.settings
        interval = dict(given.get("task", {})).get("interval")
        lines.append(
            (
                row.kind if row.kind == "surrogate" else "grey",
                [
                    row.label,
                    str(given.get("training_set", "")),
                    f"{interval:.4g}" if isinstance(interval, float) else "",
                    f"{given.get('parameters', 0):,}",
                    ", ".join(str(passes) for passes in sorted(set(given.get("passes", ())))),
                    f"{np.median(given['one_step_error']):.1e}",
                    ", ".join(duration(s) for s in given.get("training_seconds", ())),
                    ", ".join(f"{a:.3g}" for a in row.seed_accuracies),
                    _failed(row),
                    f"{row.memory_bytes / 2**20:.3g} MiB",
                ],
            )
        )
    return page.table(columns, lines, words=[6, 7])


def _accuracy(row: Row) -> tuple[str, str]:
    low, middle, high = row.quantiles
    return f"{middle:.3g}", f"{low:.3g} to {high:.3g}"


def _failed(row: Row) -> str:
    """E.g. `3 of 300`; nothing where none did."""
    count = sum(row.failures.values())
    return f"{count} of {row.scores.size}" if count else ""


def _remarks(rows: Sequence[Row]) -> list[str]:
    """What the reader should know of each, those of one remark together."""
    said: dict[str, list[str]] = {}
    for row in rows:
        if row.remark:
            said.setdefault(row.remark, []).append(row.label)
    return [
        remark if remark.startswith(f"{labels[0]}:") else f"{', '.join(labels)}: {remark}"
        for remark, labels in said.items()
    ]


DEFINITIONS = {
    "query": "one initial state, answered at all output times",
    "at equal accuracy": (
        "the time that the solver's best setting needs for the surrogate's median accuracy, against the "
        "surrogate's own; same machine, same threads; interpolated on the lower envelope of the ladder of "
        "solver settings. In brackets the 95 % interval over queries and timing rounds drawn again. 'Level': "
        "the interval meets 1, or lies above it but meets what the control shows; the number then is "
        "solver's time / surrogate's time. 'At most' and 'at least' mark accuracies that fall off the "
        "ladder. 'No skill': not better than a null model, so that there is nothing to compare."
    ),
    "one query at a time, in batches": (
        "seconds for a single query, and per query in the batch size at which each is fastest; history is "
        "given and few frames are asked for (in chaos one per Lyapunov time), so that computing is timed and "
        "not writing"
    ),
    "solver in the same time": "the accuracy that the solver reaches in the surrogate's time per query in "
    "batches",
    "naive": (
        "the time of the solver that made the training data divided by the surrogate's: what is usually "
        "quoted, and what flatters"
    ),
    "repaid after": (
        "queries (in batches) after which the data that was learned from and the training are repaid by the "
        "time saved per query at equal accuracy; 'never' where nothing is saved, 'not shown' where the two "
        "are level. Tuning by hand is in no bill."
    ),
    "control": (
        "a solver's own scheme in a surrogate's place: how far apart one and the same thing comes out here"
    ),
    "passes": "how often each example was learned from, images under symmetries counting as examples; for "
    "what a closed form fits, once",
    "null model": "persistence or climatology: what no surrogate may lose to",
    "ladder": "every cheap way to run the solver that is tried: scheme, step, grid, precision",
}
"""Terms of every report."""
