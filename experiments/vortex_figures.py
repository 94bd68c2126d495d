"""The figures of a comparison of finders of vortices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from ..solvers.contract import Solution
from ..solvers.vortices.gradients import velocity_gradient
from ..solvers.vortices.table import SLOTTED, table_of
from .compare import Row
from .cost_figures import accuracy_against_cost, total_cost
from .figures import INK, PALETTE, WIDTH, accuracy_distribution, blank, colours_of, legend_below, save, tidy
from .vortex_findings import Classes, Findings

__all__ = ["draw"]

PANELS = 4
"""Finders that are shown on one field."""


def draw(findings: Findings, folder: Path) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    rows, metric = findings.rows, findings.plan.metric
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Figure, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    def titled(what: str) -> str:
        return f"{findings.system.title}: {what}"

    keep(
        "fields",
        fields_figure(findings, title=titled("what each finds")),
        "Vorticity as seen, of a field with little noise (above) and one with much. Black: the cores "
        "that are there; dashed: those that each finder says are there; filled: the mask of its answer.",
    )
    keep(
        "cost",
        accuracy_against_cost(
            rows, findings.verdicts, metric=metric, title=titled("error against cost"), crowded=True
        ),
        "Error (median, bars: 10 to 90 % of the fields) against seconds per query. Grey: one solver setting "
        "each; the black line joins the best. A coloured segment joins a surrogate to the solver at equal "
        "accuracy.",
    )
    keep(
        "noise",
        classes_figure(findings, findings.by_noise, title=titled("against noise"), along="noise"),
        "What is found, and how well, in classes of noise (standard deviation of each velocity). Dashed: "
        "criteria and fits, of each family the setting with the least median error.",
    )
    keep(
        "number",
        classes_figure(
            findings, findings.by_number, title=titled("against number"), along="vortices in the field"
        ),
        "The same, by how many vortices there are.",
    )
    keep(
        "errors",
        accuracy_distribution(rows, metric=metric, title=titled("error of each field")),
        "Error of every test field and training seed: a dot each.",
    )
    keep(
        "total-cost",
        total_cost(rows, findings.verdicts, title=titled("total cost and break-even")),
        "Total cost against the number of queries: a surrogate's bill comes first, the solver at the same "
        "accuracy (dashed) has none.",
    )
    return pictures


def fields_figure(findings: Findings, *, title: str) -> Figure:
    """Two fields, one with little noise and one with much, a panel for each finder."""
    shown = panels_of(findings)
    noise = np.asarray(findings.plan.queries["noise"])
    there = np.asarray(findings.plan.queries["drawn_present"]).sum(axis=1)
    many = there >= np.median(there)
    ranked = [i for i in np.argsort(noise, kind="stable") if many[i]]
    chosen = [ranked[len(ranked) // 8], ranked[-1 - len(ranked) // 8]]
    figure = blank(WIDTH, 0.8 + 2 * WIDTH / PANELS, title)
    axes = figure.subplots(2, PANELS, squeeze=False)
    for line, i in enumerate(chosen):
        for ax, row in zip(axes[line], shown, strict=False):
            _field(ax, findings, int(i), row)
            if not line:
                ax.set_title(row.label, fontsize=9, loc="left")
        axes[line, 0].set_ylabel(f"noise {noise[i]:.2f}", fontsize=9)
    for ax in axes[:, len(shown) :].flat:
        ax.set_visible(False)
    return figure


def panels_of(findings: Findings) -> list[Row]:
    """The best surrogates, then the best of the criteria and fits, as many as there is room for."""
    ours = [r for r in findings.shown if r.kind == "surrogate"][:2]
    theirs = [r for r in findings.shown if r.kind == "ladder"]
    return [*ours, *theirs][:PANELS]


def _field(ax: Axes, findings: Findings, i: int, row: Row) -> None:
    queries, answer = findings.plan.queries, findings.found[row.label].first
    u, v = (np.asarray(queries[name])[i] for name in ("u", "v"))
    _, u_y, v_x, _ = velocity_gradient(u, v, spacing=findings.system.spacing)
    vorticity = v_x - u_y
    top = float(np.quantile(np.abs(vorticity), 0.995)) or 1.0
    extent = (0.0, 1.0, 0.0, 1.0)
    ax.imshow(vorticity, origin="lower", extent=extent, cmap="RdBu_r", vmin=-top, vmax=top)
    mask = np.where(answer.values["mask"][i, 0] >= 0.5, 1.0, np.nan)
    ax.imshow(mask, origin="lower", extent=extent, cmap="summer", alpha=0.35, vmin=0, vmax=1)
    for solution, style, colour in ((findings.plan.truth, "-", INK), (answer, "--", "#009E73")):
        for x, y, radius in _circles(solution, i):
            ax.add_patch(Circle((x, y), radius, fill=False, linestyle=style, edgecolor=colour, linewidth=1.3))
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])


def _circles(solution: Solution, i: int) -> list[tuple[float, float, float]]:
    found = table_of({name: solution.values[name][i, 0] for name in SLOTTED})
    return [(x, y, abs(radius)) for _, x, y, _, radius in found]


def classes_figure(findings: Findings, classes: Classes, *, title: str, along: str) -> Figure:
    """F1, place, circulation and masks in each class, a line for each finder."""
    figure = blank(WIDTH, 3.6, title)
    axes: Sequence[Axes] = figure.subplots(1, 4)
    names = ("f1", "place", "circulation", "mask_overlap")
    labels = ("F1", "error of the place (cells)", "relative error of the circulation", "IoU of the masks")
    colours, greys = colours_of(findings.rows), iter(PALETTE[::-1])
    for row in findings.shown:
        if row.kind == "null":
            continue
        ours = row.kind == "surrogate"
        colour = colours[row.label] if ours else next(greys)
        tallies = [findings.found[row.label].tally(chosen) for chosen in classes.values()]
        for ax, name in zip(axes, names, strict=True):
            values = [tally[name] for tally in tallies]
            ax.plot(
                range(len(classes)),
                values,
                "o-" if ours else "s--",
                color=colour,
                markersize=4,
                linewidth=1.3,
                label=row.label if name == "f1" else None,
            )
    for ax, name, label in zip(axes, names, labels, strict=True):
        ax.set_xticks(range(len(classes)), [name.replace(" to ", "\nto ") for name in classes], fontsize=8)
        ax.set_title(label, fontsize=9, loc="left")
        if name in ("place", "circulation"):
            ax.set_yscale("log")
        tidy(ax)
    axes[0].set_xlabel(along)
    legend_below(figure, columns=4)
    return figure
