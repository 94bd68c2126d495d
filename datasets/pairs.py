"""Training examples of a map: what was asked, and what the solver answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Symmetry
from .held_pairs import HeldPairs
from .plan import DatasetError

if TYPE_CHECKING:
    from .split import Split

__all__ = ["Named", "Pairs"]

Named = dict[str, NDArray[np.float64]]


class Pairs:
    """Lazy training examples: named inputs -> named outputs, read from disk when asked for.

    Pair `i` of steady fields is trajectory `i`. With `timed`, every frame of every trajectory is a pair, in
    order: the inputs are the query at the trajectory's first frame and, as `time`, the time since then. A
    `horizon` leaves out the frames after it. One pair at a time is slow; `trajectory` reads all pairs of one
    query at once, and `held` takes the whole split into memory.

    Attributes:
        input_shapes, output_shapes: name -> shape of one input or output, `()` for a number.
        frames: pairs of each trajectory.

    Raises `DatasetError` for a horizon that is not positive, beyond the last frame, or of pairs that are not
    timed.
    """

    def __init__(
        self,
        source: Split,
        *,
        inputs: Sequence[str],
        outputs: Sequence[str],
        timed: bool = False,
        horizon: float | None = None,
    ) -> None:
        self.source, self.timed, self.horizon = source, timed, horizon
        self.input_shapes = {name: source.shape_of(name) for name in inputs} | ({"time": ()} if timed else {})
        self.output_shapes = {name: source.shape_of(name) for name in outputs}
        self.frames = source.frames if timed else 1
        if horizon is not None:
            if not timed or not horizon > 0:
                raise DatasetError(
                    f"a horizon must be positive and limits pairs that are timed, got {horizon} "
                    f"of pairs that are {'timed' if timed else 'not'}"
                )
            if horizon > source.times[-1] + 0.5 * source.interval:
                raise DatasetError(
                    f"the horizon is {horizon:g}, but trajectories end at {source.times[-1]:g}; lower the "
                    "horizon or generate longer trajectories"
                )
            self.frames = int(np.searchsorted(source.times, horizon * (1 + 1e-9), side="right"))

    @property
    def trajectories(self) -> int:
        """How many queries there are."""
        return len(self.source)

    def __len__(self) -> int:
        return self.trajectories * self.frames

    @property
    def times(self) -> NDArray[np.float64] | None:
        """(frames,) of the pairs of each trajectory; None where they are not timed."""
        return np.asarray(self.source.times[: self.frames]) if self.timed else None

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        self._refuse(pair)
        trajectory, frame = divmod(pair, self.frames)
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

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """All pairs of one query: inputs, `time` apart, as name -> (*shape); outputs as (frames, *shape)."""
        asked = (name for name in self.input_shapes if name != "time")
        inputs = {name: self._read(trajectory, frame=0, name=name) for name in asked}
        outputs = {}
        for name, shape in self.output_shapes.items():
            values = self.source.read(trajectory, 0, self.frames, field=name)
            # a field that does not vary in time is one frame, whatever is asked for
            values = np.broadcast_to(values, (self.frames, *shape))
            outputs[name] = values.astype(np.float64, copy=False)
        return inputs, outputs

    def image(self, symmetry: Symmetry, *, inputs: Named, outputs: Named) -> tuple[Named, Named]:
        """What `trajectory` gave, as a symmetry of the system sees it."""
        asked = symmetry({name: values[None] for name, values in inputs.items()})
        return {name: values[0] for name, values in asked.items()}, symmetry(outputs)

    def held(self, *, dtype: str = "float64", limit: int | None = None) -> HeldPairs:
        """All of them in memory; see `HeldPairs.read`."""
        return HeldPairs.read(self, dtype=dtype, limit=limit)

    def _refuse(self, pair: int) -> None:
        if not 0 <= pair < len(self):
            raise IndexError(f"pair {pair} of {len(self)}")

    def _read(self, trajectory: int, frame: int, name: str) -> NDArray[np.float64]:
        return self.source.read(trajectory, frame, frame + 1, field=name)[0].astype(np.float64, copy=False)
