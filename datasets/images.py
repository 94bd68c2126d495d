"""Pairs as symmetries of their system see them: more to learn from, which no solver has to answer."""

from __future__ import annotations

from collections.abc import Sequence

from ..solvers.contract import SolverError, Symmetry
from .derived_pairs import DerivedPairs
from .pairs import Named, Pairs

__all__ = ["Seen", "WithImages"]


class Seen(DerivedPairs):
    """Each trajectory in the place of itself as a symmetry of its own sees it: what is drawn in one frame of
    reference becomes what is met in any.

    Attributes:
        own: the pairs.
        symmetries: one for each trajectory.

    Raises `SolverError` for another number of symmetries.
    """

    def __init__(self, own: Pairs, symmetries: Sequence[Symmetry]) -> None:
        super().__init__(own)
        self.symmetries = tuple(symmetries)
        if len(self.symmetries) != own.trajectories:
            raise SolverError(
                f"each trajectory needs a symmetry of its own, got {len(self.symmetries)} for "
                f"{own.trajectories} trajectories"
            )

    @property
    def trajectories(self) -> int:
        """See `Pairs`."""
        return self.own.trajectories

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory * self.frames)
        inputs, outputs = self.own.trajectory(trajectory)
        return self.own.image(self.symmetries[trajectory], inputs=inputs, outputs=outputs)


class WithImages(DerivedPairs):
    """The pairs, then their images under each symmetry in turn.

    Attributes:
        own: the pairs themselves.
        symmetries: of their system.
    """

    def __init__(self, own: Pairs, symmetries: Sequence[Symmetry]) -> None:
        super().__init__(own)
        self.symmetries = tuple(symmetries)

    @property
    def trajectories(self) -> int:
        """See `Pairs`."""
        return self.own.trajectories * (1 + len(self.symmetries))

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory * self.frames)
        image, place = divmod(trajectory, self.own.trajectories)
        inputs, outputs = self.own.trajectory(place)
        if not image:
            return inputs, outputs
        return self.own.image(self.symmetries[image - 1], inputs=inputs, outputs=outputs)
