"""The figures of windows that were rebuilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..datasets.observations import KNOWN, SEEN
from .cost_figures import accuracy_against_cost, total_cost
from .figures import (
    INK,
    WIDTH,
    accuracy_distribution,
    blank,
    colours_of,
    error_over_time,
    legend_below,
    save,
    tidy,
)

if TYPE_CHECKING:
    from .smoothing_report import Findings

__all__ = ["FIT", "draw", "instruments_figure", "windows_figure"]

Array = NDArray[np.float64]
FIT = "solver's fit"
"""What the finest fit of the ladder is called among the answers."""


def draw(findings: Findings, folder: Path) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    rows, metric, plan = findings.rows, findings.plan.metric, findings.plan
    title = f"{findings.system.title}, {findings.in_words()}"
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Any, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    sample, rebuilt = typical_window(findings)
    axis, field = findings.system.axes[0], findings.system.fields[0]
    keep(
        "windows",
        windows_figure(
            plan.truth.values[field.name][sample],
            np.where(plan.queries[KNOWN][sample] > 0, plan.queries[SEEN][sample], np.nan),
            rebuilt,
            times=plan.times,
            positions=np.array(axis.values),
            labels=(axis.name, field.name),
            title=title,
        ),
        "A test window of median error: the truth and what was seen of it; below, what was rebuilt from "
        "that, and its error. All panels share one colour scale.",
    )
    keep(
        "cost",
        accuracy_against_cost(
            rows, findings.verdicts, metric=metric, title=f"{title}: error against cost", crowded=True
        ),
        "Error of the window (median, bars: 10 to 90 % of the windows) against seconds per window. Grey: the "
        "solver's fit, one setting each; the black line joins the best. A coloured segment joins a surrogate "
        "to the fit of equal error.",
    )
    keep(
        "instruments",
        instruments_figure(findings.tried, colours_of(rows), findings.learned_at, title=title),
        "Median error against the share of values that are known and against their noise. All were trained, "
        "or told, the instrument of the dotted line, and are told nothing of the others.",
    )
    keep(
        "error",
        error_over_time(rows, plan.times, unit="", threshold=None, title=f"{title}: error within the window"),
        "Error of each frame, in units of the field's root mean square. A filter begins with what its first "
        "frame says; a smoother has later frames to help it, and is worst at both ends.",
    )
    keep(
        "errors",
        accuracy_distribution(rows, metric=metric, title=f"{title}: error of each window"),
        "Error of every test window and training seed: a dot each.",
    )
    keep(
        "total-cost",
        total_cost(rows, findings.verdicts, title=f"{title}: total cost and break-even"),
        "Total cost against the number of windows: a surrogate's bill comes first, the solver's fit of the "
        "same error (dashed) has none.",
    )
    return pictures


def typical_window(findings: Findings) -> tuple[int, dict[str, Array]]:
    """A window of median error for the best learner, and what four very different ones made of it."""
    plan = findings.plan
    best = findings.learned[0] if findings.learned else findings.judged[0]
    scores = best.scores[0]
    sample = int(np.flatnonzero(plan.counted)[np.argsort(scores)[len(scores) // 2]])
    one = {name: array[sample : sample + 1] for name, array in plan.queries.items()}
    chosen = dict.fromkeys([best.label, *(label for label in SHOWN if label in findings.answers)])
    field = findings.system.fields[0].name
    return sample, {label: findings.answers[label](one, plan.times).values[field][0] for label in chosen}


SHOWN = ("kalman", "gappy-pod", FIT)


def windows_figure(
    truth: Array,
    seen: Array,
    rebuilt: Mapping[str, Array],
    *,
    times: Array,
    positions: Array,
    labels: tuple[str, str],
    title: str,
) -> Figure:
    """Truth beside what was seen, NaN in the gaps; below each label what was rebuilt beside its error.

    All are (times, points); `labels` name position and field.
    """
    lines: list[tuple[tuple[str, Array], tuple[str, Array]]] = [(("truth", truth), ("what was seen", seen))]
    for label, values in rebuilt.items():
        error = np.sqrt(np.mean((values - truth) ** 2) / np.mean(truth**2))
        lines.append(((label, values), (f"its error: {error:.2g} of the truth", values - truth)))
    figure = blank(WIDTH, 0.9 + 1.35 * len(lines), title)
    axes = figure.subplots(len(lines), 2, sharex=True, sharey=True, squeeze=False)
    limit = float(np.quantile(np.abs(truth), 0.999))
    mesh = None
    for line, panels in zip(axes, lines, strict=True):
        for ax, (name, values) in zip(line, panels, strict=True):
            mesh = ax.pcolormesh(
                times,
                positions,
                np.ma.masked_invalid(values.T),
                cmap="RdBu_r",
                vmin=-limit,
                vmax=limit,
                shading="nearest",
                rasterized=True,
            )
            ax.set_facecolor("#BBBBBB")
            ax.set_title(name, fontsize=9, loc="left", pad=3)
        line[0].set_ylabel(labels[0])
    for ax in axes[-1]:
        ax.set_xlabel("time")
    if mesh is not None:
        figure.colorbar(mesh, ax=list(axes.ravel()), label=labels[1], shrink=0.6, aspect=30)
    return figure


def instruments_figure(
    tried: Mapping[str, Mapping[str, Mapping[str, float]]],
    colours: Mapping[str, str],
    learned: Mapping[str, float],
    *,
    title: str,
) -> Figure:
    """Error against what of the instrument was changed: what -> value -> label -> error, a panel each."""
    figure = blank(WIDTH, 5.0, f"{title}: with other instruments")
    axes = figure.subplots(1, len(tried), sharey=True, squeeze=False)[0]
    for ax, (what, found) in zip(axes, tried.items(), strict=True):
        values = sorted(found, key=float)
        for label in next(iter(found.values())):
            colour, style = _drawn(label, colours)
            ax.plot(
                [float(value) for value in values],
                [found[value][label] for value in values],
                style,
                color=colour,
                markersize=4,
                linewidth=1.4,
                label=label if ax is axes[0] else None,
            )
        ax.axvline(learned[what], color=INK, linewidth=0.8, linestyle=":")
        ax.set_xlabel(WORDS[what])
        ax.set_yscale("log")
        ax.set_ylim(top=3)
        tidy(ax)
    axes[0].set_ylabel("relative L2 error, median")
    legend_below(figure, columns=5)
    return figure


WORDS = {"share": "share of values that are known", "noise": "deviation of the noise on them"}


def _drawn(label: str, colours: Mapping[str, str]) -> Sequence[str]:
    """Colour and style: surrogates in their colours, the solver in ink, null models in grey."""
    if label in colours:
        return colours[label], "o--" if " + " in label else "o-"
    return (INK, "s-") if label == FIT else ("#8A8A8A", ".--")
