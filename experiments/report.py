"""The comparison as a table for the terminal, as `results.json`, and in a few sentences."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets.durable import write_whole
from .compare import Row
from .metrics import Metric
from .verdict import MODES, Mode, Verdict, envelope_of

__all__ = ["by_accuracy", "duration", "headline", "table", "undominated", "write_json"]

HEADER = ("", "accuracy", "10-90 %", "s/query", "s/query", "at equal accuracy", "", "naive", "break-even")
SECOND = ("", "median", "", "alone", "batch", "alone", "batch", "batch", "batch queries")


def duration(seconds: float) -> str:
    """A time with its natural unit and three digits: `412 ns`, `3.6 ms`, `2.1 min`."""
    if not math.isfinite(seconds):
        return "-"
    seconds = float(f"{seconds:.3g}")  # so that 999.7 us is 1 ms
    for limit, factor, unit in ((1e-6, 1e9, "ns"), (1e-3, 1e6, "us"), (1.0, 1e3, "ms"), (120.0, 1.0, "s")):
        if abs(seconds) < limit:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds / 60:.3g} min"


def table(rows: Sequence[Row], verdicts: Sequence[Verdict], *, metric: Metric) -> str:
    """Plain text: surrogates by accuracy, control, nulls, references, the ladder's undominated settings.

    A reference goes by the word before its colon; what it is stands below.
    """
    shown = by_accuracy(undominated(rows, metric), metric)
    cells = [HEADER, SECOND, *(_cells(row, verdicts) for row in shown)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEADER))]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    rule = "-" * max(map(len, lines))
    references = [row.label for row in shown if row.kind == "reference" and ":" in row.label]
    return "\n".join([f"accuracy: {metric.name} in {metric.unit}", *lines[:2], rule, *lines[2:], *references])


def undominated(rows: Sequence[Row], metric: Metric) -> list[Row]:
    """All rows but those of the ladder that another setting beats, alone and in batch."""
    ladder = [row for row in rows if row.kind == "ladder"]
    if not ladder:
        return list(rows)
    kept = {int(i) for mode in MODES for i in envelope_of(rows, metric, mode).members}
    return [row for row in rows if row.kind != "ladder" or ladder.index(row) in kept]


def by_accuracy(rows: Sequence[Row], metric: Metric) -> list[Row]:
    """Surrogates, control, nulls, references, ladder; each from the most accurate on."""
    order = {"surrogate": 0, "control": 1, "null": 2, "reference": 3, "ladder": 4}
    return sorted(rows, key=lambda r: (order[r.kind], -float(metric.quality(r.accuracy))))


def _cells(row: Row, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    low, _, high = row.quantiles
    verdict = next((v for v in verdicts if v.label == row.label), None)
    first = (
        row.label.partition(":")[0] if row.kind == "reference" else row.label,
        f"{row.accuracy:.3g}",
        f"{low:.3g} - {high:.3g}",
        duration(row.single.median),
        duration(row.batch.median),
    )
    if verdict is None:
        kind = {"null": "null model", "reference": "reference", "ladder": "solver setting"}[row.kind]
        return (*first, kind, "", "", "")
    batch = verdict.modes["batch"]
    return (
        *first,
        verdict.modes["single"].in_words(),
        batch.in_words(),
        f"{batch.naive:.3g} x",
        batch.repaid_in_words(),
    )


def headline(
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
    *,
    metric: Metric,
    ceiling: float | None = None,
    queries: str = "starts",
) -> list[str]:
    """What the comparison says: of the most accurate surrogate, then for each mode, who beats the solver.

    `ceiling` is the best score that can be given: medians that reach it are lower bounds, and not ranked.
    `queries` is what the queries are called.
    """
    found = {row.label: row for row in rows if row.kind == "surrogate"}
    judged = sorted(
        (v for v in verdicts if v.label in found), key=lambda v: -float(metric.quality(v.accuracy))
    )
    if not judged:
        return ["No surrogate was compared."]
    best = judged[0]
    row = found[best.label]
    starts = f"{row.scores.shape[1]} {queries}" + f", {len(row.scores)} training seeds" * (
        len(row.scores) > 1
    )
    if ceiling is not None and best.accuracy == ceiling:
        level = [v.label for v in judged if v.accuracy == ceiling]
        said = [
            f"The median {metric.name} of {_listed(level)} is at least {ceiling:.3g} {metric.unit}, where "
            f"the comparison ends ({starts}): this says neither which of them is best nor how they stand to "
            "the solver."
        ]
    else:
        said = [
            f"Most accurate: {best.label}, with a {metric.name} of {best.accuracy:.3g} {metric.unit} (median "
            f"of {starts}). Against the solver's best setting of that accuracy: "
            f"{best.modes['single'].in_words()} for one query at a time, {best.modes['batch'].in_words()} in "
            "batches.",
        ]
    for mode, words in (("single", "one query at a time"), ("batch", "in batches")):
        said.append(f"At equal accuracy, {words}: {_tally([v.modes[mode] for v in judged])}.")
    return said


def _tally(modes: Sequence[Mode]) -> str:
    """E.g. `1 of 7 surrogates is faster than the solver, 2 are level with it, 4 are slower`."""
    compared = [m for m in modes if m.speed_up is not None]
    level = sum(m.level for m in compared)
    faster = sum(
        m.speed_up > 1 and m.sign != "<=" and not m.level for m in compared if m.speed_up is not None
    )
    slower = sum(
        m.speed_up < 1 and m.sign != ">=" and not m.level for m in compared if m.speed_up is not None
    )
    counts = (
        (faster, "faster than the solver"),
        (level, "level with it"),
        (slower, "slower"),
        (len(modes) - faster - level - slower, "not compared"),
    )
    parts = [
        f"{n or 'none'}{f' of {len(modes)} surrogates' * (i == 0)} {'is' if n in (0, 1) else 'are'} {what}"
        for i, (n, what) in enumerate(counts)
        if n or i == 0
    ]
    return _listed(parts)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def write_json(path: Path, results: Mapping[str, Any]) -> Path:
    """Write results atomically; numbers that JSON does not know (NaN, infinity) become null."""
    write_whole(path, (json.dumps(_plain(results), indent=1, allow_nan=False) + "\n").encode())
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value
