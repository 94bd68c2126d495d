"""The report of a comparison of steady flows, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import page
from .flow_measures import MEASURES
from .report import headline
from .report_page import DEFINITIONS, ninety_table, write_html
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
        # what a solver finishes is the solver's: it does not speak for networks
        headline=headline(
            [row for row in findings.rows if "of" not in row.settings],
            findings.verdicts,
            metric=metric,
            queries="shapes",
        ),
        about=_about(findings, results),
        figures=pictures,
        sections={
            "Fields, walls and forces (first training seed)": _measures_table(
                results["measures"], results["relu_floor"]
            ),
            "Beyond what was learned (first training seed)": _beyond_table(
                results["beyond"], results["shapes"]
            ),
            "By family of shapes (first training seed)": _families_table(results["by_family"]),
            "A surrogate's answer as the solver's first guess": _warm_table(results["warm_starts"]),
            "At equal error of 90 % of the shapes": ninety_table(
                findings.rows, findings.at_ninety, queries="shapes"
            ),
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
    "ladder": "Newton's method on grids from a quarter of the rows to twice as many, at three tolerances",
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
        "differences and hold divergence and slip at round-off, which others do not."
    )
    return page.table(columns, rows) + said


def _beyond_table(
    beyond: Mapping[str, Mapping[str, Mapping[str, float]]], shapes: Mapping[str, Mapping[str, float]]
) -> str:
    columns = [
        ("", ""),
        *((WORDS.get(name, name), what) for name in shapes for what in ("velocity", "90 %", "drag")),
    ]
    rows = []
    for label, sets in beyond.items():
        cells = []
        for name in shapes:
            found = sets[name]
            cells += [f"{found['velocity']:.2g}", f"{found['velocity_q90']:.2g}"]
            cells.append(f"{found['drag']:.2g}" if "drag" in found else "")
        rows.append(("", [label, *cells]))
    said = [
        f"{WORDS.get(name, name)}: {of['judged']} shapes ({of['failed']} more without a known truth), "
        f"Reynolds numbers {of['least_reynolds']:.2g} to {of['most_reynolds']:.2g}, the truth's own error "
        f"about {of['truth_error_estimate_median']:.1g}, {of['truth_error_estimate_largest']:.1g} at most"
        for name, of in shapes.items()
    ]
    return page.table(columns, rows) + page.bullets(said)


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
    columns = [("", ""), ("", "solver")]
    columns += [(way, what) for way in ("cold", "from the guess") for what in ("steps", "factorisations")]
    rows = []
    for row in warm:
        numbers = [row[f"{way}_{what}"] for way in ("cold", "warm") for what in ("steps", "factorisations")]
        cells = [row["label"], row["solver"], *(f"{number:.1f}" for number in numbers)]
        rows.append(("", [*cells, str(row["lost"])]))
    note = page.paragraph(
        "Steps on the last grid and factorisations on all, to full accuracy; cold, the solver begins on a "
        "coarse grid, and those of a cheap solver before the guess are not among them. Lost: what is not "
        "solved from the guess. What it comes to in time, the rows named + Newton say."
    )
    return page.table([*columns, ("", "lost")], rows) + note
