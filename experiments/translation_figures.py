"""The figures of translated flows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..datasets.translations import GIVEN
from ..solvers.steady_flow.system import SteadyFlow
from .cost_figures import accuracy_against_cost, total_cost
from .figures import INK, WIDTH, accuracy_distribution, blank, name_dots, save, tidy

if TYPE_CHECKING:
    from .translation_report import Findings

__all__ = ["draw", "translations_figure", "unlike_figure"]

Array = NDArray[np.float64]
SHOWN = ("shift", "transport", "shared-encoder", "paired-encoder")


def draw(findings: Findings, folder: Path) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    rows, metric = findings.rows, findings.plan.metric
    title = "Steady flow at another viscosity"
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Any, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    keep(
        "translations",
        translations_figure(*typical(findings), system=findings.system, title=f"{title}: one flow"),
        "The speed of a flow that is given, of the true flow in the less viscous fluid, and of what was made "
        "of the first; beside each the size of its error, all on one scale. A test flow of median error for "
        "the identity.",
    )
    keep(
        "cost",
        accuracy_against_cost(
            rows, findings.verdicts, metric=metric, title=f"{title}: error against cost", crowded=True
        ),
        "Error of the velocity (median, bars: 10 to 90 % of the flows) against seconds per query. Grey: one "
        "solver setting each, from coarser grids or from the flow that is given; the black line joins the "
        "best. A coloured segment joins a surrogate to the solver at equal accuracy.",
    )
    keep(
        "unlike",
        unlike_figure(
            {
                label: (float(np.median(found)), findings.errors[label])
                for label, found in findings.unlike.items()
                if label in findings.errors
            },
            title=f"{title}: what can be known without pairs",
        ),
        "How unlike answers and held-out flows are, which is known without pairs, against the error on the "
        "test flows, which is not: one dot each, training seeds together.",
    )
    keep(
        "errors",
        accuracy_distribution(rows, metric=metric, title=f"{title}: error of each flow"),
        "Error of every test flow and training seed: a dot each.",
    )
    keep(
        "total-cost",
        total_cost(rows, findings.verdicts, title=f"{title}: total cost and break-even"),
        "Total cost against the number of queries: a surrogate's bill comes first, the solver at the same "
        "accuracy (dashed) has none.",
    )
    return pictures


def typical(findings: Findings) -> tuple[Array, dict[str, dict[str, Array]]]:
    """The distance (rows, columns) of one test shape, and u and v, (rows, columns) each, by what they are."""
    plan = findings.plan
    truth = {name: values[:, 0] for name, values in plan.truth.values.items()}
    given = {name: np.asarray(plan.queries[GIVEN + name]) for name in truth}
    squares = sum(((given[name] - truth[name]) ** 2).sum(axis=(1, 2)) for name in truth)
    errors = np.where(plan.counted, squares, np.inf)
    order = np.argsort(errors)[: int(plan.counted.sum())]
    sample = int(order[len(order) // 2])
    one = {name: np.asarray(values)[sample : sample + 1] for name, values in plan.queries.items()}
    found = {
        "truth": {name: values[sample] for name, values in truth.items()},
        "given": {name: values[sample] for name, values in given.items()},
    }
    for label in SHOWN:
        if label in findings.answers:
            values = findings.answers[label](one, plan.times).values
            found[label] = {name: values[name][0, 0] for name in truth}
    return np.asarray(one["distance"][0]), found


def translations_figure(
    distance: Array, flows: Mapping[str, Mapping[str, Array]], *, system: SteadyFlow, title: str
) -> Figure:
    """The speed of each flow and the size of its error; the first of them is the truth."""
    seen = {label: in_middles(system, flow) for label, flow in flows.items()}
    truth = next(iter(seen.values()))
    errors = {label: np.linalg.norm(flow - truth, axis=0) for label, flow in seen.items()}
    fluid = distance >= 0
    figure = blank(WIDTH, 0.8 + 1.55 * len(seen), title)
    axes = figure.subplots(len(seen), 2, sharex=True, sharey=True, squeeze=False)
    limits = (
        float(np.quantile(np.linalg.norm(truth, axis=0)[fluid], 0.999)),
        float(np.quantile(np.stack(list(errors.values()))[:, fluid], 0.999)) or 1.0,
    )
    x, y = (np.array(axis.values) for axis in system.axes[::-1])
    meshes = []
    for line, (label, flow) in zip(axes, seen.items(), strict=True):
        share = np.linalg.norm(flow - truth) / np.linalg.norm(truth)
        panels = (
            (np.linalg.norm(flow, axis=0), label, "viridis"),
            (errors[label], f"error: {share:.2g} of the truth" if share else "", "magma"),
        )
        for ax, (values, name, colours), limit in zip(line, panels, limits, strict=True):
            shown = np.ma.masked_where(~fluid, values)
            meshes.append(
                ax.pcolormesh(
                    x, y, shown, cmap=colours, vmin=0, vmax=limit, shading="nearest", rasterized=True
                )
            )
            ax.set_facecolor("#BBBBBB")
            ax.set_aspect("equal")
            ax.set_title(name, fontsize=9, loc="left", pad=3)
    for column, name in enumerate(("speed", "size of the error")):
        figure.colorbar(meshes[column], ax=list(axes[:, column]), label=name, shrink=0.6, aspect=30)
    return figure


def in_middles(system: SteadyFlow, flow: Mapping[str, Array]) -> Array:
    """(2, rows, columns) velocities in the middles of the cells."""
    u, v = system.faces(flow)
    return np.stack([0.5 * (u[:, 1:] + u[:, :-1]), 0.5 * (v[1:] + v[:-1])])


def unlike_figure(places: Mapping[str, tuple[float, float]], *, title: str) -> Figure:
    """What is known without pairs against the error: a dot for each label, which is written beside it."""
    figure = blank(WIDTH, 4.2, title)
    ax = figure.subplots()
    for at in places.values():
        ax.plot(*at, "o", color=INK, markersize=5)
    ax.set_xlabel("how unlike held-out flows its answers are")
    ax.set_ylabel("median error on test flows")
    ax.margins(x=0.2, y=0.15)
    tidy(ax)
    name_dots(ax, places)
    return figure
