"""The report of windows that were rebuilt, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..datasets.observations import Gappy
from ..datasets.training_set import TrainingSet
from ..solvers.contract import Answer, System
from . import page
from .compare import Plan, Row
from .report import headline
from .report_page import DEFINITIONS, ninety_table, write_html
from .smoothing_figures import WORDS, draw
from .verdict import Verdict

__all__ = ["Findings", "write_figures_and_report"]


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that is known when all have been judged and timed.

    Attributes:
        at_ninety: verdicts at the error that 90 % of the windows stay below.
        answers: of surrogates, null models and the solver's finest fit, by label.
        tried: what of the instrument was changed -> to what -> label -> median error.
        instrument: which was learned.
    """

    plan: Plan
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    at_ninety: Sequence[Verdict]
    answers: Mapping[str, Answer]
    tried: Mapping[str, Mapping[str, Mapping[str, float]]]
    instrument: Gappy
    system: System
    training: TrainingSet

    @property
    def judged(self) -> list[Row]:
        """Surrogates and null models, the best first."""
        return sorted((r for r in self.rows if r.kind in ("surrogate", "null")), key=lambda r: r.accuracy)

    @property
    def learned(self) -> list[Row]:
        """Surrogates that answer by themselves, the best first."""
        return [row for row in self.judged if row.kind == "surrogate" and "of" not in row.settings]

    @property
    def learned_at(self) -> dict[str, float]:
        """Share and noise that were learned."""
        return {"share": self.instrument.share, "noise": self.instrument.noise}

    def in_words(self) -> str:
        """E.g. `25 % known, noise 0.4`."""
        return f"{100 * self.instrument.share:.3g} % known, noise {self.instrument.noise:g}"


def write_figures_and_report(findings: Findings, *, folder: Path, results: Mapping[str, Any]) -> None:
    """All figures below `folder/figures`, and `folder/report.html`."""
    pictures = draw(findings, folder / "figures")
    metric = findings.plan.metric
    write_html(
        folder / "report.html",
        findings.rows,
        findings.verdicts,
        metric=metric,
        title=f"{findings.system.title}: windows rebuilt, surrogates against the solver's fit",
        # what a fit finishes is the solver's: it does not speak for smoothers
        headline=headline(
            [row for row in findings.rows if "of" not in row.settings],
            findings.verdicts,
            metric=metric,
            queries="windows",
        ),
        about=_about(findings, results),
        figures=pictures,
        sections={
            "Other instruments (first training seed)": "".join(
                _instruments_table(what, found, findings.learned_at[what])
                for what, found in findings.tried.items()
            ),
            "At equal error of 90 % of the windows": ninety_table(
                findings.rows, findings.at_ninety, queries="windows"
            ),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS, **OWN_DEFINITIONS},
        provenance={
            name: results[name]
            for name in ("system", "task", "settings", "versions", "machine", "date", "commit")
        },
    )


OWN_DEFINITIONS = {
    "query": "one window: what was seen of it, and where; the answer are all of its frames",
    "one query at a time, in batches": (
        "seconds for a single window, and per window in the batch size at which each is fastest"
    ),
    "ladder": (
        "strong-constraint fits (4D-Var): the start of a solution is moved until the solution fits what was "
        "seen, by so many iterations of Gauss and Newton with so many waves, on cheap grids and steps; they "
        "are told the equation, the noise, and the climate that the start is drawn from"
    ),
    "null model": "the training mean, and the nearest value that is known",
    "naive": (
        "the time of a fit by the solver that made the data, until no wave of the start moves by more than a "
        "millionth of its deviation, over the surrogate's"
    ),
    "smoother, filter": "of each frame a smoother knows the whole window, a filter what was seen until then",
}


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    """One small paragraph: the windows, what was learned from, the machine."""
    plan, task = findings.plan, results["task"]
    version = results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    windows = 1 + (findings.training.split("train").frames - task["window"]) // task["every"]
    return (
        f"{int(plan.counted.sum())} windows of {task['window']} frames {findings.training.interval:g} apart, "
        f"that no training saw; {findings.in_words()} (the field's root mean square is {plan.scale:.3g}). "
        f"Learned from {windows * len(findings.training.split('train'))} windows, which overlap. Timed on "
        f"{results['machine']['processor']}, {plan.threads} "
        f"{'thread' if plan.threads == 1 else 'threads'}, {results['date'][:10]}. Understudy "
        f"{version}{commit}."
    )


def _instruments_table(what: str, found: Mapping[str, Mapping[str, float]], learned: float) -> str:
    values = sorted(found, key=float)
    columns = [("", ""), *((f"median error by the {WORDS[what]}", value) for value in values)]
    labels = sorted(next(iter(found.values())), key=lambda label: found[f"{learned:g}"][label])
    return page.table(
        columns, [("", [label, *(f"{found[v][label]:.2g}" for v in values)]) for label in labels]
    )
