"""Figures of trajectories in a plane: orbits, the plane of starts, expected against true error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .figures import INK, PALETTE, WIDTH, blank, tidy

__all__ = ["Orbit", "StartMap", "calibration_figure", "difficulty_figure", "map_figure", "orbit_figure"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Orbit:
    """One start: its title, the true paths and the predicted ones, (times, bodies, 2) each."""

    title: str
    truth: Array
    predicted: Array


@dataclass(frozen=True)
class StartMap:
    """A number for each point of a plane of starts, NaN where there is none.

    Attributes:
        title, label: above the map, and beside its colour bar.
        across, along: (columns,) and (rows,) coordinates.
        values: (rows, columns).
        logarithmic: whether the colours go by the logarithm.
    """

    title: str
    label: str
    across: Array
    along: Array
    values: Array
    logarithmic: bool = True


def orbit_figure(orbits: Sequence[Orbit], *, predicted_by: str, title: str) -> Figure:
    """True paths as lines, predicted ones dashed, a colour for each body; open circles where they start."""
    figure = blank(WIDTH, WIDTH / len(orbits) + 0.9, title)
    for ax, orbit in zip(np.atleast_1d(figure.subplots(1, len(orbits))), orbits, strict=True):
        for body in range(orbit.truth.shape[1]):
            colour = PALETTE[body % len(PALETTE)]
            ax.plot(*orbit.truth[:, body].T, color=colour, linewidth=1.2, alpha=0.55)
            ax.plot(*orbit.predicted[:, body].T, color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
            ax.plot(*orbit.truth[0, body], "o", color=colour, markerfacecolor="white", markersize=7, zorder=5)
            ax.plot(*orbit.truth[-1, body], "o", color=colour, markersize=5, zorder=5)
            ax.plot(
                *orbit.predicted[-1, body], "x", color=colour, markersize=7, markeredgewidth=1.6, zorder=6
            )
        # what flies out of sight must not make the rest small
        reach = 1.08 * max(1.0, float(np.abs(orbit.truth).max()))
        ax.set_xlim(-reach, reach)
        ax.set_ylim(-reach, reach)
        ax.set_aspect("equal")
        ax.set_xlabel("x (unit lengths)")
        ax.set_title(orbit.title, fontsize=9.5)
        tidy(ax)
    ax = figure.axes[0]
    ax.set_ylabel("y (unit lengths)")
    ax.plot([], [], color=INK, linewidth=1.2, alpha=0.55, label="truth")
    ax.plot([], [], color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=predicted_by)
    ax.plot([], [], "o", color=INK, markerfacecolor="white", label="start")
    ax.plot([], [], "o", color=INK, markersize=5, label="true end")
    ax.plot([], [], "x", color=INK, markersize=7, markeredgewidth=1.6, label="predicted end")
    figure.legend(loc="outside lower left", fontsize=8.5, frameon=False, ncols=5)
    return figure


def map_figure(maps: Sequence[StartMap], *, labels: tuple[str, str], title: str) -> Figure:
    """The plane of starts, one picture for each number."""
    figure = blank(WIDTH, 1.25 * WIDTH / len(maps) + 0.5, title)
    for ax, one in zip(np.atleast_1d(figure.subplots(1, len(maps))), maps, strict=True):
        values = np.log10(np.maximum(one.values, 1e-300)) if one.logarithmic else one.values
        low, high = np.nanquantile(values, [0.02, 0.98])
        picture = ax.pcolormesh(
            one.across, one.along, values, cmap="viridis", vmin=low, vmax=high, rasterized=True
        )
        bar = figure.colorbar(picture, ax=ax, location="bottom", shrink=0.9, pad=0.02)
        bar.set_label(f"log10 of the {one.label}" if one.logarithmic else one.label, fontsize=9)
        ax.set_aspect("equal")
        ax.set_title(one.title, fontsize=9.5)
        ax.set_xlabel(labels[0])
        ax.set_ylabel(labels[1])
    return figure


def calibration_figure(
    errors: Mapping[str, tuple[Array, Array]], colours: Mapping[str, str], *, unit: str, title: str
) -> Figure:
    """True against expected error, a dot for each start; the dashed line is where they are equal."""
    figure = blank(WIDTH, 1.02 * WIDTH / max(2, len(errors)) + 0.6, title)
    for ax, (label, (expected, true)) in zip(
        np.atleast_1d(figure.subplots(1, len(errors), sharex=True, sharey=True)), errors.items(), strict=True
    ):
        ax.loglog(expected, true, ".", color=colours.get(label, INK), alpha=0.5, markersize=5)
        ends = [min(expected.min(), true.min()), max(expected.max(), true.max())]
        ax.plot(ends, ends, color=INK, linewidth=0.9, linestyle="--")
        ax.set_title(label, fontsize=9.5)
        ax.set_xlabel(f"expected error ({unit})")
        tidy(ax)
    figure.axes[0].set_ylabel(f"true error ({unit})")
    return figure


def difficulty_figure(
    difficulty: Array,
    scores: Mapping[str, Array],
    colours: Mapping[str, str],
    *,
    label: str,
    error: str,
    title: str,
) -> Figure:
    """Error against the difficulty of each start: dots, and the median of each eighth of the starts."""
    figure = blank(WIDTH, 5.2, title)
    ax = figure.subplots()
    order = np.argsort(difficulty)
    parts = np.array_split(order, min(8, max(1, len(order) // 4)))
    for name, errors in scores.items():
        colour = colours.get(name, "#8A8A8A")
        ax.loglog(difficulty, errors, ".", color=colour, alpha=0.2, markersize=4)
        middle = [(np.median(difficulty[part]), np.median(errors[part])) for part in parts]
        ax.loglog(*np.array(middle).T, "o-", color=colour, linewidth=1.4, markersize=5, label=name)
    ax.set_xlabel(label)
    ax.set_ylabel(error)
    figure.legend(loc="outside lower left", fontsize=8.5, frameon=False, ncols=5)
    tidy(ax)
    return figure
