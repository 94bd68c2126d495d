"""Condition -> what is observed of configurations, at once, for what draws none of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer
from .configurations import Sampled
from .pairs import Named, Pairs
from .tasks import Direct, Maps

if TYPE_CHECKING:
    from .split import Split
    from .training_set import TrainingSet

__all__ = ["Estimated", "ObservedPairs", "Tabulated"]


@dataclass(frozen=True)
class Estimated(Sampled):
    """Condition -> what is observed, at once, for surrogates that learn from configurations and draw none."""

    def answer(self, surrogate: Maps) -> Answer:
        """See `Direct`."""
        return Direct().answer(surrogate)


@dataclass(frozen=True)
class Tabulated(Estimated):
    """The same, learned from what is observed of each sample's kept configurations and from nothing else.

    A solver may have averaged over more than it kept: its own fields are in the set, and `Direct` learns
    those.
    """

    gives: ClassVar[type] = Pairs

    def examples(self, training_set: TrainingSet, split: str) -> ObservedPairs:  # type: ignore[override]
        """One pair for each sample; raises as `Sampled`."""
        return ObservedPairs(super().examples(training_set, split).source, self)


class ObservedPairs(Pairs):
    """Pairs of a condition with what is observed of the configurations there, all of them numbers."""

    def __init__(self, source: Split, task: Sampled) -> None:
        super().__init__(source, inputs=(task.condition,), outputs=(task.drawn,))
        self.task = task
        self.output_shapes = dict.fromkeys(
            self._observed(np.ones(source.shape_of(task.drawn)), np.ones(())), ()
        )

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        self._refuse(pair)
        given, wanted = self.trajectory(pair)
        return given, {name: values[0] for name, values in wanted.items()}

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        condition, copies = (self._read(trajectory, 0, n) for n in (self.task.condition, self.task.drawn))
        return {self.task.condition: condition}, self._observed(copies, condition)

    def _observed(self, copies: NDArray[np.float64], condition: NDArray[np.float64]) -> Named:
        """Name -> (1,)"""
        found = self.task.system.observed(
            {self.task.drawn: copies[None, None]}, {self.task.condition: condition[None]}
        )
        return {name: values[0] for name, values in found.items()}
