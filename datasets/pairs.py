"""Training examples of a map: what was asked, and what the solver answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .split import Split

__all__ = ["Pairs"]

Named = dict[str, NDArray[np.float64]]


class Pairs:
    """Lazy training examples: named inputs -> named outputs, read from disk when asked for.

    Pair `i` of steady fields is trajectory `i`. With `timed`, every frame of every trajectory is a pair, in
    order: the inputs are the query at the trajectory's first frame and, as `time`, the time since then.

    Attributes:
        input_shapes, output_shapes: name -> shape of one input or output, `()` for a number.
    """

    def __init__(
        self, source: Split, *, inputs: Sequence[str], outputs: Sequence[str], timed: bool = False
    ) -> None:
        self.source, self.timed = source, timed
        self.input_shapes = {name: source.shape_of(name) for name in inputs} | ({"time": ()} if timed else {})
        self.output_shapes = {name: source.shape_of(name) for name in outputs}

    def __len__(self) -> int:
        return len(self.source) * (self.source.frames if self.timed else 1)

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        if not 0 <= pair < len(self):
            raise IndexError(f"pair {pair} of {len(self)}")
        trajectory, frame = divmod(pair, self.source.frames) if self.timed else (pair, 0)
        inputs = {name: self._read(trajectory, 0, name) for name in self.input_shapes if name != "time"}
        if self.timed:
            inputs["time"] = np.asarray(self.source.times[frame])
        return inputs, {name: self._read(trajectory, frame, name) for name in self.output_shapes}

    def batch(self, chosen: Sequence[int]) -> tuple[Named, Named]:
        """Some pairs stacked: name -> (pairs, *shape), of inputs and of outputs."""
        pairs = [self[i] for i in chosen]
        inputs = {name: np.stack([given[name] for given, _ in pairs]) for name in self.input_shapes}
        outputs = {name: np.stack([wanted[name] for _, wanted in pairs]) for name in self.output_shapes}
        return inputs, outputs

    def _read(self, trajectory: int, frame: int, name: str) -> NDArray[np.float64]:
        return self.source.read(trajectory, frame, frame + 1, field=name)[0].astype(np.float64, copy=False)
