"""Figures of steady flows: fields side by side, errors by set, by family and by Reynolds number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .figures import INK, PALETTE, WIDTH, blank, legend_below, tidy

__all__ = ["Flow", "families_figure", "fields_figure", "reynolds_figure", "sets_figure"]

Array = NDArray[Any]
SOLID = ListedColormap(["#9A9A9A"])


@dataclass(frozen=True)
class Flow:
    """One shape's flow: a title, the true and the predicted one, and the shape.

    Attributes:
        title: said at its left.
        truth, predicted: (2, rows, columns) velocities in the middles of cells.
        solid: (rows, columns).
    """

    title: str
    truth: Array
    predicted: Array
    solid: Array


def fields_figure(flows: Sequence[Flow], *, predicted_by: str, title: str) -> Figure:
    """A row for each flow: true speed, predicted speed, size of the error, with streamlines."""
    figure = blank(WIDTH, 0.7 + len(flows) * (WIDTH / 3.1) * 0.5, title)
    axes = figure.subplots(len(flows), 3, squeeze=False)
    for k, flow in enumerate(flows):
        speeds = [np.hypot(*velocity) for velocity in (flow.truth, flow.predicted)]
        gap = np.hypot(*(flow.predicted - flow.truth))
        top, most = float(np.nanmax(speeds[0])), float(np.nanquantile(gap, 0.999)) or 1e-12
        for ax, image, velocity, name in (
            (axes[k, 0], speeds[0], flow.truth, "truth"),
            (axes[k, 1], speeds[1], flow.predicted, predicted_by),
            (axes[k, 2], gap, None, "size of the error"),
        ):
            shown = _draw(ax, image, flow.solid, velocity, top=top if velocity is not None else most)
            if k == 0:
                ax.set_title(name, fontsize=9.5, loc="left")
            if velocity is None or ax is axes[k, 1]:
                figure.colorbar(shown, ax=ax, shrink=0.8, pad=0.01).ax.tick_params(labelsize=7)
        axes[k, 0].set_ylabel(flow.title, fontsize=9)
    return figure


def _draw(ax: Axes, image: Array, solid: Array, velocity: Array | None, *, top: float) -> Any:
    rows, columns = image.shape
    extent = (0.0, columns / rows, 0.0, 1.0)
    colours = "viridis" if velocity is not None else "magma"
    shown = ax.imshow(
        image, origin="lower", extent=extent, cmap=colours, vmin=0, vmax=top, interpolation="bilinear"
    )
    body = np.where(solid, 1.0, np.nan)
    ax.imshow(body, origin="lower", extent=extent, cmap=SOLID, interpolation="nearest", zorder=3)
    if velocity is not None:
        x, y = (np.arange(columns) + 0.5) / rows, (np.arange(rows) + 0.5) / rows
        starts = np.stack([np.full(9, x[1]), np.linspace(0.08, 0.92, 9)], axis=1)
        u, v = (np.where(solid, np.nan, part) for part in velocity)
        ax.streamplot(
            x,
            y,
            u,
            v,
            start_points=starts,
            color="white",
            linewidth=0.7,
            arrowsize=0.6,
            density=4,
            broken_streamlines=False,
        )
    ax.set_xlim(extent[0], extent[1])
    ax.set_ylim(0.0, 1.0)
    ax.set_xticks([])
    ax.set_yticks([])
    return shown


def sets_figure(
    errors: Mapping[str, Mapping[str, Array]],
    colours: Mapping[str, str],
    *,
    label: str,
    title: str,
) -> Figure:
    """Label -> set -> errors: for each set a cluster, the median of each surrogate with 10 to 90 %."""
    names = list(next(iter(errors.values())))
    figure = blank(WIDTH, 4.4, title)
    ax = figure.subplots()
    width = 0.8 / max(1, len(errors))
    for i, (surrogate, sets) in enumerate(errors.items()):
        places = np.arange(len(names)) + (i - (len(errors) - 1) / 2) * width
        low, middle, high = (
            np.array([np.quantile(sets[n], q, method="inverted_cdf") for n in names]) for q in (0.1, 0.5, 0.9)
        )
        colour = colours.get(surrogate, "#8A8A8A")
        ax.vlines(places, low, high, color=colour, linewidth=2, alpha=0.45)
        ax.plot(places, middle, "o", color=colour, markersize=5, label=surrogate)
    ax.set_yscale("log")
    ax.set_xticks(np.arange(len(names)), names)
    ax.set_ylabel(f"{label}: median, 10 to 90 %")
    tidy(ax)
    ax.grid(visible=False, axis="x")
    legend_below(figure, columns=5)
    return figure


def families_figure(
    errors: Mapping[str, Array],
    families: Sequence[str],
    colours: Mapping[str, str],
    *,
    label: str,
    title: str,
) -> Figure:
    """Errors of each surrogate by the family of the shape."""
    names = np.array(families)
    by = {
        surrogate: {f: found[names == f] for f in dict.fromkeys(sorted(families))}
        for surrogate, found in errors.items()
    }
    return sets_figure(by, colours, label=label, title=title)


def reynolds_figure(
    errors: Mapping[str, Array],
    reynolds: Array,
    families: Sequence[str],
    *,
    label: str,
    title: str,
) -> Figure:
    """Errors against the Reynolds number, a panel for each surrogate, a colour for each family of shapes."""
    figure = blank(WIDTH, 3.6, title)
    axes = np.atleast_1d(figure.subplots(1, len(errors), sharey=True))
    names = np.array(families)
    for ax, (surrogate, found) in zip(axes, errors.items(), strict=True):
        for i, family in enumerate(dict.fromkeys(sorted(families))):
            of = names == family
            ax.plot(
                reynolds[of],
                found[of],
                ".",
                color=PALETTE[i % len(PALETTE)],
                markersize=6,
                alpha=0.75,
                label=family if ax is axes[0] else None,
            )
        order = np.argsort(reynolds)
        parts = [part for part in np.array_split(order, 8) if len(part)]
        ax.plot(
            [np.median(reynolds[p]) for p in parts],
            [np.median(found[p]) for p in parts],
            color=INK,
            linewidth=1.2,
        )
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_title(surrogate, fontsize=9.5, loc="left")
        ax.set_xlabel("Reynolds number of the obstacle")
        tidy(ax)
    axes[0].set_ylabel(label)
    legend_below(figure, columns=6)
    return figure
