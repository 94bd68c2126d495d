"""Draw one trajectory of a training set, whatever the number of its dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..solvers.contract import Axis, Field
from ..solvers.discovery import UnknownName
from .durable import explained
from .plan import DatasetError
from .split import Split
from .training_set import TrainingSet

__all__ = ["draw_sample"]

SHOWN = 15.0
"""Characteristic times that are shown of a long trajectory."""
MOST_FRAMES = 2000
"""Frames that are drawn at most; of more, every n-th. Trajectories among which a number is shown, too."""
MOST_LINES = 12
"""A short axis, of bodies say, is drawn as so many lines over time at most."""


def draw_sample(training_set: TrainingSet, path: Path, *, split: str = "train", trajectory: int = 0) -> Path:
    """Draw a trajectory into a PNG (or whatever the ending of `path` says) and give back its path.

    One dimension: an image of space over time. A short axis (bodies): lines over time. Two dimensions: the
    last frame; of three, the slice in the middle. Vectors and tensors are drawn by their magnitude. Of a long
    trajectory the beginning is shown. A field is drawn over its own axes; a number at one time where it lies
    among those of its split.

    Raises `DatasetError` for an unknown split, a trajectory that is not there, or a path that cannot be
    written.
    """
    source = training_set.split(split)
    if not 0 <= trajectory < len(source):
        raise DatasetError(
            f"there is no trajectory {trajectory}: split {split!r} has {len(source)}, counted from 0"
        )
    frames = _shown_frames(training_set, source.frames)
    step = max(1, frames // MOST_FRAMES)
    times = source.times[:frames:step]
    fields = [f for f in training_set.fields if f.varies_in_time] or list(training_set.fields)
    if frames == 1:  # numbers at one time are no picture
        fields = [f for f in fields if f.axes != ()] or fields[:1]
    flat = len(training_set.axes) > 1
    size = (max(7.0, 4.5 * len(fields)), 4.5) if flat else (9.0, 0.7 + 2.6 * len(fields))
    figure = Figure(figsize=size, layout="compressed" if flat else "constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1 if flat else len(fields), len(fields) if flat else 1, squeeze=False).ravel()
    for panel, field in zip(panels, fields, strict=True):
        values = source.read(trajectory, 0, frames, step=step, field=field.name)
        values = _magnitude(values, field)
        if values.size == 1:
            _among_others(panel, field, value=float(values.flat[0]), source=source)
        else:
            _draw(figure, panel, field, values=values, times=times, training_set=training_set)
    cut = f", first {frames} of {source.frames} frames" if frames < source.frames else ""
    figure.suptitle(
        f"{training_set.plan.system['title']}: {split} trajectory {trajectory}{cut}", fontsize="large"
    )
    path = Path(path)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(path, dpi=150, bbox_inches="tight" if flat else None)
        except ValueError as error:
            raise DatasetError(f"{path} cannot be drawn: {error}; give a name that ends in .png") from error
    return path


def _shown_frames(training_set: TrainingSet, frames: int) -> int:
    """As many as tell the story: some characteristic times where the system is known here."""
    try:
        shown = round(SHOWN * training_set.system.characteristic_time / training_set.interval) + 1
    except (UnknownName, DatasetError):
        shown = 500
    return min(frames, max(2, shown))


def _magnitude(values: NDArray[Any], field: Field) -> NDArray[np.float64]:
    components = tuple(range(values.ndim - field.rank, values.ndim))
    values = values.astype(np.float64, copy=False)
    return np.sqrt((values**2).sum(axis=components)) if components else values


def _draw(
    figure: Figure,
    panel: Axes,
    field: Field,
    *,
    values: NDArray[np.float64],
    times: NDArray[np.float64],
    training_set: TrainingSet,
) -> None:
    varies = field.varies_along(axis.name for axis in training_set.axes)
    axes = [axis for axis, along in zip(training_set.axes, varies, strict=True) if along]
    time_label = _label("time", str(training_set.plan.system["time_unit"]))
    name = f"|{field.name}|" if field.rank else field.name
    if len(values) > 1 and (len(axes) == 0 or (len(axes) == 1 and len(axes[0]) <= MOST_LINES)):
        _lines(panel, values.reshape(len(values), -1), times=times, axes=axes)
        panel.set(xlabel=time_label, ylabel=_label(name, field.unit))
        return
    colours = _colours(values if len(axes) == 1 else values[-1])
    if len(axes) == 1 and len(values) > 1:
        image = panel.imshow(
            values.T,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(times[0], times[-1], *_ends(axes[0])),
            **colours,
        )
        panel.set(xlabel=time_label, ylabel=_label(axes[0].name, axes[0].unit))
    elif len(axes) == 1:
        panel.plot(axes[0].values, values[-1])
        panel.set(xlabel=_label(axes[0].name, axes[0].unit), ylabel=_label(name, field.unit))
        return
    else:
        frame = values[-1]
        while frame.ndim > 2:
            frame = frame[..., frame.shape[-1] // 2]
        image = panel.imshow(
            frame.T,
            origin="lower",
            interpolation="nearest",
            extent=(*_ends(axes[0]), *_ends(axes[1])),
            **colours,
        )
        panel.set(xlabel=_label(axes[0].name, axes[0].unit), ylabel=_label(axes[1].name, axes[1].unit))
        if len(values) > 1:
            panel.set_title(f"time {times[-1]:g}", fontsize="medium")
    shrink = 0.7 if len(axes) > 1 else 1.0
    figure.colorbar(image, ax=panel, pad=0.015, shrink=shrink, label=_label(name, field.unit))


def _among_others(panel: Axes, field: Field, *, value: float, source: Split) -> None:
    """One number, as a line through the distribution of the same number in the trajectories of its split."""
    count = min(len(source), MOST_FRAMES)
    others = [float(source.read(i, 0, 1, field=field.name).flat[0]) for i in range(count)]
    panel.hist(others, bins=min(50, max(5, count // 10)), color="#BBBBBB")
    panel.axvline(value, linewidth=2)
    panel.set(xlabel=_label(field.name, field.unit), ylabel="trajectories")


def _lines(
    panel: Axes, values: NDArray[np.float64], *, times: NDArray[np.float64], axes: Sequence[Axis]
) -> None:
    for i, line in enumerate(values.T):
        panel.plot(
            times, line, linewidth=1.2, label=f"{axes[0].name} {axes[0].values[i]:g}" if axes else None
        )
    panel.set_xlim(times[0], times[-1])
    if axes:
        panel.legend(fontsize="small", ncols=min(4, len(axes[0])))


def _colours(values: NDArray[np.float64]) -> dict[str, Any]:
    """Diverging about zero for what takes both signs, rising for what does not; outliers do not count."""
    low, high = np.quantile(values, (0.002, 0.998))
    if low < 0 < high and min(-low, high) > 0.1 * max(-low, high):
        limit = max(-low, high)
        return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    return {"cmap": "viridis", "vmin": low, "vmax": high if high > low else low + 1}


def _ends(axis: Axis) -> tuple[float, float]:
    """The edges of the outermost cells; a periodic axis begins at its first point."""
    spacing = (axis.values[-1] - axis.values[0]) / max(1, len(axis) - 1) or 1.0
    if axis.periodic:
        return axis.values[0], axis.values[-1] + spacing
    return axis.values[0] - spacing / 2, axis.values[-1] + spacing / 2


def _label(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name} / {unit}"
