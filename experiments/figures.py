"""Figures of every comparison, and what all figures share; each function returns a matplotlib figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from ..datasets.durable import write_whole
from .compare import Row
from .metrics import Metric

__all__ = [
    "INK",
    "PALETTE",
    "WIDTH",
    "accuracy_distribution",
    "blank",
    "colours_of",
    "error_over_time",
    "legend_below",
    "marks_of",
    "name_dots",
    "save",
    "tidy",
]

# Okabe & Ito's palette: told apart by readers with any colour vision
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C564B", "#7F7F7F")
MARKS = ("o", "s", "^", "D")
"""Of surrogates, so many colours each."""
INK = "#222222"
WIDTH = 10.0
"""Inches: the same for all figures, so that their letters have one size on a page."""
DPI = 150
"""Of files, and of figures from the first, for letters are not as wide at another."""
BANDS = 4
"""Bands of quantiles that can be told apart in one picture."""


def colours_of(rows: Sequence[Row]) -> dict[str, str]:
    """One colour per surrogate, the same in every figure."""
    labels = [row.label for row in rows if row.kind == "surrogate"]
    return {label: PALETTE[i % len(PALETTE)] for i, label in enumerate(labels)}


def marks_of(rows: Sequence[Row]) -> dict[str, str]:
    """One mark per surrogate: circles, and other shapes where colours come again."""
    labels = [row.label for row in rows if row.kind == "surrogate"]
    return {label: MARKS[i // len(PALETTE) % len(MARKS)] for i, label in enumerate(labels)}


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)  # `savefig` would draw all once more, to arrange it first
    write_whole(path, picture.getvalue())
    return path


def accuracy_distribution(rows: Sequence[Row], *, metric: Metric, title: str) -> Figure:
    """Distribution of the per-query accuracy: every query a dot, the box 10-50-90 %."""
    shown = [r for r in rows if r.kind in ("surrogate", "null")]
    shown.sort(key=lambda r: r.accuracy, reverse=not metric.higher_is_better)
    figure = blank(WIDTH, 1.3 + 0.42 * len(shown), title)
    ax = figure.subplots()
    colours = colours_of(rows)
    spread = np.random.default_rng(0)
    for i, row in enumerate(shown):
        scores = row.scores.ravel()
        colour = colours.get(row.label, "#8A8A8A")
        ax.plot(
            scores, i + spread.uniform(-0.28, 0.28, scores.size), ".", color=colour, alpha=0.25, markersize=4
        )
        low, middle, high = row.quantiles
        ax.plot([low, high], [i, i], color=INK, linewidth=1.4)
        ax.plot([middle], [i], "|", color=INK, markersize=16, markeredgewidth=2)
        ax.text(1.01, i, f"{middle:.3g}", transform=ax.get_yaxis_transform(), va="center", fontsize=9)
    ax.set_yticks(range(len(shown)), [r.label for r in shown])
    ax.set_ylim(-0.6, len(shown) - 0.4)
    ax.set_xlabel(f"{metric.name} ({metric.unit}); bar: 10 to 90 %, tick and number: median")
    if metric.logarithmic:
        ax.set_xscale("log")
    else:
        ax.set_xlim(left=0)
    tidy(ax)
    return figure


def error_over_time(
    rows: Sequence[Row],
    times: NDArray[np.float64],
    *,
    unit: str,
    threshold: float | None,
    title: str,
    error: str = "normalised error",
) -> Figure:
    """Median error against time, surrogates in colour, nulls in grey; with the 10 to 90 % band of up to four.

    `unit` is that of the times, which may be empty; `error` says what is drawn.
    """
    figure = blank(WIDTH, 5.2, title)
    ax = figure.subplots()
    colours = colours_of(rows)
    few = sum(row.kind == "surrogate" for row in rows) <= BANDS
    for row in (r for r in rows if r.kind in ("surrogate", "null")):
        low, middle, high = (np.where(np.isfinite(q) & (q > 0), q, np.nan) for q in row.error_quantiles)
        colour = colours.get(row.label, "#8A8A8A")
        style = "-" if row.kind == "surrogate" else "--"
        ax.plot(times, middle, style, color=colour, linewidth=1.4, label=row.label)
        if row.kind == "surrogate" and few:
            ax.fill_between(times, low, high, color=colour, alpha=0.12, linewidth=0)
    if threshold is not None:
        ax.axhline(threshold, color=INK, linewidth=0.8, linestyle=":")
    ax.set_yscale("log")
    ax.set_ylim(top=10)
    ax.set_xlabel(f"time ({unit})" if unit else "time")
    ax.set_ylabel(f"{error}: median{', 10 to 90 %' if few else ''}")
    legend_below(figure, columns=5)
    tidy(ax)
    return figure


def blank(width: float, height: float, title: str) -> Figure:
    """A figure of so many inches with its title."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure


def legend_below(figure: Figure, *, columns: int, size: float = 8.5) -> None:
    """Below the axes, where it takes none of their width; in fewer columns where so many are too wide."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    width = 0.98 * figure.bbox.width
    for count in range(columns, 0, -1):
        for share in (1.0, 0.9):
            legend = figure.legend(
                loc="outside lower left", fontsize=share * size, frameon=False, ncols=count, columnspacing=1.4
            )
            if legend.get_window_extent(renderer).width <= width:
                return
            legend.remove()
    figure.legend(loc="outside lower left", fontsize=0.9 * size, frameon=False)


def tidy(ax: Axes) -> None:
    """A light grid, and no frame above and to the right."""
    ax.grid(True, color="#E8E8E8", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def name_dots(ax: Axes, places: Mapping[str, tuple[float, float]]) -> None:
    """Labels beside dots, right or left of them, and as far up or down as keeps each off others and off dots.

    The axes have to be as they will stay.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    dots = [ax.transData.transform(at) for at in places.values()]
    steps = sorted(
        ((x, y) for x in (7, -7) for y in range(-60, 61, 4)), key=lambda step: (abs(step[1]), -step[0])
    )
    taken: list[Bbox] = []
    for label, at in sorted(places.items(), key=lambda item: -item[1][1]):
        text = ax.annotate(label, at, xytext=(7, 0), textcoords="offset points", va="center", fontsize=8.5)
        for x, y in steps:
            text.set(position=(x, y), horizontalalignment="left" if x > 0 else "right")
            box = text.get_window_extent(renderer)
            on_dots = any(box.padded(4).contains(*dot) for dot in dots)
            if not on_dots and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)
