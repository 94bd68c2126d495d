"""Gradient, one-step error and valid time against depth, of stacks with skips and without, as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .figures import INK, PALETTE, WIDTH, blank, save, tidy

__all__ = ["against_depth", "draw"]

PANELS = {
    "gradient": "gradient at the first layer, at start,\nas a multiple of that without blocks",
    "test_error": "one-step error on the test split",
    "valid_time": "valid time (Lyapunov times)",
}
RANGE = 1e-12, 1e12
"""Gradients beyond are drawn at the edge: they are as good as none, or as infinite."""


def draw(results: Mapping[str, Any], path: Path) -> Path:
    """Write the figure as a PNG."""
    return save(against_depth(results), path)


def against_depth(results: Mapping[str, Any]) -> Figure:
    """A panel for each quantity, a line for each kind of stack; a mark for each seed that was trained, a
    cross at the edge for one that failed.
    """
    figure = blank(WIDTH, 4.2, "Steppers of several depths, with skips and without, after equally many steps")
    panels = figure.subplots(1, len(PANELS))
    rows = results["rows"]
    kinds = dict.fromkeys((row["kind"], row["activation"]) for row in rows)
    for ax, (key, label) in zip(panels, PANELS.items(), strict=True):
        for i, (kind, activation) in enumerate(kinds):
            own = [row for row in rows if (row["kind"], row["activation"]) == (kind, activation)]
            found = [(row["depth"], _shown(row, key)) for row in own]
            depths, values = np.array([pair for pair in found if np.isfinite(pair[1])]).reshape(-1, 2).T
            middle = [(d, np.median(values[depths == d])) for d in np.unique(depths)]
            colour, line = PALETTE[i % len(PALETTE)], "-" if kind == "residual" else "--"
            at, shown = np.array(middle).reshape(-1, 2).T
            ax.plot(at, shown, line, color=colour, label=f"{kind}, {activation}")
            ax.plot(depths, values, ".", color=colour)
        ax.set_xscale("log", base=2)
        ax.set_xlabel("blocks")
        ax.set_title(label, fontsize=9, loc="left")
        if key != "valid_time" and any(np.isfinite(_shown(row, key)) for row in rows):
            ax.set_yscale("log")
        failed = [row["depth"] for row in rows if key != "gradient" and not np.isfinite(_shown(row, key))]
        if failed:
            # at the lower edge for a time, at the upper one for an error
            ax.plot(failed, [0.02 if key == "valid_time" else 0.98] * len(failed), "x", color=INK,
                    transform=ax.get_xaxis_transform(), label="failed", clip_on=False)  # fmt: skip
        if key == "gradient":
            ax.set_ylim(RANGE[0] / 3, RANGE[1] * 3)
        tidy(ax)
    named = {label: h for ax in panels for h, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend(
        list(named.values()), list(named), loc="outside lower left", fontsize=8.5, frameon=False, ncols=4
    )
    return figure


def _shown(row: Mapping[str, Any], key: str) -> float:
    """NaN for what a failed training lacks; a gradient that is not finite has overflowed."""
    value = row[key]
    if key == "gradient":
        return float(np.clip(np.inf if value is None or not np.isfinite(value) else value, *RANGE))
    return np.nan if value is None else float(value)
