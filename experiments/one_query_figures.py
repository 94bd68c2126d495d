"""Figures of networks that are trained for one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..solvers.contract import Solution, System
from .compare import Row
from .cost_figures import lowest_shown
from .figures import INK, PALETTE, WIDTH, blank, legend_below, tidy
from .metrics import Metric
from .verdict import envelope_of

if TYPE_CHECKING:
    from .one_query_report import Curve

__all__ = ["error_against_time", "loss_terms", "truth_answer_error"]

DECADES = 1e3
"""Of errors that are told apart by colour."""
STYLES = ("-", "--", ":", "-.")
"""Of the networks, eight colours each."""


def error_against_time(
    rows: Sequence[Row],
    curves: Mapping[str, Sequence[Curve]],
    *,
    metric: Metric,
    title: str,
    known_to: float = 0.0,
) -> Figure:
    """Each training's error while it goes on, and the settings of the solver; below what the truth is itself
    `known_to` it is shaded.
    """
    figure = blank(WIDTH, 5.6, title)
    ax = figure.subplots()
    ladder = [row for row in rows if row.kind == "ladder"]
    members = [ladder[i] for i in envelope_of(rows, metric, "single").members]
    ax.plot(
        [row.single.median for row in ladder],
        [row.accuracy for row in ladder],
        "o",
        color="#B5B5B5",
        markersize=2.5,
        label="solver, all settings",
    )
    ax.plot(
        [row.single.median for row in members],
        [row.accuracy for row in members],
        "o-",
        color=INK,
        markersize=3.5,
        linewidth=1.6,
        label="solver, best settings",
    )
    for k, (label, some) in enumerate(curves.items()):
        for seed, curve in enumerate(some):
            ax.plot(  # the first is the network as it was drawn
                curve.seconds[1:],
                curve.errors[1:],
                STYLES[k // len(PALETTE) % len(STYLES)],
                color=PALETTE[k % len(PALETTE)],
                linewidth=1.3,
                marker=".",
                markevery=[-1],
                alpha=0.9,
                label=label if seed == 0 else None,
            )
    ax.set_xscale("log")
    ax.set_yscale("log")
    reached = [e for some in curves.values() for c in some for e in c.errors if np.isfinite(e) and e > 0]
    rungs = [row.accuracy for row in members if row.accuracy > 0]
    if reached:
        ax.set_ylim(lowest_shown(min(reached), rungs), 3)
    low, _ = ax.get_ylim()
    if known_to > low:
        ax.axhspan(low, known_to, color="#F2EFE6", zorder=0, label="below what the truth is known to")
    ax.set_xlabel("seconds until the answer")
    ax.set_ylabel(metric.name)
    legend_below(figure, columns=5)
    tidy(ax)
    return figure


def loss_terms(curves: Mapping[str, Sequence[Curve]], *, title: str) -> Figure:
    """The loss over the steps of each first training, a panel each; its terms where there are several."""
    shown = {label: some[0] for label, some in curves.items() if some and some[0].steps}
    columns = min(4, max(1, len(shown)))
    lines = -(-max(1, len(shown)) // columns)
    figure = blank(WIDTH, 0.7 + 2.1 * lines, title)
    axes = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for ax, (label, curve) in zip(axes, shown.items(), strict=False):
        for k, (name, values) in enumerate(curve.terms.items()):
            ax.plot(curve.steps, values, color=PALETTE[k % len(PALETTE)], linewidth=1.1, label=name)
        ax.plot(curve.steps, curve.losses, color=INK, linewidth=1.4, linestyle="--", label="weighted sum")
        ax.set_title(label, fontsize=9, loc="left", pad=3)
        ax.set_yscale("log")
        ax.legend(fontsize=6.5, frameon=False)
        tidy(ax)
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    figure.supxlabel("steps", fontsize=9)
    return figure


def truth_answer_error(system: System, truth: Solution, answer: Solution, *, label: str) -> Figure:
    """For each field truth, answer and error: over time and place, over a plane, or against time alone."""
    names = list(truth.values)
    figure = blank(WIDTH, 0.6 + 2.5 * len(names), f"{system.title}: truth, {label}, and its error")
    axes = figure.subplots(len(names), 3, squeeze=False)
    for line, name in zip(axes, names, strict=True):
        true, said = truth.values[name][0], answer.values[name][0]
        if true.ndim == 3:  # a plane, of which the last time is shown
            _planes(line, system, true[-1], said[-1], name)
        elif len(system.axes[0]) <= 8:
            _lines(line, truth.times, true, said, name)
        else:
            _space_time(line, system, truth.times, true, said, name)
    return figure


def _space_time(
    line: Sequence[Axes], system: System, times: NDArray[np.float64], true: NDArray[np.float64],
    said: NDArray[np.float64], name: str,
) -> None:  # fmt: skip
    axis = system.axes[0]
    for ax, values, what in _panels(line, true, said, name):
        ax.pcolormesh(
            times, axis.values, values.T, shading="nearest", rasterized=True, **_shades(values, what, true)
        )
        ax.set_xlabel("time")
        ax.set_ylabel(axis.name)
        _bar(ax)


def _planes(
    line: Sequence[Axes], system: System, true: NDArray[np.float64], said: NDArray[np.float64], name: str
) -> None:
    first, second = system.axes
    swapped = first.name == "x"  # rows are drawn upwards: y belongs there
    for ax, values, what in _panels(line, true, said, name):
        shown = values.T if swapped else values
        across, up = (first, second) if swapped else (second, first)
        ax.pcolormesh(
            across.values, up.values, shown, shading="nearest", rasterized=True, **_shades(values, what, true)
        )
        ax.set_aspect("equal")
        ax.set_xlabel(across.name)
        ax.set_ylabel(up.name)
        _bar(ax)


def _lines(
    line: Sequence[Axes], times: NDArray[np.float64], true: NDArray[np.float64], said: NDArray[np.float64],
    name: str,
) -> None:  # fmt: skip
    for ax, values, what in _panels(line, true, said, name):
        for k in range(values.shape[1]):
            ax.plot(times, values[:, k], color=PALETTE[k % len(PALETTE)], linewidth=1.2)
        ax.set_xlabel("time")
        if what == "error":
            ax.set_yscale("log")
        tidy(ax)


def _panels(
    line: Sequence[Axes], true: NDArray[np.float64], said: NDArray[np.float64], name: str
) -> list[tuple[Axes, NDArray[np.float64], str]]:
    found = []
    shown = ((true, "truth"), (said, "answer"), (np.abs(said - true), "error"))
    for ax, (values, what) in zip(line, shown, strict=True):
        ax.set_title(f"{name}, {what if what != 'error' else 'size of the error'}", fontsize=9, loc="left")
        found.append((ax, values, what))
    return found


def _shades(values: NDArray[np.float64], what: str, true: NDArray[np.float64]) -> dict[str, Any]:
    if what == "error":
        largest = float(np.nanmax(values)) or 1.0
        dark = colormaps["magma"].with_extremes(bad="#000004")  # where there is no error at all
        return {"cmap": dark, "norm": LogNorm(largest / DECADES, largest)}
    size = float(np.nanmax(np.abs(true))) or 1.0
    return {"cmap": "RdBu_r", "vmin": -size, "vmax": size}


def _bar(ax: Axes) -> None:
    figure = ax.get_figure()
    assert figure is not None
    figure.colorbar(ax.collections[0], ax=ax, shrink=0.85, aspect=18)
