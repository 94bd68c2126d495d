"""Pairs that are made of others, trajectory by trajectory: what all such have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .pairs import Named, Pairs

__all__ = ["DerivedPairs"]


class DerivedPairs(Pairs):
    """The shapes, times and frames of other pairs; a subclass says how many trajectories, and which.

    Attributes:
        own: the others.
    """

    def __init__(self, own: Pairs) -> None:
        self.own = own
        self.source, self.timed, self.horizon, self.frames = own.source, own.timed, own.horizon, own.frames
        self.input_shapes, self.output_shapes = own.input_shapes, own.output_shapes

    @property
    def times(self) -> NDArray[np.float64] | None:
        """See `Pairs`."""
        return self.own.times

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        self._refuse(pair)
        trajectory, frame = divmod(pair, self.frames)
        inputs, outputs = self.trajectory(trajectory)
        if self.times is not None:
            inputs = {**inputs, "time": np.asarray(self.times[frame])}
        return inputs, {name: values[frame] for name, values in outputs.items()}
