"""Some of the pairs: how much a surrogate learns from few, of one set."""

from __future__ import annotations

from collections.abc import Sequence

from .derived_pairs import DerivedPairs
from .pairs import Named, Pairs

__all__ = ["ChosenPairs"]


class ChosenPairs(DerivedPairs):
    """Some trajectories, in this order.

    Attributes:
        own: of which these are some.
        chosen: their places.

    Raises `IndexError` for a place that is not there.
    """

    def __init__(self, own: Pairs, chosen: Sequence[int]) -> None:
        super().__init__(own)
        self.chosen = tuple(chosen)
        for place in self.chosen:
            if not 0 <= place < own.trajectories:
                raise IndexError(f"trajectory {place} of {own.trajectories}")

    @property
    def trajectories(self) -> int:
        """See `Pairs`."""
        return len(self.chosen)

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory * self.frames)
        return self.own.trajectory(self.chosen[trajectory])
