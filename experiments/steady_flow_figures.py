"""The figures of a comparison of steady flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compare import Row
from .cost_figures import accuracy_against_cost, total_cost
from .figures import accuracy_distribution, colours_of, save
from .flow_figures import Flow, families_figure, fields_figure, reynolds_figure, sets_figure
from .steady_flow_findings import Findings

__all__ = ["draw"]

Array = NDArray[np.float64]
WORDS = {
    "main": "as learned",
    "pairs": "two bodies",
    "cars": "cars",
    "larger": "larger",
    "faster": "less viscous",
    "slower": "more viscous",
}
"""The sets as figures and tables call them."""
VELOCITY = "relative error of the velocity"


def draw(findings: Findings, folder: Path) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    rows, metric = findings.rows, findings.plan.metric
    colours = colours_of(rows)
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Any, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    if findings.learned:
        best = findings.learned[0]
        keep(
            "fields",
            fields_figure(
                flows(findings, best), predicted_by=best.label, title=_title(findings, "truth and prediction")
            ),
            f"Speed and streamlines: truth, {best.label}, and the size of the error (its own scale), for a "
            "test shape of small, median and the largest error.",
        )
    keep(
        "cost",
        accuracy_against_cost(
            rows, findings.verdicts, metric=metric, title=_title(findings, "error against cost"), crowded=True
        ),
        "Error of the velocity (median, bars: 10 to 90 % of the shapes) against seconds per query. Grey: one "
        "solver setting each; the black line joins the best, and goes on below. A coloured segment joins a "
        "surrogate to the solver at equal accuracy. Dotted: the solvers that made truth and data.",
    )
    shown = [row.label for row in findings.judged if "of" not in row.settings]
    errors = {label: findings.measures[label] for label in shown}
    keep(
        "beyond",
        sets_figure(
            {
                label: {WORDS.get(name, name): found["velocity"] for name, found in sets.items()}
                for label, sets in errors.items()
            },
            colours,
            label=VELOCITY,
            title=_title(findings, "what was learned, and what lies beyond"),
        ),
        "Error on shapes as they were learned, and on others: two bodies, silhouettes of cars, larger "
        "bodies, less and more viscous fluids.",
    )
    own = {label: errors[label]["main"]["velocity"] for label in shown}
    keep(
        "families",
        families_figure(
            own,
            findings.asked["main"].families,
            colours,
            label=VELOCITY,
            title=_title(findings, "error by family of shapes"),
        ),
        "Error by the family of the test shape.",
    )
    if findings.learned:
        keep(
            "reynolds",
            reynolds_figure(
                {row.label: own[row.label] for row in findings.learned[:3]},
                findings.asked["main"].reynolds,
                findings.asked["main"].families,
                label=VELOCITY,
                title=_title(findings, "error by Reynolds number"),
            ),
            "Error against the Reynolds number of the obstacle: a dot for each test shape, the line "
            "medians of eighths.",
        )
    keep(
        "errors",
        accuracy_distribution(rows, metric=metric, title=_title(findings, "error of each shape")),
        "Error of every test shape and training seed: a dot each.",
    )
    keep(
        "total-cost",
        total_cost(rows, findings.verdicts, title=_title(findings, "total cost and break-even")),
        "Total cost against the number of queries: a surrogate's bill comes first, the solver at the same "
        "accuracy (dashed) has none.",
    )
    return pictures


def flows(findings: Findings, row: Row) -> list[Flow]:
    """Of a shape of small, median and the largest error."""
    asked = findings.asked["main"]
    found = findings.measures[row.label]["main"]["velocity"]
    order = np.argsort(found)
    chosen = []
    for share, word in ((0.1, "easy"), (0.5, "median"), (1.0, "worst")):
        sample = int(order[round(share * (len(order) - 1))])
        one = {name: np.asarray(a)[sample : sample + 1] for name, a in asked.queries.items()}
        said = findings.answers[row.label](one, asked.truth.times).values
        true = {name: asked.truth.values[name][sample : sample + 1] for name in ("u", "v")}
        title = (
            f"{word}: {100 * found[sample]:.2g} %\n{asked.families[sample]}, Re {asked.reynolds[sample]:.2g}"
        )
        chosen.append(
            Flow(
                title,
                in_middles(findings, true),
                in_middles(findings, {name: said[name] for name in ("u", "v")}),
                np.asarray(one["distance"][0]) < 0,
            )
        )
    return chosen


def in_middles(findings: Findings, values: dict[str, Array]) -> Array:
    """(2, rows, columns) velocities in the middles of the cells, of the first sample."""
    u, v = findings.system.faces(values)
    return np.stack(
        [0.5 * (u[0, 0, :, 1:] + u[0, 0, :, :-1]), 0.5 * (v[0, 0, 1:] + v[0, 0, :-1])],
    )


def _title(findings: Findings, what: str) -> str:
    rows, columns = findings.system.grid
    return f"{findings.system.title}, {rows} x {columns}: {what}"
