"""Truth, forecast and their difference over space and time, as in figure 2 of Pathak et al. (2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

__all__ = ["space_time_figure"]


def space_time_figure(
    truth: NDArray[np.float64],
    forecasts: Sequence[tuple[str, NDArray[np.float64], float]],
    *,
    times: NDArray[np.float64],
    positions: NDArray[np.float64],
    unit: str,
    position_label: str,
    field_label: str,
    title: str,
) -> Figure:
    """Panels of truth (times, points), then for each (label, forecast, valid time) forecast and difference.

    A vertical line marks the valid time; `unit` is that of the times. All panels share one colour
    scale; what is not finite is grey.
    """
    panels = 1 + 2 * len(forecasts)
    figure = Figure(figsize=(10.0, 1.0 + 1.3 * panels), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    axes = figure.subplots(panels, 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    limit = float(np.quantile(np.abs(truth), 0.999))
    rows: list[tuple[str, NDArray[np.float64], float | None]] = [("truth (solver)", truth, None)]
    for label, forecast, valid in forecasts:
        rows.append((label, forecast, valid))
        until = f"valid for {valid:.1f} {unit}" if valid < times[-1] else "valid to the end"
        rows.append((f"{label}, difference from the truth: {until}", forecast - truth, valid))
    mesh = None
    for ax, (name, values, end) in zip(axes, rows, strict=True):
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
        ax.set_ylabel(position_label)
        if end is not None and end < times[-1]:
            ax.axvline(end, color="black", linewidth=1.2, linestyle="--")
    axes[-1].set_xlabel(f"time ({unit})")
    if mesh is not None:
        figure.colorbar(mesh, ax=list(axes), label=field_label, shrink=0.6, aspect=30)
    return figure
