"""One picture of all families: what each model's accuracy costs, beside the solver's."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .family_table import FAMILIES, there
from .figures import INK, PALETTE, WIDTH, blank, save, tidy
from .results_table import RESULTS, VALID_TIME

__all__ = ["family_figure", "main"]

PICTURE = RESULTS / "family.png"
COLUMNS = 2
PANEL = 2.9
"""Height of a panel, in inches."""
DECADES = 3.0
"""Below the best model at most: a solver's ladder may go on for many more."""

TITLE = (
    "What accuracy costs, per query in a batch\n"
    "black: the solver's best settings; dashed: what needs no learning; numbers: surrogates, the best first"
)

Results = Mapping[str, Any]


def family_figure(found: Mapping[str, Results] | None = None) -> Figure:
    """A panel for each comparison: error (or score) against seconds per query in a batch.

    The black line joins the best settings of the solver, surrogates are numbered in the order of their
    accuracy, dashed lines are what needs no learning.
    """
    families = there() if found is None else found
    rows = -(-max(1, len(families)) // COLUMNS)
    figure = blank(WIDTH, 0.7 + PANEL * rows, TITLE)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for ax, (name, results) in zip(axes, families.items(), strict=False):
        _draw(ax, results, title=FAMILIES.get(name, name))
    for ax in axes[len(families) :]:
        ax.set_axis_off()
    return figure


def _draw(ax: Axes, results: Results, *, title: str) -> None:
    score = results["metric"]["name"] == VALID_TIME
    ladder = sorted(_points(results, "ladder"), key=lambda point: point[1])
    best = _front(ladder, score=score)
    ax.plot([p[1] for p in ladder], [p[2] for p in ladder], ".", color="#B5B5B5", markersize=4, zorder=1)
    ax.plot([p[1] for p in best], [p[2] for p in best], "-", color=INK, linewidth=1.4, zorder=2)
    nulls = [value for _, _, value in _points(results, "null")]
    for value in nulls:
        ax.axhline(value, color="#C4C4C4", linewidth=0.8, linestyle="--", zorder=0)
    models = sorted(_points(results, "surrogate"), key=lambda point: point[2], reverse=score)
    for place, (label, seconds, value) in enumerate(models, start=1):
        colour = PALETTE[(place - 1) % len(PALETTE)]
        ax.plot([seconds], [value], "o", color=colour, markersize=8, zorder=3, label=f"{place} {label}")
        ax.annotate(
            f"{place}",
            (seconds, value),
            ha="center",
            va="center_baseline",
            fontsize=6,
            color="white",
            zorder=4,
        )
    for row in results["rows"]:
        if row["kind"] == "surrogate" and row["label"] not in {label for label, _, _ in models}:
            ax.plot([], [], " ", label=f"- {row['label']}: fails in the median")
    ax.set_xscale("log")
    if not score:
        ax.set_yscale("log")
        values = [value for _, _, value in models] or [1.0]
        seen = [*nulls, *(p[2] for p in [*models, *ladder])]
        ax.set_ylim(max(min(seen), min(values) * 10**-DECADES) / 2, 2 * max(seen))
    ax.set_title(title, fontsize=9, loc="left")
    ax.set_xlabel("seconds per query", fontsize=8)
    ax.set_ylabel(f"{results['metric']['name']}", fontsize=8)
    ax.tick_params(labelsize=7)
    ax.legend(
        fontsize=6,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        handletextpad=0.0,
        markerscale=0.6,
    )
    tidy(ax)


def _points(results: Results, kind: str) -> list[tuple[str, float, float]]:
    """Label, seconds per query in a batch and median accuracy, where there is one to be drawn."""
    score = results["metric"]["name"] == VALID_TIME
    found = []
    for row in results["rows"]:
        value = row["accuracy"]["median"]
        if row["kind"] == kind and value is not None and math.isfinite(value) and (score or value > 0):
            found.append((row["label"], float(row["seconds_per_query"]["batch"]["median"]), float(value)))
    return found


def _front(points: Sequence[tuple[str, float, float]], *, score: bool) -> list[tuple[str, float, float]]:
    """Of points in the order of their seconds, those better than all before."""
    best: list[tuple[str, float, float]] = []
    for point in points:
        if not best or (point[2] > best[-1][2] if score else point[2] < best[-1][2]):
            best.append(point)
    return best


def main() -> int:
    """Draw what is committed."""
    sys.stdout.write(f"{save(family_figure(), PICTURE)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
