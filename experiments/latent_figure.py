"""Error of reconstruction against the size of a code: where it falls off a cliff is the dimension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from .figures import INK, PALETTE, WIDTH, blank, legend_below, tidy

__all__ = ["reconstruction_figure"]


def reconstruction_figure(errors: Mapping[str, Any], *, dimension: int | None = None) -> Figure:
    """Of `reconstruction_errors`; an aligned code counts its place as one number more.

    A line stands at the `dimension`, if it is known, of the surface on which the states live.
    """
    figure = blank(WIDTH, 4.6, "What is lost of a state, by the numbers that it is given")
    ax = figure.subplots()
    kinds = ((True, "components_aligned", "place told apart"), (False, "components", "in place"))
    for place, (aligned, name, words) in enumerate(kinds):
        more, colour = int(aligned), PALETTE[place]
        if name in errors:
            shown = [(k + more, lost) for k, lost in enumerate(errors[name]) if lost > 1e-9 and k > 0]
            ax.plot(*zip(*shown, strict=True), "--", color=colour, label=f"principal components, {words}")
        labels = [label for label, moved in errors["aligned"].items() if moved == aligned]
        points = sorted((errors["latents"][label] + more, errors["autoencoders"][label]) for label in labels)
        if points:
            ax.plot(*zip(*points, strict=True), "o-", color=colour, label=f"autoencoder, {words}")
    if dimension is not None:
        ax.axvline(dimension, color=INK, linewidth=0.8, linestyle=":")
    ax.set_xlim(1.5, 24.5)
    ax.set_yscale("log")
    ax.set_ylim(bottom=1e-8)
    ax.set_xlabel("numbers, the place among them where it is told apart")
    ax.set_ylabel("share of the variance that is lost")
    tidy(ax)
    legend_below(figure, columns=2)
    return figure
