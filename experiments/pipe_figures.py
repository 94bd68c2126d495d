"""The figures of a comparison of pipe flow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..solvers.contract import Queries
from ..solvers.pipe_flow.colebrook import LAMINAR_UNTIL, REGIMES, TURBULENT_FROM
from ..solvers.pipe_flow.exact import WrightOmega
from ..solvers.pipe_flow.system import MATERIALS, PipeFlow
from ..surrogates.mixture import Mixture
from .cost_figures import accuracy_against_cost, total_cost
from .figures import INK, PALETTE, WIDTH, accuracy_distribution, blank, colours_of, legend_below, save, tidy
from .flow_figures import sets_figure
from .pipe_findings import Findings, experts_of

__all__ = ["draw", "pipes_of"]

Array = NDArray[np.float64]
ONCE = np.zeros(1)
LINES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 4e-2)
"""Relative roughnesses of the chart's lines, if there are such pipes."""
ALONG = 600
"""Reynolds numbers along a line of the chart."""
TABLES = 4
"""Surrogates of which the chart shows errors, beside the first, and maps in a row."""


def draw(findings: Findings, folder: Path) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    rows, metric = findings.rows, findings.plan.metric
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Figure, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    def titled(what: str) -> str:
        return f"{findings.system.title}: {what}"

    if findings.learned:
        best = findings.learned[0].label
        keep(
            "moody",
            chart_figure(findings, best, title=titled("Moody's chart")),
            f"The friction factor against the Reynolds number, for several relative roughnesses: truth "
            f"(black) and {best}; below, its error along the same lines. Shaded: the critical zone.",
        )
    keep(
        "regimes",
        sets_figure(
            {row.label: findings.errors(row) for row in findings.judged},
            colours_of(rows),
            label="relative error of the friction factor",
            title=titled("error by regime"),
        ),
        "Error by regime, all training seeds together: medians, and where 10 to 90 % of the pipes lie.",
    )
    keep(
        "map",
        map_figure(findings, [row.label for row in findings.judged], title=titled("where answers are wrong")),
        "Relative error over Reynolds number and relative roughness, of the first training seeds; each "
        "roughness is that of the material whose diameter is nearest the middle.",
    )
    mixtures = [label for label in findings.loads if label in findings.answers]
    if mixtures:
        keep(
            "experts",
            experts_figure(findings, mixtures, title=titled("who answers where")),
            "The weightiest expert over Reynolds number and relative roughness (a colour each), and below "
            "the share of each regime's questions that each expert is asked; first training seeds.",
        )
    keep(
        "cost",
        accuracy_against_cost(
            rows, findings.verdicts, metric=metric, title=titled("error against cost"), crowded=True
        ),
        "Error (median, bars: 10 to 90 % of the pipes) against seconds per query. Grey: one solver setting "
        "each; the black line joins the best. A coloured segment joins a surrogate to the solver at equal "
        "accuracy.",
    )
    keep(
        "errors",
        accuracy_distribution(rows, metric=metric, title=titled("error of each pipe")),
        "Error of every test pipe and training seed: a dot each.",
    )
    keep(
        "total-cost",
        total_cost(rows, findings.verdicts, title=titled("total cost and break-even")),
        "Total cost against the number of queries: a surrogate's bill comes first, the solver at the same "
        "accuracy (dashed) has none.",
    )
    return pictures


def found_in(system: PipeFlow, roughness: Array) -> Array:
    """Those of these relative roughnesses that some material has at a diameter within the system's range;
    where there are none, those of all materials at the middle diameter.
    """
    heights = np.array([material.roughness for material in MATERIALS])
    diameters = heights / roughness[:, None]
    within = (diameters >= system.least_diameter) & (diameters <= system.most_diameter)
    found = roughness[within.any(axis=1)]
    middle = np.sqrt(system.least_diameter * system.most_diameter)
    return found if len(found) else np.unique(heights / middle)


def pipes_of(system: PipeFlow, reynolds: Array, roughness: Array) -> dict[str, Array]:
    """Pipes of these relative roughnesses, each of the material whose diameter is nearest the middle; within
    the system's range where `found_in` says that there are some.
    """
    middle = 0.5 * np.log(system.least_diameter * system.most_diameter)
    diameters = np.array([material.roughness for material in MATERIALS]) / roughness[:, None]
    material = np.abs(np.log(diameters) - middle).argmin(axis=1)
    diameter = diameters[np.arange(len(roughness)), material]
    return {"reynolds": reynolds, "diameter": diameter, "material": material.astype(np.float64)}


