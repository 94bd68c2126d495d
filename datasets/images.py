"""Every pair again as a symmetry of the system sees it: more to learn from, which no solver has to answer."""

from __future__ import annotations

from collections.abc import Sequence

from ..solvers.contract import Symmetry
from .pairs import Named, Pairs

__all__ = ["WithImages"]


class WithImages(Pairs):
    """Pairs, then their images under each symmetry in turn.

    Attributes:
        own: the pairs themselves.
        symmetries: of their system.
    """

    def __init__(self, own: Pairs, symmetries: Sequence[Symmetry]) -> None:
        self.own, self.symmetries = own, tuple(symmetries)
        self.source, self.timed, self.horizon, self.frames = own.source, own.timed, own.horizon, own.frames
        self.input_shapes, self.output_shapes = own.input_shapes, own.output_shapes

    @property
    def trajectories(self) -> int:
        """See `Pairs`."""
        return self.own.trajectories * (1 + len(self.symmetries))

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory * self.frames)
        image, place = divmod(trajectory, self.own.trajectories)
        inputs, outputs = self.own.trajectory(place)
        return self.own.image(self.symmetries[image - 1], inputs, outputs) if image else (inputs, outputs)

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        self._refuse(pair)
        trajectory, frame = divmod(pair, self.frames)
        inputs, outputs = self.trajectory(trajectory)
        if self.times is not None:
            inputs["time"] = self.times[frame]
        return inputs, {name: values[frame] for name, values in outputs.items()}
