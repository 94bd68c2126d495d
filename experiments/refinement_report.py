"""The report of a comparison of refinements, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import page
from .refinement_figures import draw
from .refinement_findings import Findings
from .report import headline
from .report_page import DEFINITIONS, write_html

__all__ = ["write_figures_and_report"]


def write_figures_and_report(findings: Findings, *, folder: Path, results: Mapping[str, Any]) -> None:
    """All figures below `folder/figures`, and `folder/report.html`."""
    pictures = draw(findings, folder / "figures")
    metric, others = findings.plan.metric, findings.plan.others
    write_html(
        folder / "report.html",
        findings.rows,
        findings.verdicts,
        metric=metric,
        title=f"{findings.system.title}: fine fields from coarse ones",
        headline=headline(findings.rows, findings.verdicts, metric=metric, queries="windows"),
        about=_about(findings, results),
        figures=pictures,
        sections={
            "What each is given": _given(findings),
            "Ensembles (first training seed)": _ensembles_table(findings, results["ensembles"]),
        },
        definitions={
            metric.name: metric.definition,
            **{name: found.definition for name, found in others.items()},
            **DEFINITIONS,
            **OWN_DEFINITIONS,
        },
        provenance={
            name: results[name] for name in ("system", "settings", "versions", "machine", "date", "commit")
        },
    )


OWN_DEFINITIONS = {
    "query": "the coarse frames of a window; the answer is the last of them, fine",
    "one query at a time, in batches": (
        "seconds for a single window, and per window in the batch size at which each is fastest"
    ),
    "ladder": (
        "direct insertion: the solver begins with the interpolation of an earlier frame, and at every frame "
        "what the coarse grid sees of its state is replaced by what it saw; with several lengths of history, "
        "steps and grids. It knows the equation, and is given more frames than any surrogate."
    ),
    "null model": "interpolation (Fourier, cubic, linear) and the best linear estimate from the same frames",
    "naive": "the time of the solver with the longest history and the finest step divided by the surrogate's",
    "CRPS": (
        "continuous ranked probability score, in units of the field, the mean over the points: for a plain "
        "answer the mean absolute error, for an ensemble its own fair score; the median over the windows"
    ),
    "spread, skill": (
        "root mean squares of the members' deviation from their mean (enlarged for their number) and of that "
        "mean's error: equal where the truth might be one of the members"
    ),
}


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    """One small paragraph: the system, the questions, the truth, the machine."""
    plan, settings = findings.plan, findings.settings
    points, seen = findings.truth.shape[1], findings.truth.shape[1] // settings.factor
    parameters = ", ".join(f"{k.replace('_', ' ')} {v:g}" for k, v in findings.system.parameters.items())
    version = results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    return (
        f"{findings.system.title} with {parameters}: {points} points, of which {seen} are seen. "
        f"{int(plan.counted.sum())} windows that no training saw, frames {findings.interval:g} apart. "
        f"Timed on {results['machine']['processor']}, {plan.threads} "
        f"{'thread' if plan.threads == 1 else 'threads'}, {results['date'][:10]}. Understudy "
        f"{version}{commit}."
    )


def _given(findings: Findings) -> str:
    columns = [("", ""), ("", "coarse frames"), ("", "knows the equation"), ("", "error, median")]
    found = {row.label: row for row in findings.rows}
    lines = [
        (
            "surrogate" if found[label].kind == "surrogate" else "grey",
            [label, str(frames), "no", _short(found[label].accuracy)],
        )
        for label, frames in findings.frames.items()
    ]
    by_history: dict[int, float] = {}
    for row in findings.rows:
        if row.kind == "ladder":
            frames = int(row.settings["frames"])
            by_history[frames] = min(by_history.get(frames, float("inf")), row.accuracy)
    lines += [
        ("grey", ["solver, its best setting", str(frames), "yes", _short(error)])
        for frames, error in sorted(by_history.items())
    ]
    said = page.paragraph(
        "A surrogate has learned from fine fields what a coarse frame means; the solver knows the equation, "
        "and direct insertion, the ladder here, needs a history of frames to use it. A variational fit "
        "to as few frames as a surrogate sees is not on this ladder: an advantage at short histories is one "
        "over direct insertion only."
    )
    return page.table(columns, lines) + said


def _ensembles_table(findings: Findings, ensembles: Mapping[str, Mapping[str, Any]]) -> str:
    if not ensembles:
        return page.paragraph("No surrogate gives ensembles.")
    columns = [("", ""), ("", "members"), ("", "CRPS"), ("", "mean absolute error of the answer")]
    columns += [("", "spread"), ("", "skill"), ("", "spread / skill")]
    lines = []
    for label, found in ensembles.items():
        plain = findings.plan.others["CRPS"].score(
            findings.answers[label](findings.plan.queries, findings.plan.times), findings.plan.truth
        )
        ratio = found["spread_over_skill"]
        cells = [label, str(found["members"]), _short(found["crps_mean"]), _short(float(plain.mean()))]
        cells += [_short(found["spread"]), _short(found["skill"]), "-" if ratio is None else f"{ratio:.2f}"]
        lines.append(("surrogate", cells))
    said = page.paragraph("Scores and errors here are means over the windows, elsewhere medians.")
    return page.table(columns, lines) + said


def _short(value: float) -> str:
    return f"{value:.2g}"