def chart_figure(findings: Findings, label: str, *, title: str) -> Figure:
    """Friction factors along lines of one roughness each, and below the error of one surrogate."""
    figure = blank(WIDTH, 7.4, title)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    along = np.geomspace(findings.system.least_reynolds, findings.system.most_reynolds, ALONG)
    for k, roughness in enumerate(found_in(findings.system, np.array(LINES))):
        pipes = pipes_of(findings.system, along, np.full(ALONG, roughness))
        true, said = _answers(findings, label, pipes)
        colour = PALETTE[k % len(PALETTE)]
        above.plot(along, true, color=INK, linewidth=2.2, label="truth" if not k else None)
        above.plot(along, said, "--", color=colour, linewidth=1.3, label=f"{label}, {roughness:g}")
        below.plot(along, np.abs(said / true - 1), color=colour, linewidth=1)
    above.set(xscale="log", yscale="log", ylabel="friction factor")
    above.set_yticks([0.01, 0.02, 0.04, 0.08, 0.12], ["0.01", "0.02", "0.04", "0.08", "0.12"])
    above.minorticks_off()
    below.set(yscale="log", xlabel="Reynolds number", ylabel="relative error")
    for ax in (above, below):
        ax.axvspan(LAMINAR_UNTIL, TURBULENT_FROM, color="#EEEEEE", zorder=0)
        tidy(ax)
    legend_below(figure, columns=4)
    return figure


def map_figure(findings: Findings, labels: Sequence[str], *, title: str) -> Figure:
    """Errors over Reynolds number and relative roughness, a panel for each."""
    reynolds, roughness, pipes = _grid(findings)
    columns = min(TABLES, len(labels))
    lines = -(-len(labels) // columns)
    figure = blank(WIDTH, 0.9 + 2.3 * lines, title)
    axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for ax, label in zip(axes.flat, labels, strict=False):
        true, said = _answers(findings, label, pipes)
        error = np.clip(np.abs(said / true - 1), 1e-6, None).reshape(len(roughness), len(reynolds))
        shown = ax.pcolormesh(
            reynolds,
            roughness,
            error,
            norm=LogNorm(1e-5, 1),
            cmap="magma",
            shading="nearest",
            rasterized=True,
        )
        ax.set(xscale="log", yscale="log")
        ax.set_title(label, fontsize=9.5, loc="left")
    for ax in axes.flat[len(labels) :]:
        ax.set_visible(False)
    for ax in axes[-1]:
        ax.set_xlabel("Reynolds number")
    for ax in axes[:, 0]:
        ax.set_ylabel("roughness / diameter")
    figure.colorbar(shown, ax=axes, pad=0.01, label="relative error", extend="both")
    return figure


def experts_figure(findings: Findings, labels: Sequence[str], *, title: str) -> Figure:
    """Above, who answers where; below, how the questions of each regime are shared out."""
    reynolds, roughness, pipes = _grid(findings)
    figure = blank(WIDTH, 5.6, title)
    axes = figure.subplots(2, len(labels), squeeze=False, height_ratios=(3, 2))
    for column, label in enumerate(labels):
        surrogate: Mixture = findings.trained[label].surrogates[0]
        count, above, below = surrogate.settings.experts, axes[0, column], axes[1, column]
        colours = [PALETTE[i % len(PALETTE)] for i in range(count)]
        first = experts_of(surrogate, pipes)[:, 0].reshape(len(roughness), len(reynolds))
        above.pcolormesh(
            reynolds,
            roughness,
            first,
            cmap=ListedColormap(colours),
            vmin=-0.5,
            vmax=count - 0.5,
            shading="nearest",
            rasterized=True,
        )
        above.set(xscale="log", yscale="log", xlabel="Reynolds number")
        above.set_title(label, fontsize=9.5, loc="left")
        loads = findings.loads[label][0]
        left = np.zeros(len(REGIMES))
        for expert in range(count):
            share = np.array([loads[regime][expert] for regime in REGIMES])
            below.barh(REGIMES, share, left=left, color=colours[expert])
            left += share
        below.set(xlim=(0, 1), xlabel="share of the questions")
        below.invert_yaxis()
        tidy(below)
    axes[0, 0].set_ylabel("roughness / diameter")
    return figure


def _grid(findings: Findings) -> tuple[Array, Array, dict[str, Array]]:
    """Reynolds numbers, relative roughnesses, and the pipes of all pairs, the first running fastest."""
    system, points = findings.system, findings.settings.map_points
    reynolds = np.geomspace(system.least_reynolds, system.most_reynolds, points)
    ends = np.array([material.roughness for material in MATERIALS])
    low, high = ends.min() / system.most_diameter, ends.max() / system.least_diameter
    # the very ends are those of one material alone
    roughness = found_in(system, np.geomspace(1.01 * low, high / 1.01, max(2, points // 2)))
    pipes = pipes_of(system, np.tile(reynolds, len(roughness)), np.repeat(roughness, len(reynolds)))
    return reynolds, roughness, pipes


def _answers(findings: Findings, label: str, pipes: Queries) -> tuple[Array, Array]:
    """The truth, and what a surrogate says."""
    true = WrightOmega(findings.system)(pipes, ONCE).values["friction"][:, 0]
    return true, findings.answers[label](pipes, ONCE).values["friction"][:, 0]
