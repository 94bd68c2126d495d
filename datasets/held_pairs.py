"""The pairs of a split in memory, for those who want thousands of them at random, again and again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from numpy.typing import NDArray

from .plan import DatasetError
from .room import size_in_words

if TYPE_CHECKING:
    from .pairs import Pairs

__all__ = ["HeldPairs"]

Numbers = NDArray[np.floating[Any]]

SHARE = 0.5
"""Of the memory that is available, what may be held where no limit is given."""


@dataclass(frozen=True, eq=False)
class HeldPairs:
    """All pairs in memory, in the order of `Pairs`: pair i is frame i % frames of trajectory i // frames.

    A query is kept once for its trajectory, not once for each of its pairs.

    Attributes:
        inputs: name -> (trajectories, *shape): what was asked, `time` apart.
        times: (frames,) since the query's own time; None for pairs that are not timed.
        outputs: name -> (trajectories, frames, *shape); one frame where pairs are not timed.

    >>> held = HeldPairs(
    ...     {"speed": np.array([1.0, 2.0])}, np.array([0.0, 0.5]), {"way": np.array([[0.0, 0.5], [0.0, 1.0]])}
    ... )
    >>> held.batch(np.array([3]))
    ({'speed': array([2.]), 'time': array([0.5])}, {'way': array([1.])})
    """

    inputs: dict[str, Numbers]
    times: Numbers | None
    outputs: dict[str, Numbers]

    @classmethod
    def read(cls, pairs: Pairs, *, dtype: str = "float64", limit: int | None = None) -> HeldPairs:
        """Read each trajectory once.

        Arguments:
            pairs: what to hold.
            dtype: `float32` takes half the memory of `float64`.
            limit: bytes that may be taken; by default half of the memory that is available now.
        Raises `DatasetError` where they would take more, before the first is read.
        """
        width = np.dtype(dtype).itemsize
        asked = sum(math.prod(shape) for name, shape in pairs.input_shapes.items() if name != "time")
        answered = sum(math.prod(shape) for shape in pairs.output_shapes.values())
        needed = width * pairs.trajectories * (asked + pairs.frames * answered)
        allowed = int(SHARE * psutil.virtual_memory().available) if limit is None else limit
        if needed > allowed:
            advice = "a shorter horizon, fewer outputs" if pairs.timed else "fewer outputs"
            raise DatasetError(
                f"{len(pairs):,} pairs in {dtype} take {size_in_words(needed)}, and "
                f"{size_in_words(allowed)} may be taken; choose {advice}, a smaller set, float32 or a "
                "machine with more memory"
            )
        count = pairs.trajectories
        inputs: dict[str, Numbers] = {
            n: np.empty((count, *s), dtype) for n, s in pairs.input_shapes.items() if n != "time"
        }
        outputs: dict[str, Numbers] = {
            n: np.empty((count, pairs.frames, *s), dtype) for n, s in pairs.output_shapes.items()
        }
        for trajectory in range(count):
            given, wanted = pairs.trajectory(trajectory)
            for name, values in given.items():
                inputs[name][trajectory] = values
            for name, values in wanted.items():
                outputs[name][trajectory] = values
        return cls(inputs, pairs.times, outputs)

    @property
    def trajectories(self) -> int:
        """How many queries there are."""
        return len(next(iter(self.outputs.values())))

    @property
    def frames(self) -> int:
        """Pairs of each query."""
        return int(next(iter(self.outputs.values())).shape[1])

    def __len__(self) -> int:
        return self.trajectories * self.frames

    def parted(self, first: int) -> tuple[HeldPairs, HeldPairs]:
        """The first so many trajectories, and the rest; both look into the same memory."""
        parts = (slice(None, first), slice(first, None))
        left, right = (
            HeldPairs(
                {name: values[part] for name, values in self.inputs.items()},
                self.times,
                {name: values[part] for name, values in self.outputs.items()},
            )
            for part in parts
        )
        return left, right

    def batch(self, chosen: NDArray[np.intp]) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
        """Some pairs stacked, as `Pairs.batch` gives them, by fancy indexing: thousands in a millisecond."""
        trajectories, frames = np.divmod(np.asarray(chosen), self.frames)
        inputs = {name: values[trajectories] for name, values in self.inputs.items()}
        if self.times is not None:
            inputs["time"] = self.times[frames]
        return inputs, {name: values[trajectories, frames] for name, values in self.outputs.items()}
