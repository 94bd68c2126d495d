"""Figures of what accuracy costs: per query, and in total with the bill."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .compare import Row
from .figures import INK, WIDTH, blank, colours_of, legend_below, marks_of, tidy
from .metrics import Metric
from .verdict import MODES, Verdict, envelope_of

__all__ = ["accuracy_against_cost", "lowest_shown", "total_cost"]

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
NAME = re.compile(r"[A-Za-z][A-Za-z-]*")
"""A word of a label that belongs to the scheme's name, and is no setting."""
ONE_PLACE = 1.4
"""Times the seconds of one reference within which another's words would lie on its own."""
MODE_TITLES = {"single": "one query at a time", "batch": "best batch of each"}


def accuracy_against_cost(
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
    *,
    metric: Metric,
    title: str,
    crowded: bool = False,
    modes: Sequence[str] = MODES,
) -> Figure:
    """Accuracy against seconds per query; a segment joins each surrogate to the solver at equal accuracy.

    Where surrogates are `crowded`, the speed-ups stand in the legend instead of beside the segments, and what
    is far more accurate than any surrogate is left out. `modes` has a panel each.
    """
    figure = blank(WIDTH, 6.2, title)
    axes = figure.subplots(1, len(modes), sharey=True, squeeze=False)[0]
    colours, marks, families = colours_of(rows), marks_of(rows), _families(rows)
    by_label = {v.label: v for v in verdicts}
    for ax, mode in zip(axes, modes, strict=True):
        for k, (family, members) in enumerate(families.items()):
            ax.plot(
                [r.seconds(mode) for r in members],
                [r.accuracy for r in members],
                MARKERS[k % len(MARKERS)],
                color="#9A9A9A",
                markersize=4.5,
                markerfacecolor="none" if k % 2 else "#C8C8C8",
                label=family if ax is axes[0] and any(_drawable(r, metric) for r in members) else None,
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
            label="best solver setting" if ax is axes[0] else None,
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
                label=row.label if ax is axes[0] else None,
                zorder=4,
            )
        for seconds, words in _references(rows, mode):
            ax.axvline(seconds, color=INK, linewidth=0.8, linestyle=":")
            ax.annotate(
                words,
                (seconds, 0.99),
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
        if any(r.kind == "null" for r in rows) and ax is axes[0]:
            ax.plot([], [], color="#BBBBBB", linewidth=0.8, linestyle="--", label="null models")
        for row in (r for r in rows if r.kind == "surrogate"):
            mark, colour = marks[row.label], colours[row.label]
            _draw_surrogate(ax, row, by_label[row.label], mode, colour=colour, mark=mark)
            if ax is axes[0]:  # one without error bars, for the legend
                words = _in_words(by_label[row.label], modes) if crowded else row.label
                ax.plot([], [], mark, color=colour, markersize=7, label=words)
        ax.set_xscale("log")
        ax.set_xlabel(f"seconds per query, {MODE_TITLES[mode]}" if len(modes) > 1 else "seconds per query")
        if metric.logarithmic:
            ax.set_yscale("log")
        tidy(ax)
        surrogates = [r for r in rows if r.kind == "surrogate"]
        if not crowded:
            _write_speed_ups(ax, surrogates, by_label, mode, colours)
        elif metric.logarithmic and surrogates:
            rungs = [r.accuracy for r in rows if r.kind == "ladder" and _drawable(r, metric)]
            ax.set_ylim(bottom=lowest_shown(min(r.accuracy for r in surrogates), rungs))
    axes[0].set_ylabel(f"{metric.name} ({metric.unit})")
    legend_below(figure, columns=2 if crowded else 5, size=7.2 if crowded else 8.5)
    return figure


def lowest_shown(best: float, rungs: Sequence[float]) -> float:
    """Where an axis of errors ends: two decades and a half below the best, for the ladder may go on for many
    decades in which nothing else is; but not above the next setting of the solver that is better.
    """
    better = [rung for rung in rungs if 0 < rung <= best]
    return (
        min(best / 300, max(better) / 2) if better and min(better) < best / 300 else min([best, *better]) / 2
    )


def _references(rows: Sequence[Row], mode: str) -> list[tuple[float, str]]:
    """Seconds and words of the references; those that stand at one place have one line."""
    found: list[tuple[float, str]] = []
    for row in sorted((r for r in rows if r.kind == "reference"), key=lambda r: r.seconds(mode)):
        seconds, words = row.seconds(mode), row.label.partition(":")[0]
        if found and seconds < ONE_PLACE * found[-1][0]:
            found[-1] = (float(np.sqrt(found[-1][0] * seconds)), f"{found[-1][1]}, {words}")
        else:
            found.append((seconds, words))
    return found


def _drawable(row: Row, metric: Metric) -> bool:
    return bool(np.isfinite(row.accuracy)) and (row.accuracy > 0 or not metric.logarithmic)


def _in_words(verdict: Verdict, modes: Sequence[str]) -> str:
    """E.g. `dense: at least 3.4 x slower alone, 1.1 x faster in batch`; of one mode its words alone."""
    if len(modes) == 1:
        return f"{verdict.label}: {verdict.modes[modes[0]].in_words()}"
    alone, batch = verdict.modes["single"], verdict.modes["batch"]
    if alone.why_not == batch.why_not != "":
        return f"{verdict.label}: {alone.why_not}"
    return f"{verdict.label}: {alone.in_words()} alone, {batch.in_words()} in batch"


def _draw_surrogate(ax: Axes, row: Row, verdict: Verdict, mode: str, *, colour: str, mark: str) -> None:
    low, _, high = row.quantiles
    here = row.seconds(mode)
    side = verdict.modes[mode]
    ax.errorbar(
        [here],
        [row.accuracy],
        yerr=[[max(0.0, row.accuracy - low)], [max(0.0, high - row.accuracy)]],
        fmt=mark,
        color=colour,
        markersize=8,
        capsize=3,
        elinewidth=1,
        zorder=5,
    )
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
    legend_below(figure, columns=3)
    tidy(ax)
    return figure


def _families(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    """Ladder rows by scheme: what their labels begin with, up to the first word that is a setting."""
    families: dict[str, list[Row]] = {}
    for row in (r for r in rows if r.kind == "ladder"):
        first, *others = row.label.split()
        scheme = " ".join([first, *itertools.takewhile(NAME.fullmatch, others)])
        families.setdefault(scheme, []).append(row)
    return families
