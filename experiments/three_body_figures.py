"""The figures of a comparison of three-body trajectories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers.three_body.solvers import DormandPrince, Regularised
from ..solvers.three_body.system import standard_starts
from .compare import Row
from .cost_figures import accuracy_against_cost, total_cost
from .figures import (
    accuracy_distribution,
    colours_of,
    error_over_time,
    save,
)
from .orbit_figures import Orbit, StartMap, calibration_figure, difficulty_figure, map_figure, orbit_figure
from .three_body_findings import Findings

__all__ = ["draw"]

Array = NDArray[np.float64]


def draw(findings: Findings, folder: Path) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    rows, plan, metric = findings.rows, findings.plan, findings.plan.metric
    colours = colours_of(rows)
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Any, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    best = [r for r in findings.judged if r.kind == "surrogate" and "of" not in r.settings]
    best = [r for r in best if r.settings.get("surrogate") != "interpolation"]
    if best:
        keep(
            "orbits",
            orbit_figure(
                _orbits(findings, best[0]), predicted_by=best[0].label, title=_title(findings, "orbits")
            ),
            f"Orbits until t = {plan.times[-1]:g}: truth, and {best[0].label} dashed, for a start of small, "
            "median and large error. Open circles mark the starts, dots the true ends, crosses the predicted "
            "ones.",
        )
    keep(
        "cost",
        accuracy_against_cost(
            rows, findings.verdicts, metric=metric, title=_title(findings, "error against cost"), crowded=True
        ),
        "Error (median, bars: 10 to 90 % of the starts) against seconds per query. Grey: one solver setting "
        "each; the black line joins the best, and goes on below. A coloured segment joins a surrogate to the "
        "solver at equal accuracy. Dotted: the solvers that made truth and data.",
    )
    keep(
        "error",
        error_over_time(
            rows,
            plan.times,
            unit="",
            threshold=None,
            error="error (unit lengths, root mean square)",
            title=_title(findings, "error growth"),
        ),
        "Root mean square error of the positions against time: the median over the starts, with the band "
        "that holds 10 to 90 % of them where no more than four surrogates are drawn.",
    )
    keep(
        "errors",
        accuracy_distribution(rows, metric=metric, title=_title(findings, "error of each start")),
        "Mean absolute error of every test start and training seed: a dot each.",
    )
    near = findings.difficulty[plan.counted]
    if best and np.isfinite(near).all():
        keep(
            "difficulty",
            difficulty_figure(
                near,
                {r.label: np.median(r.scores, axis=0) for r in best[:4]},
                colours,
                label="closest approach of two bodies until the end (unit lengths)",
                error=f"{metric.name} ({metric.unit})",
                title=_title(findings, "error by difficulty"),
            ),
            "Error against the closest approach: each dot a start, the line medians of eighths of them.",
        )
    calibration = findings.calibration()
    if calibration:
        keep(
            "calibration",
            calibration_figure(
                calibration, colours, unit=metric.unit, title=_title(findings, "expected errors")
            ),
            "True error against what the surrogate expects of itself, a dot for each test start.",
        )
    if best and findings.settings.map_points and not findings.system.softening:
        keep(
            "map",
            map_figure(
                _maps(findings, best[0].label),
                labels=("x of the second body", "y of the second body"),
                title=_title(findings, "the plane of starts"),
            ),
            "The plane of starts: each point is where the second body starts. Left, how close two bodies "
            f"come; right, the error of {best[0].label}; colours end at 2 and "
            "98 % of the points. The bands and points of the left map are a fractal, "
            "to which no smooth function of the start can do justice.",
        )
    keep(
        "total-cost",
        total_cost(rows, findings.verdicts, title=_title(findings, "total cost and break-even")),
        "Total cost against the number of queries: a surrogate's bill comes first, the solver at the same "
        "accuracy (dashed) has none.",
    )
    return pictures


def _title(findings: Findings, what: str) -> str:
    return f"{findings.system.title}, t up to {findings.plan.times[-1]:.3g}: {what}"


def _orbits(findings: Findings, row: Row) -> list[Orbit]:
    """Of a start of small, median and large error."""
    counted = np.flatnonzero(findings.plan.counted)
    order = np.argsort(row.scores[0])
    interval = findings.training.interval
    times = interval * np.arange(1, 1 + round(findings.plan.times[-1] / interval))
    kind = DormandPrince if findings.system.softening else Regularised
    solver = kind(findings.system, tolerance=1e-13)
    orbits = []
    for share, word in ((0.1, "small"), (0.5, "median"), (0.9, "large")):
        place = order[round(share * (len(order) - 1))]
        sample = counted[place]
        one = {name: np.asarray(a)[sample : sample + 1] for name, a in findings.plan.queries.items()}
        truth = solver(one, times).values
        predicted = findings.answers[row.label](one, times).values
        paths = [np.concatenate([_stacked(one)[:, None], _stacked(v)], axis=1)[0] for v in (truth, predicted)]
        orbits.append(Orbit(f"{word} error, {row.scores[0][place]:.2g}", *paths))
    return orbits


def _stacked(values: Mapping[str, Any]) -> Array:
    return np.stack([np.asarray(values["x"]), np.asarray(values["y"])], axis=-1)


def _maps(findings: Findings, label: str) -> list[StartMap]:
    """Closest approach and error over the region of the standard starts."""
    points = findings.settings.map_points
    side = 0.5 / points
    # the middles of squares: on the region's straight sides two bodies or all three collide
    across = -0.5 + side * (np.arange(points) + 0.5)
    along = side * (np.arange(round(0.87 / side)) + 0.5)
    x, y = np.meshgrid(across, along)
    inside = np.hypot(1 + x, y) <= 1
    query = standard_starts(x[inside], y[inside])
    times = findings.plan.times
    solution = Regularised(findings.system, tolerance=1e-9, most_steps=50_000, closest=True)(query, times)
    predicted = findings.answers[label](query, times)
    error = np.mean(
        [np.abs(predicted.values[n] - solution.values[n]).mean(axis=(1, 2)) for n in ("x", "y")], axis=0
    )
    maps = []
    for title, name, numbers in (
        ("closest approach (solver)", "least distance (unit lengths)", solution.measures["closest_approach"]),
        (f"error of {label}", "mean absolute error (unit lengths)", error),
    ):
        values = np.full(x.shape, np.nan)
        values[inside] = numbers
        maps.append(StartMap(title, name, across, along, values))
    return maps
