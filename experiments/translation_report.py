"""The report of translated flows, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer
from ..solvers.steady_flow.system import SteadyFlow
from . import page
from .compare import Plan, Row
from .report import headline
from .report_page import DEFINITIONS, ninety_table, write_html
from .translation_figures import draw
from .verdict import Verdict

__all__ = ["Findings", "write_figures_and_report"]

IDENTITY, BASELINE = "identity", "transport"


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that is known when all have been judged and timed.

    Attributes:
        at_ninety: verdicts at the error that 90 % of the flows stay below.
        answers: of surrogates and null models, first training seeds, by label.
        unlike: of those without pairs, how unlike answers and held-out flows are, for each training seed:
            what was known of them before the test.
        aside: label -> training seeds that stand aside.
    """

    plan: Plan
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    at_ninety: Sequence[Verdict]
    answers: Mapping[str, Answer]
    unlike: Mapping[str, Sequence[float]]
    aside: Mapping[str, int]
    system: SteadyFlow
    training: TrainingSet

    @property
    def judged(self) -> list[Row]:
        """Surrogates and null models that answer by themselves, the best first."""
        chosen = [r for r in self.rows if r.kind in ("surrogate", "null") and "of" not in r.settings]
        return sorted(chosen, key=lambda row: row.accuracy)

    @property
    def errors(self) -> dict[str, float]:
        """Label -> median error, the best first."""
        return {row.label: float(row.accuracy) for row in self.judged}

    def with_pairs(self, label: str) -> bool:
        """Whether it was told which flow belongs to which."""
        return label not in self.unlike

    def gains(self) -> dict[str, dict[str, float]]:
        """Label -> the error over that of the identity, and the share of the way from the identity to the
        best with pairs that it has gone, as far as these were compared.
        """
        errors = self.errors
        if IDENTITY not in errors:
            return {}
        most = errors[IDENTITY]
        least = min((e for label, e in errors.items() if self.with_pairs(label)), default=None)
        found = {}
        for label, error in errors.items():
            found[label] = {"of_identity": error / most}
            if least is not None and least < most:
                found[label]["gone"] = (most - error) / (most - least)
        return found

    def in_words(self) -> str:
        """What came of it, as lines of text."""
        errors, lines = self.errors, []
        apart = {label: e for label, e in errors.items() if not self.with_pairs(label) and label != IDENTITY}
        for label, gain in self.gains().items():
            if label == IDENTITY:
                continue
            words = f"{label}: {gain['of_identity']:.2f} of the identity's error"
            if "gone" in gain and not self.with_pairs(label):
                words += f", {100 * gain['gone']:.0f} % of the way to the best with pairs"
            if self.aside.get(label):
                words += f"; {self.aside[label]} training seeds stand aside"
            if gain["of_identity"] > 1:
                words += "; WORSE than the identity, though held-out flows without pairs did not show it"
            lines.append(words)
        networks = {label: e for label, e in apart.items() if label.startswith("shared-encoder")}
        if BASELINE in apart and networks:
            best = min(networks, key=lambda label: networks[label])
            ratio = networks[best] / apart[BASELINE]
            verb = "less" if ratio < 1 else "more"
            lines.append(
                f"the best shared encoder, {best}, has an error {100 * abs(1 - ratio):.0f} % {verb} than the "
                "closed form of means and covariances"
            )
        return "\n".join(lines)


def write_figures_and_report(findings: Findings, *, folder: Path, results: Mapping[str, Any]) -> None:
    """All figures below `folder/figures`, and `folder/report.html`."""
    pictures = draw(findings, folder / "figures")
    metric = findings.plan.metric
    write_html(
        folder / "report.html",
        findings.rows,
        findings.verdicts,
        metric=metric,
        title="Steady flow: translated from one viscosity to another",
        # what a solver finishes is the solver's: it does not speak for translations
        headline=[
            *headline(
                [row for row in findings.rows if "of" not in row.settings],
                findings.verdicts,
                metric=metric,
                queries="flows",
            ),
            *findings.in_words().splitlines()[-1:],
        ],
        about=_about(findings, results),
        figures=pictures,
        sections={
            "Without pairs and with": _gains_table(findings),
            "At equal error of 90 % of the flows": ninety_table(
                findings.rows, findings.at_ninety, queries="flows"
            ),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS, **OWN_DEFINITIONS},
        provenance={
            name: results[name]
            for name in ("system", "task", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


OWN_DEFINITIONS = {
    "query": "the flow about one shape in a more viscous fluid; the answer is that in the less viscous one",
    "no pairs": (
        "learned from flows at either viscosity, of different shapes; no shape is known at both, and "
        "surrogates are not told the shape"
    ),
    "ladder": (
        "Newton's method on grids from a quarter of the rows to twice as many, at three tolerances; each "
        "from coarser grids, and once more from the flow that is given. From that also at looser tolerances, "
        "on one grid or on a coarse and then on a finer one. It is told the shape, which translations see "
        "only as far as the flow shows it"
    ),
    "null model": "the identity: the flow that is given",
    "naive": "the time of the solver on four times as many rows divided by the surrogate's",
    "unlike": (
        "the energy distance of answers and held-out flows as a share of their mean distance: 0 for the same "
        "distribution. It is all that can be known without pairs; where it shows no gain over the flows "
        "that are given, these are answered"
    ),
}


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    """One small paragraph: the flows, the truth, the machine."""
    plan, truth = findings.plan, results["truth"]
    version = results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    rows, columns = findings.system.grid
    learned = len(findings.training.split("train"))
    factor = dict(results["task"]["factors"])["viscosity"]
    return (
        f"{int(plan.counted.sum())} flows that no training saw{left_out(results['given'])}, on {rows} x "
        f"{columns} cells, at Reynolds "
        f"numbers of {findings.system.least_reynolds:g} to {findings.system.most_reynolds:g}, from those at "
        f"{factor:g} times the viscosity. Truth: {truth['solver']}, its own error about "
        f"{truth['error_estimate_median']:.1g}. Learned from {learned - learned // 2} flows that are "
        f"given and {learned // 2} that are wanted, or from the same number in pairs. Timed on "
        f"{results['machine']['processor']}, {plan.threads} "
        f"{'thread' if plan.threads == 1 else 'threads'}, {results['date'][:10]}. Understudy "
        f"{version}{commit}."
    )


def left_out(given: Mapping[str, int]) -> str:
    """Of how many test shapes there was no flow to give, where there are such."""
    lost = given["asked"] - given["solved"]
    if not lost:
        return ""
    return f" (no flow to give was found for {lost} of {given['asked']} shapes, which are left out)"


def _gains_table(findings: Findings) -> str:
    columns = [("", ""), ("", "pairs"), ("median error", ""), ("median error", "of the identity's")]
    columns += [("median error", "way to the best with pairs"), ("before the test", "unlike"), ("", "aside")]
    rows = []
    for label, gain in findings.gains().items():
        unlike = findings.unlike.get(label, ())
        cells = [
            label,
            "yes" if findings.with_pairs(label) else "no",
            f"{findings.errors[label]:.3g}",
            f"{gain['of_identity']:.2f}",
            f"{100 * gain['gone']:.0f} %" if "gone" in gain else "",
            f"{min(unlike):.2g}" if unlike else "",
            str(findings.aside.get(label, 0)) if label != IDENTITY else "",
        ]
        rows.append(("", cells))
    note = page.paragraph(
        "Without pairs a small number under `unlike` promises nothing: answers may be distributed as they "
        "should be and belong to other shapes. Where pairs can be had, they are worth more than any of this."
    )
    return page.table(columns, rows) + note
