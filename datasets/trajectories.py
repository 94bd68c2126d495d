"""Training examples of an evolution: trajectories of frames at one constant interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Axis

__all__ = ["Trajectories"]


class Trajectories:
    """Lazy training examples of an evolution: trajectories of frames at one constant interval.

    A frame has shape (channels, *grid): the named fields stacked as channels. Trajectory `i` is
    `examples[i]`, shape (frames, channels, *grid), read from disk when asked for.
    """

    def __init__(
        self,
        source: Any,
        *,
        fields: Sequence[str],
        stride: int,
        interval: float,
        axes: tuple[Axis, ...] | None = None,
    ) -> None:
        self.source = source
        self.axes = axes
        """Of the grid; None where they are not known."""
        self.fields = tuple(fields)
        self.stride = stride
        self.interval = interval * stride
        """Time between the frames given here."""

    def __len__(self) -> int:
        return len(self.source)

    @property
    def frames(self) -> int:
        """Frames per trajectory."""
        return 1 + (self.source.frames - 1) // self.stride

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """(channels, *grid)"""
        return (len(self.fields), *self.source.grid)

    def window(self, trajectory: int, start: int, frames: int) -> NDArray[np.float64]:
        """`frames` consecutive frames from `start`: (frames, channels, *grid)."""
        if not 0 <= start <= start + frames <= self.frames:
            raise IndexError(
                f"window [{start}, {start + frames}) lies outside a trajectory of {self.frames} frames"
            )
        stop = (start + frames - 1) * self.stride + 1
        parts = [
            self.source.read(trajectory, start * self.stride, stop, step=self.stride, field=name)
            for name in self.fields
        ]
        return np.stack(parts, axis=1).astype(np.float64, copy=False)

    def __getitem__(self, trajectory: int) -> NDArray[np.float64]:
        if not 0 <= trajectory < len(self):
            raise IndexError(f"trajectory {trajectory} of {len(self)}")
        return self.window(trajectory, 0, self.frames)
