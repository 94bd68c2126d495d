"""The report of a comparison of pipe flow, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..solvers.pipe_flow.colebrook import REGIMES
from . import page
from .pipe_figures import draw
from .pipe_findings import SHARES, Findings
from .report import duration, headline
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
        title="Friction in pipes: surrogates against the solver",
        headline=[
            *headline(findings.rows, findings.verdicts, metric=metric, queries="pipes"),
            _no_gain(findings),
        ],
        about=_about(findings, results),
        figures=pictures,
        sections={
            "By regime": _regime_table(results["by_regime"], results["pipes_by_regime"]),
            **(
                {"Experts": _experts_table(results["experts"], results["weights"])}
                if results["experts"]
                else {}
            ),
            "At equal error of 90 % of the pipes": ninety_table(
                findings.rows, findings.at_ninety, queries="pipes"
            ),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS, **OWN_DEFINITIONS},
        provenance={
            name: results[name]
            for name in ("system", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


OWN_DEFINITIONS = {
    "query": "one pipe: Reynolds number, diameter and material; the answer is one number",
    "ladder": (
        "fixed-point and Newton iterations on Colebrook's equation, one number of them each; Newton's, in "
        "double and single precision, and Clamond's, compiled; of the many formulae those of Haaland, Swamee "
        "and Jain, Churchill, and Serghides; the closed form"
    ),
    "null model": (
        "the mean friction factor of the training set. The table (interpolation) learns nothing either, but "
        "is judged as a surrogate and stands in the same table: compare the others with its line, too"
    ),
    "naive": "the time of the closed form, which made the training data, divided by the surrogate's",
    "load": "the share of all questions that an expert is asked",
}


def _no_gain(findings: Findings) -> str:
    return (
        f"The exact solution takes {duration(findings.exact_seconds)} a pipe in batches: no surrogate is "
        "needed here. What is compared is how regimes, a jump and a category are learned."
    )


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    """One small paragraph: the questions, the truth, the machine."""
    plan, truth = findings.plan, results["truth"]
    learned = len(findings.training.split("train"))
    version = results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    return (
        f"{int(plan.counted.sum())} pipes that no training saw. Truth: {truth['solver']}, its own error at "
        f"most {truth['error_estimate_largest']:.1g}. Learned from {learned} pipes. "
        f"Timed on {results['machine']['processor']}, {plan.threads} "
        f"{'thread' if plan.threads == 1 else 'threads'}, {results['date'][:10]}. Understudy "
        f"{version}{commit}."
    )


def _regime_table(
    by_regime: Mapping[str, Mapping[str, Mapping[str, float]]], pipes: Mapping[str, int]
) -> str:
    words = {"median": "median", "q90": "90 %", "q99": "99 %"}
    names = ["all", *(n for n in REGIMES if pipes[n])]
    columns = [("", ""), *((name, words[share]) for name in names for share in SHARES)]
    rows = [
        ("", [label, *(f"{regimes[name][share]:.2g}" for name in names for share in SHARES)])
        for label, regimes in by_regime.items()
    ]
    counted = ", ".join(f"{count} {name}" for name, count in pipes.items())
    note = page.paragraph(
        f"Relative errors that so many of the pipes stay below, all training seeds together; {counted}. In "
        "the critical zone the truth is a straight line in the Reynolds number between a law of each regime, "
        "with a bend at either end."
    )
    return page.table(columns, rows) + note


def _experts_table(
    experts: Mapping[str, Sequence[Mapping[str, Sequence[float]]]], weights: Mapping[str, Mapping[str, int]]
) -> str:
    most = max(len(seed["all"]) for seeds in experts.values() for seed in seeds)
    columns = [("", ""), ("", "weights"), ("", "active"), ("", "seed"), ("", "regime")]
    columns += [("share of the questions by expert", str(i + 1)) for i in range(most)]
    rows = []
    for label, seeds in experts.items():
        for number, seed in enumerate(seeds):
            for regime, loads in seed.items():
                first = regime == "all"
                own = weights[label]
                begin = (
                    [label, f"{own['stored']:,}", f"{own['active']:,}", str(number)] if first else [""] * 4
                )
                shares = [f"{100 * load:.0f} %" if load else "" for load in loads]
                rows.append(("", [*begin, regime, *shares]))
    return page.table(columns, rows)
