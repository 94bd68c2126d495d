"""The report of a comparison of three-body trajectories, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import page
from .report import headline
from .report_page import DEFINITIONS, ninety_table, write_html
from .three_body_figures import draw
from .three_body_findings import Findings

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
        title="Three bodies: surrogates against the solver",
        headline=headline(findings.rows, findings.verdicts, metric=metric),
        about=_about(findings, results),
        figures=pictures,
        sections={
            "Errors": _errors_table(results["errors"]),
            "At equal error of 90 % of the starts": ninety_table(
                findings.rows, findings.at_ninety, queries="starts"
            ),
            "Energy": _energy_table(results["energy_errors"]),
            **(
                {"Expected errors": _calibration_table(results["calibration"])}
                if results["calibration"]
                else {}
            ),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS, **OWN_DEFINITIONS},
        provenance={
            name: results[name]
            for name in ("system", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


OWN_DEFINITIONS = {
    "query": "one start, answered at the last time: a network is evaluated once, the solver runs to it",
    "one query at a time, in batches": (
        "seconds for a single start, and per start in the batch size at which each is fastest; the state at "
        "the last time is asked for"
    ),
    "null model": "the training mean; interpolation between training trajectories is judged as a surrogate",
    "naive": "the time of the arbitrary-precision solver divided by the surrogate's, as published",
}


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    """One small paragraph: the system, the questions, the truth, the machine."""
    plan, truth = findings.plan, results["truth"]
    version = results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    return (
        f"{int(plan.counted.sum())} of {truth['starts']} starts that no training saw, until t = "
        f"{plan.times[-1]:g} (crossing time {findings.system.characteristic_time:.3g}). Truth: "
        f"{truth['solver']}, {truth['digits_median']:.0f} to {truth['digits_most']:.0f} digits. Learned from "
        f"{len(findings.training.split('train'))} trajectories. Timed on {results['machine']['processor']}, "
        f"{plan.threads} {'thread' if plan.threads == 1 else 'threads'}, {results['date'][:10]}. Understudy "
        f"{version}{commit}."
    )


def _errors_table(errors: Mapping[str, Mapping[str, float]]) -> str:
    names = list(next(iter(errors.values()))) if errors else []
    columns = [
        ("", ""),
        *(("by difficulty, median" if n.startswith(("eas", "hard")) else "all starts", n) for n in names),
    ]
    rows = [
        ("", [label, *(f"{numbers.get(n, np.nan):.3g}" for n in names)]) for label, numbers in errors.items()
    ]
    said = page.paragraph(
        "Mean absolute error of the positions. The mean over starts is what has been published; it is made "
        "by the few worst. Quarters of the starts by their closest approach."
    )
    return page.table(columns, rows) + said


def _energy_table(energies: Mapping[str, Mapping[str, float]]) -> str:
    columns = [("", ""), *(("relative error of the energy", n) for n in ("10 %", "median", "90 %"))]
    rows = [
        ("", [label, *(f"{numbers[n]:.2g}" for n in ("q10", "median", "q90"))])
        for label, numbers in energies.items()
    ]
    return page.table(columns, rows) if rows else page.paragraph("No surrogate gives velocities.")


def _calibration_table(calibration: Mapping[str, Mapping[str, float]]) -> str:
    columns = [
        ("", ""),
        ("", "rank correlation"),
        ("", "true / expected"),
        ("", "within twice"),
        ("", "handed over"),
    ]
    rows = [
        (
            "",
            [
                label,
                f"{numbers['rank_correlation']:.2f}",
                f"{numbers['median_ratio_true_to_expected']:.2f}",
                f"{numbers['share_of_errors_within_twice_the_expected']:.0%}",
                f"{numbers['share_handed_over']:.0%}",
            ],
        )
        for label, numbers in calibration.items()
    ]
    return page.table(columns, rows)
