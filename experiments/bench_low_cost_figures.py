"""Figures of cheap inference and adaptation: error against bytes and time, against samples, by source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from .figures import INK, PALETTE, WIDTH, blank, legend_below, tidy
from .seeds import median_of, number

__all__ = ["adaptation_figure", "distillation_figure", "precision_figure"]

MARKS = {
    "float64": "D",
    "float32": "o",
    "float32-trained": "*",
    "bfloat16": "s",
    "int8": "^",
    "narrowed-50": "<",
    "pruned-50": "v",
    "pruned-90": "x",
    "pruned-90-trained": "X",
    "ternary": "+",
    "ternary-trained": "P",
}
"""Of the forms."""
COLOURS = {"full": PALETTE[0], "head": PALETTE[1], "adapters": PALETTE[2], "scratch": PALETTE[7]}
TOP = 10.0
"""Error beyond which one form is as useless as another."""


def precision_figure(results: Mapping[str, Any]) -> Figure:
    """Error on test queries against bytes and against the time in a batch; a colour for each surrogate, a
    mark for each form. What is wrong by more than `TOP` is drawn there; the null model is a dotted line.
    """
    figure = blank(WIDTH, 6.4, "What fewer and shorter numbers cost: error against bytes, and against time")
    axes = figure.subplots(1, 2, sharey=True)
    rows = [row for row in results["rows"] if not row["why_not"]]
    names = list(dict.fromkeys((row["problem"], row["surrogate"]) for row in rows))
    batch = results["settings"]["batch"]
    for place, name in enumerate(names):
        own = [row for row in rows if (row["problem"], row["surrogate"]) == name]
        colour = PALETTE[place % len(PALETTE)]
        axes[0].plot([], [], "-", color=colour, linewidth=4, label=", ".join(name))
        for row in own:
            error = min(number(row["test"]), TOP)
            if row["form"] not in MARKS:
                for ax in axes:
                    ax.axhline(error, color=colour, linewidth=0.8, linestyle=":")
                continue
            for ax, cost in ((axes[0], row["bytes"] / 1024), (axes[1], 1e3 * row["batch"]["median"])):
                ax.plot([cost], [error], MARKS[row["form"]], color=colour, markersize=7)
    for form in dict.fromkeys(row["form"] for row in rows):
        mark, line = (MARKS[form], "none") if form in MARKS else ("", ":")
        axes[0].plot([], [], marker=mark, color=INK, label=form, linestyle=line)
    for ax, words in zip(axes, ("KiB of the network", f"milliseconds for {batch} queries"), strict=True):
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel(words)
        tidy(ax)
    axes[0].set_ylabel("relative error on test queries")
    legend_below(figure, columns=5)
    return figure


def adaptation_figure(results: Mapping[str, Any]) -> Figure:
    """Error in the second regime against samples of it, by way: lines are medians, each seed is a dot; and
    what the first regime's error has become.
    """
    chosen = results["settings"]
    figure = blank(
        WIDTH,
        5.2,
        f"From a line of length {chosen['length']:g} to one of {chosen['other']:g}, by few samples of it",
    )
    axes = figure.subplots(1, 2)
    for ax, key, start, words in (
        (axes[0], "test", "then", f"error at length {chosen['other']:g}"),
        (axes[1], "first", "first", f"error at length {chosen['length']:g}, afterwards"),
    ):
        for way in dict.fromkeys(row["way"] for row in results["rows"]):
            own = [row for row in results["rows"] if row["way"] == way]
            counts = sorted({row["samples"] for row in own})
            middle = [median_of([row[key] for row in own if row["samples"] == count]) for count in counts]
            ax.plot(counts, middle, "-", color=COLOURS[way], label=way if ax is axes[0] else None)
            dots = [(row["samples"], number(row[key])) for row in own]
            ax.plot(*zip(*dots, strict=True), "o", color=COLOURS[way], markersize=4)
        ax.axhline(
            results["as_it_is"][start],
            color=INK,
            linewidth=0.8,
            linestyle=":",
            label="as it is" if ax is axes[0] else None,
        )
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xlabel(f"samples: trajectories of {chosen['sample_frames']} frames")
        ax.set_ylabel(words)
        tidy(ax)
    legend_below(figure, columns=5)
    return figure


def distillation_figure(results: Mapping[str, Any]) -> Figure:
    """Error on test shapes against size: the teacher, and students by what they heard; lines are medians,
    each seed is a dot.
    """
    teacher, *students = results["rows"]
    figure = blank(WIDTH, 4.6, "A teacher, and smaller students by what they learned from")
    ax = figure.subplots()
    best = number(teacher["test"])
    ax.plot([teacher["weights"]], [best], "D", color=INK, markersize=7, label=teacher["source"])
    ax.axhline(best, color=INK, linewidth=0.8, linestyle=":")
    for place, source in enumerate(dict.fromkeys(row["source"] for row in students)):
        own = [row for row in students if row["source"] == source]
        sizes = sorted({row["weights"] for row in own})
        middle = [median_of([row["test"] for row in own if row["weights"] == size]) for size in sizes]
        colour = PALETTE[place % len(PALETTE)]
        ax.plot(sizes, middle, "-", color=colour, label=f"from {source}")
        dots = [(row["weights"], number(row["test"])) for row in own]
        ax.plot(*zip(*dots, strict=True), "o", color=colour, markersize=4)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("numbers that are learned")
    ax.set_ylabel("median relative error of the velocity")
    tidy(ax)
    legend_below(figure, columns=4)
    return figure
