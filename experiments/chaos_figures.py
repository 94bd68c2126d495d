"""The figures of a chaotic forecast, drawn from rows, verdicts and free runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..solvers.contract import Answer, System
from .climate import Climate, climate_figure
from .compare import Plan, Row
from .cost_figures import accuracy_against_cost, total_cost
from .figures import (
    accuracy_distribution,
    colours_of,
    error_over_time,
    save,
)
from .space_time import space_time_figure
from .verdict import Verdict

__all__ = ["draw"]


def draw(
    plan: Plan,
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
    answers: Mapping[str, Answer],
    climates: Mapping[str, Climate],
    *,
    system: System,
    folder: Path,
) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    field, axis, unit = system.fields[0], system.axes[0], system.characteristic_time
    ranked = sorted((r for r in rows if r.label in answers), key=lambda r: -r.accuracy)
    spread = (ranked[0], ranked[len(ranked) // 2]) if len(ranked) > 1 else tuple(ranked)
    typical = int(np.argsort(ranked[0].scores[0])[len(ranked[0].scores[0]) // 2]) if ranked else 0
    counted = np.flatnonzero(plan.counted)
    sample = int(counted[typical])
    one = {name: a[sample : sample + 1] for name, a in plan.queries.items()}
    step = max(1, len(plan.times) // 900)
    shown = slice(step - 1, None, step)
    forecasts = [
        (r.label, answers[r.label](one, plan.times).values[field.name][0][shown], float(r.scores[0][typical]))
        for r in spread
    ]
    median = ranked[0].label if ranked else "all"
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Any, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    where = f"{system.title}, L = {axis_length(system):g}"
    keep(
        "forecast",
        space_time_figure(
            plan.truth.values[field.name][sample][shown],
            forecasts,
            times=plan.times[shown] / unit,
            positions=np.array(axis.values),
            unit="Lyapunov times",
            position_label=axis.name,
            field_label=field.name,
            title=f"{where}: truth, forecast and difference",
        ),
        f"Truth, free-running forecast and their difference, from a start of median valid time for {median}. "
        "The dashed line marks the end of the valid time.",
    )
    keep(
        "cost",
        accuracy_against_cost(rows, verdicts, metric=plan.metric, title=f"{where}: accuracy against cost"),
        "Accuracy (median, bars: 10 to 90 % of the starts) against seconds per query. Grey: one solver "
        "setting each; the black line joins the best. A coloured segment joins a surrogate to the solver at "
        "equal accuracy: left of the line it is faster, right slower. Dotted: the solvers that made data and "
        "truth.",
    )
    keep(
        "valid-time",
        accuracy_distribution(rows, metric=plan.metric, title=f"{where}: valid time of each start"),
        "Valid time of every test start and training seed: a dot each. What is still valid when the "
        "comparison ends stands at the end.",
    )
    keep(
        "error",
        error_over_time(
            rows, plan.times / unit, unit="Lyapunov times", threshold=None, title=f"{where}: error growth"
        ),
        "Error against time: the median over the starts, with the band that holds 10 to 90 % of them where "
        "no more than four surrogates are drawn. The error is ||u_pred - u_true|| in units "
        "of the truth's root mean square; two unrelated states are some 1.4 apart.",
    )
    keep(
        "free-run",
        climate_figure(
            dict(climates),
            colours_of(rows),
            length=axis_length(system),
            scale=plan.scale,
            title=f"{where}: long free runs",
        ),
        "Spectrum and distribution of u in long free runs; the solver's, from the same starts, is the broad "
        "grey line. Surrogates on coarser grids have no waves beyond theirs.",
    )
    keep(
        "total-cost",
        total_cost(rows, verdicts, title=f"{where}: total cost and break-even"),
        "Total cost against the number of queries: a surrogate's bill comes first, the solver at the same "
        "accuracy (dashed) has none. A dot marks where the bill is repaid, if it ever is.",
    )
    return pictures


def axis_length(system: System) -> float:
    """Length of the first, periodic, uniform axis."""
    values = system.axes[0].values
    return (values[1] - values[0]) * len(values)
