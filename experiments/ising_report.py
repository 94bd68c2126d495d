"""The report of a comparison of the Ising model, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import page
from .ising_figures import draw
from .ising_findings import OBSERVABLES, Findings
from .report import headline
from .report_page import DEFINITIONS, ninety_table, write_html

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
        title="Ising model: a machine that draws configurations, against samplers",
        headline=[
            *headline(findings.rows, findings.verdicts, metric=metric, queries="temperatures"),
            *findings.losses(),
        ],
        about=_about(findings, results),
        figures=pictures,
        sections={
            "Of each observable, by temperature": _ranges_table(findings, results),
            "At equal error of each observable": _each_table(findings),
            "At equal error of 90 % of the temperatures": ninety_table(
                findings.rows, findings.at_ninety, queries="temperatures"
            ),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS, **OWN_DEFINITIONS},
        provenance={
            name: results[name]
            for name in ("system", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


OWN_DEFINITIONS = {
    "query": "one temperature, and a seed; the answer is energy and specific heat per spin",
    "ladder": (
        "samplers with fewer and more sweeps: single spins (Metropolis) and clusters (Wolff). The exact sums "
        "are truth and no rung: they know the solution of this very model"
    ),
    "specific heat": "the variance of the energy over T^2; of samplers and machines that of what they draw",
    "null model": "the mean energy and specific heat of the training set",
    "naive": "the time of the exact sums, which are truth, divided by the surrogate's",
}


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    """One small paragraph: the questions, the truth, the machine."""
    plan, system = findings.plan, findings.system
    version = results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    return (
        f"{int(plan.counted.sum())} temperatures from {system.coldest:g} to {system.hottest:g} that no "
        f"training saw, on {system.rows} x {system.columns} spins. Truth: the exact sums of the finite "
        f"lattice. Learned from {system.copies} configurations at each of "
        f"{len(findings.training.split('train'))} temperatures, drawn by "
        f"{findings.training.plan.solver['solver']}. Timed on {results['machine']['processor']}, "
        f"{plan.threads} {'thread' if plan.threads == 1 else 'threads'}, {results['date'][:10]}. Understudy "
        f"{version}{commit}."
    )


def _ranges_table(findings: Findings, results: Mapping[str, Any]) -> str:
    found, counts = results["by_range"], results["temperatures_by_range"]
    ranges = ["all", *counts]
    columns = [("", ""), *((words, where) for words in OBSERVABLES.values() for where in ranges)]
    rows = [
        ("", [label, *(f"{found[name][label][where]:.2g}" for name in OBSERVABLES for where in ranges)])
        for label in found["energy"]
    ]
    counted = ", ".join(f"{count} {where}" for where, count in counts.items())
    note = page.paragraph(
        f"Median relative errors, all training seeds together; {counted}, where near is within "
        f"{findings.settings.near:.0%} of the critical temperature of an infinite lattice."
    )
    return page.table(columns, rows) + note


def _each_table(findings: Findings) -> str:
    columns = [("", "")]
    for words in OBSERVABLES.values():
        columns += [(words, "median error"), (words, "one at a time"), (words, "in batches")]
    rows = []
    verdicts = {name: {v.label: v for v in found} for name, found in findings.of_each.items()}
    for label in verdicts["energy"]:
        cells = [label]
        for name in OBSERVABLES:
            verdict = verdicts[name][label]
            cells += [f"{verdict.accuracy:.2g}", *(verdict.modes[m].in_words() for m in ("single", "batch"))]
        rows.append(("", cells))
    return page.table(columns, rows)
