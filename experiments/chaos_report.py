"""The report of a chaotic forecast: what was compared where, and what the long free runs say, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..solvers.contract import System
from . import page
from .compare import Plan, Row
from .free_runs import FreeRuns
from .report import headline
from .report_page import DEFINITIONS, write_html
from .verdict import Verdict

__all__ = ["write_report"]


def write_report(
    path: Path,
    plan: Plan,
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
    free: FreeRuns,
    *,
    system: System,
    figures: Sequence[tuple[Path, str]],
    results: Mapping[str, Any],
) -> Path:
    """Write the page; of `results`, the settings and everything about the machine go into it."""
    unit, horizon = system.characteristic_time, float(plan.times[-1])
    return write_html(
        path,
        rows,
        verdicts,
        metric=plan.metric,
        title=f"{system.title}: surrogates against the solver",
        headline=headline(rows, verdicts, metric=plan.metric, ceiling=horizon / unit),
        about=_about(plan, system, results),
        figures=figures,
        sections={"Long free runs": _free_runs(free, system)},
        definitions={
            plan.metric.name: plan.metric.definition,
            "Lyapunov time": (
                f"1 / largest Lyapunov exponent: {unit:.4g} units of time here. Small errors grow by a "
                "factor of e in each, on average."
            ),
            **DEFINITIONS,
        },
        provenance={
            name: results[name]
            for name in ("system", "truth", "settings", "versions", "machine", "date", "commit")
        },
    )


def _about(plan: Plan, system: System, results: Mapping[str, Any]) -> str:
    """One small paragraph: the system, the questions, the truth, the machine."""
    parameters = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in system.parameters.items())
    truth, unit = results["truth"], system.characteristic_time
    known = (
        "All are known to the end"
        if truth["converged"] == truth["starts"]
        else f"{truth['converged']} of {truth['starts']} are known to the end, the others count up to where "
        "they are"
    )
    version = results["versions"].get("understudy") or "from a checkout"
    commit = f", commit {results['commit']}" if results["commit"] else ""
    return (
        f"{system.title} with {parameters}. {int(plan.counted.sum())} starts that no training saw, forecast "
        f"for {plan.times[-1] / unit:.3g} Lyapunov times of {unit:.3g}. {known}. Timed on "
        f"{results['machine']['processor']}, {plan.threads} {'thread' if plan.threads == 1 else 'threads'}, "
        f"{results['date'][:10]}. Understudy {version}{commit}."
    )


def _free_runs(free: FreeRuns, system: System) -> str:
    """What becomes of forecasts that have left the true trajectory: a table, and how to read it."""
    distances = list(free.sampling)
    invariants = list(free.drift["solver"])
    columns = [
        ("", ""),
        ("", "runs that stay bounded"),
        *(("distance / sampling error", name.replace("_", " ")) for name in distances),
        ("growth of small differences", "per unit time"),
        ("growth of small differences", "apart, in standard errors"),
        *(("largest change of", name) for name in invariants),
    ]
    rows = []
    for label in ["solver", *free.apart]:
        climate, (mean, error) = free.climates[label], free.growth[label]
        ratios = free.times_sampling(label) if label != "solver" else {}
        apart = free.growth_apart(label) if label != "solver" else math.nan
        rows.append(
            (
                "surrogate" if label != "solver" else "grey",
                [
                    label,
                    f"{climate.bounded:.0%}",
                    *(_number(ratios[name]) if name in ratios else "" for name in distances),
                    f"{mean:.4f} ± {error:.4f}" if math.isfinite(mean) else "not measured",
                    f"{apart:+.1f}" if math.isfinite(apart) else "",
                    *(_number(free.drift[label][name]) for name in invariants),
                ],
            )
        )
    said = page.paragraph(
        f"A forecast that has left the true trajectory can still be right, as one of those that the equation "
        f"has. Each made {free.runs} runs of {free.length / system.characteristic_time:,.0f} Lyapunov times. "
        "Distances between its statistics and the solver's are in units of what groups of solver runs differ "
        "by among themselves: up to 1 they cannot be told apart."
    )
    return page.table(columns, rows) + said


def _number(value: float) -> str:
    """With two digits; `-` where there is none."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if 100 <= value < 1e6 else f"{value:.2g}"
