"""The report of a comparison of steady flows, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import page
from .flow_measures import MEASURES
from .report import duration, headline
from .report_page import DEFINITIONS, write_html
from .steady_flow_figures import WORDS, draw
from .steady_flow_findings import Findings

__all__ = ["write_figures_and_report"]


def write_figures_and_report(findings: Findings, *, folder: Path, results: Mapping[str, Any]) -> None:
    """All figures below `folder/figures`, and `folder/report.html`."""
    pictures = draw(findings, folder / "figures")
    metric = findings.plan.metric
    write_html(
        folder / "report.html",
        findings.rows,
        findings.verdicts,
        metric=metric,
        title="Steady flow: surrogates against the solver",
        headline=headline(findings.rows, findings.verdicts, metric=metric),
        about=_about(findings, results),
        figures=pictures,
        sections={
            "Fields, walls and forces": _measures_table(results["measures"], results["relu_floor"]),
            "Beyond what was learned": _beyond_table(results["beyond"], results["shapes"]),
            "By family of shapes": _families_table(results["by_family"]),
            "A surrogate's answer as the solver's first guess": _warm_table(results["warm_starts"]),
            "At equal error of 90 % of the shapes": _ninety_table(findings),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS, **OWN_DEFINITIONS, **MEASURES},
        provenance={
            name: results[name]
            for name in ("system", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


OWN_DEFINITIONS = {
    "query": "one shape and viscosity; the answer is the whole flow",
    "one query at a time, in batches": (
        "seconds for a single shape, and per shape in the batch size at which each is fastest; fields on the "
        "system's grid are asked for, the signed distance is given"
    ),
    "null model": "the mean flow of the training set",
    "naive": "the time of the solver on four times as many rows divided by the surrogate's",
}


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    """One small paragraph: the system, the questions, the truth, the machine."""
    plan, truth = findings.plan, results["truth"]
    version = results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    rows, columns = findings.system.grid
    return (
        f"{int(plan.counted.sum())} of {truth['shapes']} shapes that no training saw, on {rows} x {columns} "
        f"cells. Truth: {truth['solver']}, its own error about {truth['error_estimate_median']:.1g}. Learned "
        f"from {len(findings.training.split('train'))} flows. Timed on {results['machine']['processor']}, "
        f"{plan.threads} {'thread' if plan.threads == 1 else 'threads'}, {results['date'][:10]}. Understudy "
        f"{version}{commit}."
    )


def _measures_table(measures: Mapping[str, Mapping[str, float]], floor: Mapping[str, float]) -> str:
    columns = [("", ""), *(("median over the test shapes", name) for name in MEASURES)]
    rows = [
        ("", [label, *(f"{found[n]:.2g}" if n in found else "" for n in MEASURES)])
        for label, found in measures.items()
    ]
    said = page.paragraph(
        "A network that ends in a ReLU answers nothing negative. The truth itself, with what is negative set "
        f"to zero, is off by {floor['velocity']:.2g} in the velocity and {floor['v']:.2g} in its component "
        "across the channel: no training gets below. Where a stream function is answered, velocities are its "
        "differences and hold divergence and slip at round-off; others obey neither."
    )
    return page.table(columns, rows) + said


def _beyond_table(beyond: Mapping[str, Mapping[str, Mapping[str, float]]], shapes: Mapping[str, int]) -> str:
    columns = [
        ("", ""),
        *(
            (f"{WORDS.get(name, name)} ({count} shapes)", what)
            for name, count in shapes.items()
            for what in ("velocity", "90 %", "drag")
        ),
    ]
    rows = []
    for label, sets in beyond.items():
        cells = []
        for name in shapes:
            found = sets[name]
            cells += [f"{found['velocity']:.2g}", f"{found['velocity_q90']:.2g}"]
            cells.append(f"{found['drag']:.2g}" if "drag" in found else "")
        rows.append(("", [label, *cells]))
    return page.table(columns, rows)


def _families_table(by_family: Mapping[str, Mapping[str, float]]) -> str:
    names = list(next(iter(by_family.values()))) if by_family else []
    columns = [("", ""), *(("median error of the velocity", name) for name in names)]
    return page.table(
        columns,
        [("", [label, *(f"{found[n]:.2g}" for n in names)]) for label, found in by_family.items()],
    )


def _warm_table(warm: Sequence[Mapping[str, Any]]) -> str:
    if not warm:
        return page.paragraph("No surrogate gives a stream function.")
    columns = [
        ("", ""),
        ("", "solver"),
        ("cold", "steps"),
        ("cold", "factorisations"),
        ("cold", "time"),
        ("from the guess", "steps"),
        ("from the guess", "factorisations"),
        ("from the guess", "time"),
        ("", "lost"),
    ]
    rows = []
    for row in warm:
        cells = [row["label"], row["solver"]]
        for way in ("cold", "warm"):
            cells += [f"{row[f'{way}_{what}']:.1f}" for what in ("steps", "factorisations")]
            cells.append(duration(row[f"{way}_seconds"]))
        rows.append(("", [*cells, str(row["lost"])]))
    note = page.paragraph(
        "Steps on the last grid and factorisations on all, to full accuracy; cold, the solver begins on a "
        "coarse grid. The time from the guess holds the surrogate's own. Lost: what is not solved "
        "from the guess."
    )
    return page.table(columns, rows) + note


def _ninety_table(findings: Findings) -> str:
    rows = {row.label: row for row in findings.rows}
    columns = [("", ""), ("", "error, 90 %"), ("", "failed"), ("", "one query"), ("", "in batches")]
    lines = []
    for verdict in sorted(findings.at_ninety, key=lambda v: v.accuracy):
        said = (verdict.modes[mode].in_words() for mode in ("single", "batch"))
        failed = sum(rows[verdict.label].failures.values())
        lines.append(("", [verdict.label, f"{verdict.accuracy:.2g}", str(failed), *said]))
    note = page.paragraph(
        "Speed-ups where the solver's setting is chosen by the error that 90 % of the shapes stay below, "
        "instead of one half."
    )
    return page.table(columns, lines) + note
