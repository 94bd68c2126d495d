"""Every pair again as a symmetry of the system sees it: more to learn from, which no solver has to answer."""

from __future__ import annotations

from collections.abc import Sequence

from ..solvers.contract import SolverError, Symmetry
from .pairs import Named, Pairs

__all__ = ["WithImages"]


class WithImages(Pairs):
    """Pairs of steady fields, then their images under each symmetry in turn.

    Attributes:
        own: the pairs themselves.
        symmetries: of their system.

    Raises `SolverError` for pairs that are timed.
    """

    def __init__(self, own: Pairs, symmetries: Sequence[Symmetry]) -> None:
        if own.timed:
            raise SolverError("images are made of steady fields; these pairs are timed")
        self.own, self.symmetries = own, tuple(symmetries)
        self.source, self.timed, self.horizon, self.frames = own.source, own.timed, own.horizon, own.frames
        self.input_shapes, self.output_shapes = own.input_shapes, own.output_shapes

    @property
    def trajectories(self) -> int:
        """See `Pairs`."""
        return self.own.trajectories * (1 + len(self.symmetries))

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory)
        image, place = divmod(trajectory, self.own.trajectories)
        inputs, outputs = self.own.trajectory(place)
        if not image:
            return inputs, outputs
        return self.own.image(self.symmetries[image - 1], inputs=inputs, outputs=outputs)

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        inputs, outputs = self.trajectory(pair)
        return inputs, {name: values[0] for name, values in outputs.items()}
