"""What a comparison on one query says, in figures, tables and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..solvers.contract import Solution, System
from . import page
from .compare import Row
from .cost_figures import accuracy_against_cost
from .figures import save
from .metrics import Metric
from .one_query_figures import error_against_time, loss_terms, truth_answer_error
from .pinn_candidates import OPTIMISERS
from .report import duration, headline
from .report_page import DEFINITIONS, write_html
from .verdict import Verdict

__all__ = ["Curve", "Findings", "error_at", "write_figures_and_report"]

MARKS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""Errors of which it is told when they were first reached."""


@dataclass(frozen=True)
class Curve:
    """One training: at each snapshot seconds until such an answer, steps, error, loss, its terms by name."""

    seconds: tuple[float, ...]
    steps: tuple[int, ...]
    errors: tuple[float, ...]
    losses: tuple[float, ...]
    terms: dict[str, tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that is reported.

    Attributes:
        curves: for each network one curve for each seed.
        limits: seconds that each network was given.
        answers: of each network's first seed.
    """

    system: System
    truth: Solution
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    metric: Metric
    curves: Mapping[str, Sequence[Curve]]
    limits: Mapping[str, float]
    answers: Mapping[str, Solution]

    @property
    def shortest(self) -> float:
        """Seconds that all were given; some may have ended before."""
        return min(self.limits.values(), default=0.0)

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "curves": {label: [asdict(c) for c in curves] for label, curves in self.curves.items()},
            "at_equal_time": {"seconds": self.shortest, "errors": self.at_equal_time()},
            "seconds_until": {label: self.seconds_until(label) for label in self.curves},
        }

    def at_equal_time(self) -> dict[str, float]:
        """The error of the first seed after the shortest limit: all have that seed, some have others."""
        return {label: error_at(curves[0], self.shortest) for label, curves in self.curves.items()}

    def spread_at_equal_time(self, label: str) -> tuple[float, float]:
        """The lowest and the highest error of any seed there: what of two errors' difference is chance."""
        errors = [error_at(c, self.shortest) for c in self.curves[label]]
        return min(errors), max(errors)

    def seconds_until(self, label: str) -> dict[str, float | None]:
        """The median time over seeds until the error first was below each mark; None where half never did."""
        found: dict[str, float | None] = {}
        for mark in MARKS:
            times = [
                next((s for s, e in zip(c.seconds, c.errors, strict=True) if e < mark), np.inf)
                for c in self.curves[label]
            ]
            middle = float(np.median(times))
            found[f"{mark:g}"] = middle if np.isfinite(middle) else None
        return found

    def in_words(self) -> str:
        """One line for each network, the best at equal time first."""
        errors = self.at_equal_time()
        lines = [f"after {duration(self.shortest)}, the shortest training:"]
        lines += [f"  {label}: {error:.2g}" for label, error in sorted(errors.items(), key=lambda e: e[1])]
        return "\n".join(lines)


def error_at(curve: Curve, seconds: float) -> float:
    """The error then, between two snapshots straight in logarithms; that of the end where it ended before."""
    if not curve.seconds:
        return np.inf
    times, errors = np.maximum(curve.seconds, 1e-9), np.maximum(curve.errors, 1e-300)
    return float(np.exp(np.interp(np.log(max(seconds, 1e-9)), np.log(times), np.log(errors))))


def write_figures_and_report(findings: Findings, *, folder: Path, results: Mapping[str, Any]) -> None:
    """All figures below `folder/figures`, and `folder/report.html`."""
    metric, title = findings.metric, findings.system.title
    pictures = folder / "figures"
    best = min(findings.curves, key=lambda label: _accuracy(findings.rows, label))
    rows, verdicts, curves = _drawn(findings)
    drawn = [
        (
            save(
                error_against_time(
                    rows, curves, metric=metric, title=f"{title}: error", known_to=_known_to(findings)
                ),
                pictures / "error_against_time.png",
            ),
            "Error against time: networks while they are trained, three seeds where recommended, and the "
            "solver's settings. Networks that lack a part are in the tables.",
        ),
        (
            save(
                truth_answer_error(findings.system, findings.truth, findings.answers[best], label=best),
                pictures / "answer.png",
            ),
            f"Truth, the answer of {best}, and its error.",
        ),
        (
            save(
                loss_terms(findings.curves, title=f"{title}: the loss"),
                pictures / "loss.png",
            ),
            "The loss of the weights with which each first training would have answered, and its terms where "
            "there are several.",
        ),
        (
            save(
                accuracy_against_cost(
                    rows,
                    verdicts,
                    metric=metric,
                    title=title,
                    crowded=True,
                    modes=("single",),
                ),
                pictures / "accuracy_against_cost.png",
            ),
            "Accuracy against the time of one answer; that of a network is its training.",
        ),
    ]
    write_html(
        folder / "report.html",
        findings.rows,
        findings.verdicts,
        metric=metric,
        title=f"{title}: one query, networks against the solver",
        headline=headline(findings.rows, findings.verdicts, metric=metric, queries="query"),
        about=_about(findings, results),
        figures=drawn,
        sections={
            "At equal time": _equal_time_table(findings),
            "How long until": _until_table(findings),
        },
        definitions={metric.name: metric.definition, **DEFINITIONS, **OWN_DEFINITIONS},
        provenance={
            name: results[name]
            for name in ("system", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


def _drawn(findings: Findings) -> tuple[list[Row], list[Verdict], dict[str, Sequence[Curve]]]:
    """What figures show: all but networks that lack a part, unless there are no others."""
    main = [label for label in findings.curves if label in DRAWN] or [*findings.curves]
    hidden = {*findings.curves} - {*main}
    return (
        [row for row in findings.rows if row.label not in hidden],
        [verdict for verdict in findings.verdicts if verdict.label not in hidden],
        {label: findings.curves[label] for label in main},
    )


def _known_to(findings: Findings) -> float:
    """The truth's own error."""
    return float(np.max(findings.truth.error_estimate))


DRAWN = ("pinn", "pinn-tanh", *(f"pinn-{name}" for name in OPTIMISERS))
OWN_DEFINITIONS = {
    "query": "one start or one set of numbers; a network of coordinates is trained for it anew",
    "one query at a time, in batches": "the same here: training one network after the other",
    "null model": "zero everywhere",
}


def _accuracy(rows: Sequence[Row], label: str) -> float:
    return next(row.accuracy for row in rows if row.label == label)


def _about(findings: Findings, results: Mapping[str, Any]) -> str:
    truth, version = results["truth"], results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    seeds = max((len(c) for c in findings.curves.values()), default=0)
    return (
        "The recommended settings, and what the equations have built in, were chosen with errors on this "
        "very query in view: there is no other. "
        f"Until t = {results['horizon']:g}. Truth: {truth['solver']}, error estimate "
        f"{truth['error_estimate_largest']:.1g}. Up to {seeds} training seeds. Timed on "
        f"{results['machine']['processor']}, {results['date'][:10]}. Understudy {version}{commit}."
    )


def _equal_time_table(findings: Findings) -> str:
    errors = findings.at_equal_time()
    least = min(errors.values(), default=1.0)
    columns = [("", ""), ("error", "first seed"), ("times the best", ""), ("seeds", "lowest to highest")]
    rows = []
    for label, error in sorted(errors.items(), key=lambda e: e[1]):
        low, high = findings.spread_at_equal_time(label)
        several = f"{low:.2g} to {high:.2g}" if len(findings.curves[label]) > 1 else "-"
        rows.append(("", [label, f"{error:.2g}", f"{error / least:.3g}", several]))
    return page.paragraph(f"After {duration(findings.shortest)}, the shortest training.") + page.table(
        columns, rows
    )


def _until_table(findings: Findings) -> str:
    columns = [("", ""), *(("seconds until the error is below", f"{mark:g}") for mark in MARKS)]
    rows = []
    for label in findings.curves:
        found = findings.seconds_until(label)
        rows.append(("", [label, *("-" if s is None else f"{s:.3g}" for s in found.values())]))
    return page.table(columns, rows)
