"""The figures of every comparison. Each function takes plain results and returns a matplotlib figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..datasets.durable import write_whole
from .compare import Row
from .metrics import Metric
from .verdict import Verdict, envelope_of

__all__ = [
    "INK",
    "PALETTE",
    "WIDTH",
    "accuracy_against_cost",
    "accuracy_distribution",
    "blank",
    "colours_of",
    "error_over_time",
    "save",
    "tidy",
    "total_cost",
]

# Okabe & Ito's palette: told apart by readers with any colour vision
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C564B", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
INK = "#222222"
WIDTH = 10.0
"""Inches: the same for all figures, so that their letters have one size on a page."""
MODE_TITLES = {"single": "one query at a time", "batch": "best batch of each"}


def colours_of(rows: Sequence[Row]) -> dict[str, str]:
    """One colour per surrogate, the same in every figure."""
    labels = [row.label for row in rows if row.kind == "surrogate"]
    return {label: PALETTE[i % len(PALETTE)] for i, label in enumerate(labels)}


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG (150 dpi), whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    write_whole(path, picture.getvalue())
    return path


def accuracy_against_cost(
    rows: Sequence[Row], verdicts: Sequence[Verdict], *, metric: Metric, title: str
) -> Figure:
    """Accuracy against seconds per query; a segment joins each surrogate to the solver at equal accuracy."""
    figure = blank(WIDTH, 6.2, title)
    axes = figure.subplots(1, 2, sharey=True)
    colours, families = colours_of(rows), _families(rows)
    by_label = {v.label: v for v in verdicts}
    for ax, (mode, caption) in zip(axes, MODE_TITLES.items(), strict=True):
        for k, (family, members) in enumerate(families.items()):
            ax.plot(
                [r.seconds(mode) for r in members],
                [r.accuracy for r in members],
                MARKERS[k % len(MARKERS)],
                color="#9A9A9A",
                markersize=4.5,
                markerfacecolor="none" if k % 2 else "#C8C8C8",
                label=family if mode == "single" else None,
                zorder=2,
            )
        envelope = envelope_of(rows, metric, mode)
        ladder = [r for r in rows if r.kind == "ladder"]
        ax.plot(
            envelope.seconds,
            [ladder[i].accuracy for i in envelope.members],
            "-",
            color=INK,
            linewidth=1.6,
            label="best solver setting" if mode == "single" else None,
            zorder=3,
        )
        for row in (r for r in rows if r.kind == "control"):
            ax.plot(
                [row.seconds(mode)],
                [row.accuracy],
                "D",
                color=INK,
                markerfacecolor="none",
                markersize=8,
                label=row.label if mode == "single" else None,
                zorder=4,
            )
        for row in (r for r in rows if r.kind == "reference"):
            ax.axvline(row.seconds(mode), color=INK, linewidth=0.8, linestyle=":")
            ax.annotate(
                row.label.partition(":")[0],
                (row.seconds(mode), 0.99),
                xycoords=ax.get_xaxis_transform(),
                xytext=(-2, 0),
                textcoords="offset points",
                rotation=90,
                ha="right",
                va="top",
                fontsize=8,
            )
        for row in (r for r in rows if r.kind == "null"):
            ax.axhline(row.accuracy, color="#BBBBBB", linewidth=0.8, linestyle="--", zorder=1)
        if any(r.kind == "null" for r in rows) and mode == "single":
            ax.plot([], [], color="#BBBBBB", linewidth=0.8, linestyle="--", label="null models")
        for row in (r for r in rows if r.kind == "surrogate"):
            _draw_surrogate(ax, row, by_label[row.label], mode, colours[row.label])
        ax.set_xscale("log")
        ax.set_xlabel(f"seconds per query, {caption}")
        if metric.logarithmic:
            ax.set_yscale("log")
        tidy(ax)
        _write_speed_ups(ax, [r for r in rows if r.kind == "surrogate"], by_label, mode, colours)
    axes[0].set_ylabel(f"{metric.name} ({metric.unit})")
    _legend(figure, columns=5)
    return figure


def _draw_surrogate(ax: Axes, row: Row, verdict: Verdict, mode: str, colour: str) -> None:
    low, _, high = row.quantiles
    here = row.seconds(mode)
    side = verdict.modes[mode]
    ax.errorbar(
        [here],
        [row.accuracy],
        yerr=[[max(0.0, row.accuracy - low)], [max(0.0, high - row.accuracy)]],
        fmt="o",
        color=colour,
        markersize=8,
        capsize=3,
        elinewidth=1,
        zorder=5,
    )
    if mode == "single":  # one without error bars, for the legend
        ax.plot([], [], "o", color=colour, markersize=7, label=row.label)
    if side.speed_up is None:
        return
    ax.plot([here, side.solver_seconds], [row.accuracy] * 2, color=colour, linewidth=1.2, alpha=0.8, zorder=4)


def _write_speed_ups(
    ax: Axes, rows: Sequence[Row], verdicts: Mapping[str, Verdict], mode: str, colours: Mapping[str, str]
) -> None:
    """Above or below a segment that is long enough, else right of the point and of all points nearby.

    From the top down, so that no text lies on another.
    """
    lowest, line = np.inf, np.inf
    points = 72 / ax.figure.dpi
    here_and_there = {r.label: ax.transData.transform((r.seconds(mode), r.accuracy)) * points for r in rows}
    for row in sorted(rows, key=lambda r: -float(ax.transData.transform((1.0, r.accuracy))[1])):
        side = verdicts[row.label].modes[mode]
        if side.speed_up is None:
            continue
        here = row.seconds(mode)
        ends = ax.transData.transform([(here, row.accuracy), (side.solver_seconds, row.accuracy)])
        long = abs(ends[0, 0] - ends[1, 0]) * points > 110
        own = ends[0, 1] * points
        height = own + (8 if long else 0)
        if long and height > min(line - 7, lowest - 11):  # else it would lie on the line above
            height = own - 8
        lowest, line = min(height, lowest - 11), own
        x = here_and_there[row.label][0]
        near = [p[0] for p in here_and_there.values() if abs(p[1] - lowest) < 9 and 0 <= p[0] - x < 60]
        text = ax.annotate(
            side.in_words(),
            (np.sqrt(here * side.solver_seconds) if long else here, row.accuracy),
            xytext=(0 if long else max(near, default=x) - x + 9, lowest - own),
            textcoords="offset points",
            ha="center" if long else "left",
            va="center",
            fontsize=7.5,
            color=colours[row.label],
            zorder=6,
        )
        text.set_path_effects([patheffects.withStroke(linewidth=2.5, foreground="white")])


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
    """Median error against time with the 10 to 90 % band, surrogates in colour, nulls in grey.

    `unit` is that of the times, which may be empty; `error` says what is drawn.
    """
    figure = blank(WIDTH, 5.2, title)
    ax = figure.subplots()
    colours = colours_of(rows)
    for row in (r for r in rows if r.kind in ("surrogate", "null")):
        low, middle, high = (np.where(np.isfinite(q) & (q > 0), q, np.nan) for q in row.error_quantiles)
        colour = colours.get(row.label, "#8A8A8A")
        style = "-" if row.kind == "surrogate" else "--"
        ax.plot(times, middle, style, color=colour, linewidth=1.4, label=row.label)
        if row.kind == "surrogate":
            ax.fill_between(times, low, high, color=colour, alpha=0.12, linewidth=0)
    if threshold is not None:
        ax.axhline(threshold, color=INK, linewidth=0.8, linestyle=":")
    ax.set_yscale("log")
    ax.set_ylim(top=10)
    ax.set_xlabel(f"time ({unit})" if unit else "time")
    ax.set_ylabel(f"{error}: median, 10 to 90 %")
    _legend(figure, columns=5)
    tidy(ax)
    return figure


def total_cost(
    rows: Sequence[Row], verdicts: Sequence[Verdict], *, title: str, mode: str = "batch"
) -> Figure:
    """Total seconds against the number of queries: the bill comes first; crossings are break-even points."""
    figure = blank(WIDTH, 5.8, title)
    ax = figure.subplots()
    colours = colours_of(rows)
    bills = {row.label: row.bill.total for row in rows}
    skilled = [v for v in verdicts if v.skill and v.label in colours]  # a control has no bill
    found = [v.modes[mode].break_even for v in skilled]
    largest = max([1e6, *(10 * n for n in found if n is not None)])
    queries = np.logspace(0, np.log10(largest), 200)
    for verdict in skilled:
        side, colour = verdict.modes[mode], colours[verdict.label]
        repaid = side.break_even is not None and not side.level
        if side.speed_up is None:
            at = side.why_not
        elif repaid:
            at = f"repaid after {side.repaid_in_words()} queries"
        else:
            at = "level with the solver" if side.level else f"{side.repaid_in_words()} repaid"
        ax.loglog(
            queries,
            bills[verdict.label] + queries * side.seconds,
            color=colour,
            label=f"{verdict.label}: {at}",
        )
        ax.loglog(queries, queries * side.solver_seconds, color=colour, linestyle="--", linewidth=1)
        if repaid and side.break_even is not None:
            total = side.break_even * side.solver_seconds
            ax.plot([side.break_even], [total], "o", color=colour, markersize=7, zorder=5)
    ax.plot([], [], color=INK, linestyle="--", linewidth=1, label="dashed: the solver at that accuracy")
    ax.set_xlabel(f"queries answered ({MODE_TITLES[mode]})")
    ax.set_ylabel("total seconds: data, training and answers")
    _legend(figure, columns=3)
    tidy(ax)
    return figure


def blank(width: float, height: float, title: str) -> Figure:
    """A figure of so many inches with its title."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure


def _legend(figure: Figure, *, columns: int) -> None:
    """Below the axes, where it takes none of their width."""
    figure.legend(loc="outside lower left", fontsize=8.5, frameon=False, ncols=columns, columnspacing=1.4)


def tidy(ax: Axes) -> None:
    """A light grid, and no frame above and to the right."""
    ax.grid(True, color="#E8E8E8", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _families(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    """Ladder rows by scheme: the first word of their labels."""
    families: dict[str, list[Row]] = {}
    for row in (r for r in rows if r.kind == "ladder"):
        families.setdefault(row.label.split()[0], []).append(row)
    return families
