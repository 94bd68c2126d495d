"""Error against time of every setting of every three-body solver, as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from .figures import save

__all__ = ["draw", "error_against_time"]

# Okabe & Ito's palette: told apart by readers with any colour vision
STYLES = {
    "ours": ("#D55E00", "o"),
    "heyoka": ("#0072B2", "s"),
    "heyoka regularised": ("#56B4E9", "D"),
    "IAS15": ("#009E73", "^"),
    "BS": ("#CC79A7", "v"),
    "DOP853": ("#7F7F7F", "X"),
}
NAMES = {
    "ours": "this solver",
    "heyoka regularised": "heyoka on the same equations",
    "IAS15": "REBOUND IAS15",
    "BS": "REBOUND BS",
    "DOP853": "SciPy DOP853",
}


def draw(results: Mapping[str, Any], path: Path) -> Path:
    """Write the figure as a PNG."""
    return save(error_against_time(results), path)


def error_against_time(results: Mapping[str, Any]) -> Figure:
    """A panel for each end. Filled marks and solid lines: side by side; open marks and dashes: one by one."""
    ends = results["settings"]["ends"]
    figure = Figure(figsize=(10.0, 4.9), layout="constrained")
    panels = figure.subplots(1, len(ends), sharex=True, sharey=True, squeeze=False)[0]
    for ax, end in zip(panels, ends, strict=True):
        _panel(ax, [r for r in results["rows"] if r["end"] == end])
        truth = results["truth"][str(end)]
        ax.set_title(
            f"until t = {end:g} ({truth['known']} of {truth['starts']} starts judged)",
            loc="left",
            fontsize=10,
        )
        band = ax.axhspan(1e-300, max(truth["finest"], 1e-300), color="#EFEFEF", zorder=0)
        band.set_label("less than the truth is good for" if ax is panels[0] else None)
    panels[0].set_ylabel("median position error at the end")
    shown = [r["error"]["median"] for r in results["rows"] if _drawable(r)]
    if shown:
        panels[0].set_ylim(min(shown) / 4, min(max(shown) * 4, 10.0))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=4, fontsize=8.5, frameon=False)
    return figure


def _panel(ax: Axes, rows: list[Mapping[str, Any]]) -> None:
    for method in dict.fromkeys(r["method"] for r in rows):
        own = sorted(
            (r for r in rows if r["method"] == method and _drawable(r)), key=lambda r: r["tolerance"]
        )
        family, _, mode = method.partition(", ")
        colour, marker = STYLES[family]
        several = any(r["several"] for r in own)
        refilled = mode == "batch refilled" and family == "heyoka"
        ax.plot(
            [r["microseconds"]["median"] for r in own],
            [r["error"]["median"] for r in own],
            linestyle=":" if refilled else "-" if several else "--",
            marker=marker,
            color=colour,
            markersize=5.5 if family == "ours" else 4.5,
            markerfacecolor=colour if several else "white",
            linewidth=2.0 if family == "ours" else 1.2,
            label=NAMES.get(family, family) + f", {mode}" * bool(mode),
            zorder=4 if family == "ours" else 3,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("microseconds per trajectory, one thread")
    ax.yaxis.set_major_locator(LogLocator(numticks=20))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(True, color="#E8E8E8", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _drawable(row: Mapping[str, Any]) -> bool:
    error = row["error"]["median"]
    return error is not None and np.isfinite(error) and error > 0
