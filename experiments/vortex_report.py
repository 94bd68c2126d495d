"""The report of a comparison of finders, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import page
from .report import headline
from .report_page import DEFINITIONS, ninety_table, write_html
from .vortex_figures import draw
from .vortex_findings import Findings

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
        title="Vortices in noisy flows: a network against the criteria and the fit",
        headline=headline(findings.rows, findings.verdicts, metric=metric, queries="fields"),
        about=_about(findings, results),
        figures=pictures,
        sections={
            "What is found": _found_table(results["found"]),
            "By noise": _class_table(results["by_noise"]),
            "By number of vortices": _class_table(results["by_number"]),
            "At equal error of 90 % of the fields": ninety_table(
                findings.rows, findings.at_ninety, queries="fields"
            ),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS, **OWN_DEFINITIONS},
        provenance={
            name: results[name]
            for name in ("system", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


OWN_DEFINITIONS = {
    "query": "one field of velocities with noise; the answer is a table of vortices and a mask of cores",
    "ladder": (
        "peaks of the Q criterion and of Okubo-Weiss with several thresholds and widths of smoothing, each "
        "followed by circulation integrals; least squares for all vortices and the background, from few "
        "iterations on every fourth cell to many, with a search of what is left"
    ),
    "null model": "the mean table of the training set",
    "naive": "the time of copying what was drawn, which made the training data, divided by the surrogate's",
    "average precision": (
        "the area below precision against recall when detections of all fields are ranked by how sure they "
        "are; for each training seed, then the mean. Networks rank down to doubts of one in a hundred, while "
        "criteria and fits end at their own threshold, which favours networks: compare by F1"
    ),
    "F1": "the harmonic mean of precision and recall of what is said to be there, the mean of the seeds",
    "mask IoU": "cells that both call a core, over those that either does; median over fields and seeds",
}


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    """One small paragraph: the questions, the truth, the machine."""
    system, version = findings.system, results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    return (
        f"{len(findings.everywhere)} fields of {system.points} x {system.points} cells that no training saw, "
        f"{system.fewest} to {system.most} vortices each. Truth: what was drawn. Learned from "
        f"{len(findings.training.split('train'))} fields. The ladder has every threshold that "
        f"was tried; figures and tables of what is found show the setting of each family that is best on "
        f"these very fields. Timed on {results['machine']['processor']}, {findings.plan.threads} "
        f"{'thread' if findings.plan.threads == 1 else 'threads'}, {results['date'][:10]}. Understudy "
        f"{version}{commit}."
    )


def _found_table(found: Mapping[str, Mapping[str, float]]) -> str:
    columns = [("", ""), ("", "average precision"), ("", "F1"), ("", "precision"), ("", "recall")]
    columns += [("median error", name) for name in ("place, cells", "circulation", "core radius")]
    columns += [("", "mask IoU")]
    rows = []
    for label, t in found.items():
        shares = [f"{t[name]:.3f}" for name in ("average_precision", "f1", "precision", "recall")]
        errors = [f"{t['place']:.3f}", f"{100 * t['circulation']:.1f} %", f"{100 * t['radius']:.1f} %"]
        rows.append(("", [label, *shares, *errors, f"{t['mask_overlap']:.3f}"]))
    return page.table(columns, rows)


def _class_table(classes: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    names = list(next(iter(classes.values()), {}))
    columns = [("", ""), *((name, what) for name in names for what in ("F1", "circulation", "IoU"))]
    rows = []
    for label, own in classes.items():
        cells = [
            cell
            for name in names
            for cell in (
                f"{own[name]['f1']:.3f}",
                f"{100 * own[name]['circulation']:.1f} %",
                f"{own[name]['mask_overlap']:.3f}",
            )
        ]
        rows.append(("", [label, *cells]))
    return page.table(columns, rows)
