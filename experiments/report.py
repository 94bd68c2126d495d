"""The comparison as a table for the terminal, as `results.json`, and as one self-contained HTML page."""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .compare import Row
from .metrics import Metric
from .verdict import MODES, Verdict, envelope_of

__all__ = ["duration", "table", "write_html", "write_json"]

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
    """Plain text, 130 columns: surrogates by accuracy, nulls, then the ladder's undominated settings."""
    cells = [HEADER, SECOND, *(_cells(row, verdicts) for row in _sorted(_undominated(rows, metric), metric))]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEADER))]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    rule = "-" * max(map(len, lines))
    return "\n".join([f"accuracy: {metric.name} in {metric.unit}", *lines[:2], rule, *lines[2:]])


def _undominated(rows: Sequence[Row], metric: Metric) -> list[Row]:
    """All rows but those of the ladder that another setting beats, alone and in batch."""
    ladder = [row for row in rows if row.kind == "ladder"]
    if not ladder:
        return list(rows)
    kept = {int(i) for mode in MODES for i in envelope_of(rows, metric, mode).members}
    return [row for row in rows if row.kind != "ladder" or ladder.index(row) in kept]


def _sorted(rows: Sequence[Row], metric: Metric) -> list[Row]:
    order = {"surrogate": 0, "control": 1, "null": 2, "reference": 3, "ladder": 4}
    return sorted(rows, key=lambda r: (order[r.kind], -float(metric.quality(r.accuracy))))


def _cells(row: Row, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    low, _, high = row.quantiles
    verdict = next((v for v in verdicts if v.label == row.label), None)
    first = (
        row.label,
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


def _same_time(row: Row, verdicts: Sequence[Verdict]) -> str:
    """What the solver reaches in the time that a surrogate takes in batch."""
    verdict = next((v for v in verdicts if v.label == row.label), None)
    if verdict is None:
        return ""
    mode = verdict.modes["batch"]
    bound = {"=": "", "<=": "at most ", ">=": "at least "}[mode.equal_time_sign]
    return f"{bound}{mode.equal_time:.3g}"


def write_json(path: Path, results: Mapping[str, Any]) -> Path:
    """Write results atomically; numbers that JSON does not know (NaN, infinity) become null."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(_plain(results), indent=1, allow_nan=False) + "\n")
    temporary.replace(path)
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


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1200px;
  margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
img { max-width: 100%; height: auto } figure { margin: 1.2em 0 } figcaption { color: #555; font-size: .92em }
table { border-collapse: collapse; font-size: .78em; font-variant-numeric: tabular-nums }
th, td { padding: .25em .5em; text-align: right; border-bottom: 1px solid #ddd; vertical-align: bottom }
td + td { white-space: nowrap } td:nth-child(6), td:nth-child(7) { white-space: normal; min-width: 9em }
th:first-child, td:first-child { text-align: left; min-width: 15em }
tr.ladder td { color: #777 } tr.surrogate td:first-child { font-weight: 600 }
.scroll { overflow-x: auto } dt { font-weight: 600 } dd { margin: 0 0 .6em 1.5em }
pre { white-space: pre-wrap }
"""


def write_html(
    path: Path,
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
    *,
    metric: Metric,
    title: str,
    headline: str,
    figures: Sequence[tuple[Path, str]],
    definitions: Mapping[str, str],
    provenance: Mapping[str, Any],
) -> Path:
    """One page without any outside resource: headline, figures, table, definitions, settings."""
    esc = html.escape
    body = [f"<h1>{esc(title)}</h1>", f"<p>{esc(headline)}</p>"]
    for picture, caption in figures:
        data = base64.b64encode(picture.read_bytes()).decode()
        body.append(
            f'<figure><img alt="{esc(caption)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{esc(caption)}</figcaption></figure>"
        )
    body += ["<h2>All contestants</h2>", f"<p>Accuracy: {esc(metric.name)} in {esc(metric.unit)}.</p>"]
    others = list(dict.fromkeys(name for row in rows for name in row.others))
    names = [f"{a} {b}".strip() for a, b in zip(HEADER, SECOND, strict=True)]
    head = "".join(f"<th>{esc(name)}</th>" for name in [*names, *others, "solver in the same time"])
    body.append(f'<div class="scroll"><table><tr>{head}</tr>')
    for row in _sorted(rows, metric):
        more = [f"{row.others[name]:.3g}" if name in row.others else "" for name in others]
        texts = [*_cells(row, verdicts), *more, _same_time(row, verdicts)]
        cells = "".join(f"<td>{esc(text)}</td>" for text in texts)
        body.append(f'<tr class="{row.kind}">{cells}</tr>')
    body.append("</table></div><h2>Remarks</h2><ul>")
    body += [f"<li>{esc(row.label)}: {esc(row.remark)}</li>" for row in rows if row.remark]
    body.append("</ul><h2>Definitions</h2><dl>")
    body += [f"<dt>{esc(term)}</dt><dd>{esc(text)}</dd>" for term, text in definitions.items()]
    settings = esc(json.dumps(_plain(provenance), indent=1))
    body.append(
        f"</dl><h2>Settings and machine</h2><details><summary>Show</summary><pre>{settings}</pre></details>"
    )
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{esc(title)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(page)
    temporary.replace(path)
    return path


DEFINITIONS = {
    "query": "one initial state, answered at all output times",
    "speed-up at equal accuracy": (
        "the time that the solver's best setting needs for the surrogate's median accuracy, divided by the "
        "surrogate's time; same machine, same threads; interpolated on the lower envelope of the ladder. "
        "In brackets the 95 % interval over queries and timing rounds drawn again. 'Level': the interval "
        "meets 1, or what the control shows; the number then is the speed-up. 'At most' and 'at least' mark "
        "accuracies that fall off the ladder."
    ),
    "naive": (
        "the time of the solver that made the training data divided by the surrogate's: what is usually "
        "quoted, and what flatters"
    ),
    "break-even": (
        "queries after which the data that was learned from and the training are repaid by the time saved "
        "per query at equal accuracy; 'never' where nothing is saved. Tuning by hand is in no bill."
    ),
    "control": (
        "a solver's own scheme in a surrogate's place: how far apart one and the same thing comes out here"
    ),
    "solver in the same time": (
        "the accuracy that the solver reaches in the surrogate's time per query in batch"
    ),
    "no skill": "not better than a null model (persistence or climatology): no speed-up is given",
    "alone, batch": (
        "seconds per query for a single query, and in the batch size at which each is fastest; history is "
        "given and few frames are asked for (in chaos one per Lyapunov time), so that computing is timed"
    ),
}
"""Terms of every report."""
