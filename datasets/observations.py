"""What an instrument sees of a trajectory, and what was there: to rebuild fields from parts of them."""

from __future__ import annotations

import time
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from ..solvers.contract import Answer, Axis, Queries, Solution, SolverError, Status, check_times
from .pairs import Named, Pairs
from .tasks import Maps, Task, inputs_of, outputs_of, solution_of

if TYPE_CHECKING:
    from .split import Split
    from .training_set import TrainingSet

__all__ = ["KNOWN", "SEEN", "Coarse", "Gappy", "Instrument", "Observations", "Observed"]

SEEN, KNOWN = "seen", "known"
"""Names of what an instrument gives: what it saw, and where."""


@dataclass(frozen=True)
class Instrument(ABC):
    """What is seen of true frames. The names of its fields are its settings."""

    @property
    def described(self) -> dict[str, Any]:
        """Its name and settings as plain data, for the record."""
        return {"instrument": type(self).__name__, **{f.name: getattr(self, f.name) for f in fields(self)}}

    @abstractmethod
    def shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Of what it gives for frames of this shape (frames, *grid); `SolverError` where that cannot be."""

    @abstractmethod
    def __call__(self, frames: NDArray[np.float64], generator: np.random.Generator) -> Named:
        """(frames, *grid) -> what is seen of them, by name."""


@dataclass(frozen=True)
class Coarse(Instrument):
    """`seen`: every frame on so many times fewer points along each axis, waves that are too short for these
    left out first (an ideal filter), so that none of them passes for a longer one. For periodic grids.

    Attributes:
        factor: how many times fewer; divides the points of every axis.
    """

    factor: int = 4

    def __post_init__(self) -> None:
        if self.factor < 2:
            raise SolverError(f"the factor must be at least 2, got {self.factor}")

    def shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """See `Instrument`."""
        if any(points % self.factor or points // self.factor < 3 for points in shape[1:]):
            raise SolverError(
                f"the factor {self.factor} must divide the points of the grid {shape[1:]} and leave at least "
                "3 along each axis"
            )
        return {SEEN: (shape[0], *(points // self.factor for points in shape[1:]))}

    def __call__(self, frames: NDArray[np.float64], generator: np.random.Generator) -> Named:
        """See `Instrument`; nothing is random."""
        seen = frames
        for axis in range(1, frames.ndim):
            seen = scipy.signal.resample(seen, frames.shape[axis] // self.factor, axis=axis)
        return {SEEN: np.ascontiguousarray(seen)}


@dataclass(frozen=True)
class Gappy(Instrument):
    """`seen`: some values, with noise, zero elsewhere; `known`: 1 where they are, 0 elsewhere.

    Attributes:
        share: of the places and times that are seen, each by itself.
        noise: standard deviation, in units of the field.
    """

    share: float = 0.25
    noise: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or not 0 <= self.noise < np.inf:
            raise SolverError(
                f"share must lie in (0, 1] and noise be at least 0, got {self.share} and {self.noise}"
            )

    def shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """See `Instrument`."""
        return {SEEN: shape, KNOWN: shape}

    def __call__(self, frames: NDArray[np.float64], generator: np.random.Generator) -> Named:
        """See `Instrument`."""
        known = (generator.random(frames.shape) < self.share).astype(np.float64)
        noise = self.noise * generator.standard_normal(frames.shape)
        return {SEEN: known * (frames + noise), KNOWN: known}


class Observations(Pairs):
    """Pairs of what is seen of a window of frames, and the window. Not timed: a window is one pair.

    Windows begin every `every` frames of every trajectory, as far as they fit. What is random about window i
    of a split depends on the seed, the split's name and i alone. `axes` are those of the grid, None where
    they are not known.

    Raises `SolverError` where not one window fits.
    """

    def __init__(
        self,
        source: Split,
        *,
        field: str,
        instrument: Instrument,
        window: int,
        every: int,
        seed: int,
        axes: tuple[Axis, ...] | None = None,
    ) -> None:
        if not 1 <= window <= source.frames or every < 1:
            raise SolverError(
                f"windows must have 1 to {source.frames} frames, which the trajectories have, and begin at "
                f"least 1 frame apart; got {window} and {every}"
            )
        self.source, self.timed, self.horizon, self.frames = source, False, None, 1
        self.field, self.instrument, self.window, self.every = field, instrument, window, every
        self.axes = axes
        self._seed = [seed, zlib.crc32(source.name.encode())]
        self._shape = (window, *source.shape_of(field))
        self.input_shapes = instrument.shapes(self._shape)
        self.output_shapes = {field: self._shape}
        self._places = 1 + (source.frames - window) // every

    @property
    def trajectories(self) -> int:
        """Windows."""
        return len(self.source) * self._places

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory)
        place, start = divmod(trajectory, self._places)
        first = start * self.every
        true = self.source.read(place, first, first + self.window, field=self.field).astype(np.float64)
        generator = np.random.default_rng([*self._seed, trajectory])
        return self.instrument(true, generator), {self.field: true[None]}

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        inputs, outputs = self.trajectory(pair)
        return inputs, {name: values[0] for name, values in outputs.items()}


@dataclass(frozen=True)
class Observed(Task):
    """What an instrument saw of a window -> what was there: finer, without gaps, without noise.

    Attributes:
        field: which is observed: a scalar on the whole grid that varies in time.
        instrument: how.
        window: frames that are seen, and rebuilt, together.
        every: frames from the beginning of one window to that of the next.
        seed: of what is random about the instrument.
    """

    gives: ClassVar[type] = Observations

    field: str
    instrument: Instrument
    window: int = 1
    every: int = 1
    seed: int = 0

    @property
    def described(self) -> dict[str, Any]:
        """See `Task`."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "instrument"}
        return {"task": type(self).__name__, **own, **self.instrument.described}

    def examples(self, training_set: TrainingSet, split: str) -> Observations:
        """One pair for each window; see `Observations`.

        Raises `SolverError` for a field that is no scalar on the whole grid or does not vary in time, and for
        a coarse view of a grid that is not periodic.
        """
        names = [axis.name for axis in training_set.axes]
        found = next((f for f in training_set.fields if f.name == self.field), None)
        if found is None or found.rank or not found.varies_in_time or not all(found.varies_along(names)):
            raise SolverError(
                f"{self.field!r} cannot be observed: it must be a scalar field that varies in time and along "
                f"all axes; {training_set.name} has {', '.join(f.name for f in training_set.fields)}"
            )
        walls = [axis.name for axis in training_set.axes if not axis.periodic]
        if walls and isinstance(self.instrument, Coarse):
            raise SolverError(f"Coarse sees periodic grids, and the axis {walls[0]!r} is not; take Gappy")
        return Observations(
            training_set.split(split),
            field=self.field,
            instrument=self.instrument,
            window=self.window,
            every=self.every,
            seed=self.seed,
            axes=training_set.axes,
        )

    def questions(self, training_set: TrainingSet, split: str) -> tuple[Queries, Solution]:
        """Everything that is asked of a split, and the truth, at times from the window's first frame on."""
        pairs = self.examples(training_set, split)
        inputs, outputs = pairs.batch(range(len(pairs)))
        count = len(pairs)
        truth = Solution(
            times=np.asarray(training_set.interval * np.arange(self.window), dtype=np.float64),
            values=outputs,
            status=np.full(count, Status.SOLVED, dtype=np.int8),
            seconds=np.zeros(count),
            error_estimate=np.full(count, np.nan),
        )
        return inputs, truth

    def answer(self, surrogate: Maps) -> Answer:
        """The surrogate as something that answers: all frames of the window, whose times must be asked for.

        Of `times` only how many there are counts.
        """

        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            times = check_times(times)
            if len(times) != self.window:
                raise SolverError(
                    f"a window of {self.window} frames is rebuilt as a whole; ask for {self.window} times, "
                    f"got {len(times)}"
                )
            begin = time.perf_counter()
            values = outputs_of(surrogate, inputs_of(surrogate, queries))
            seconds = time.perf_counter() - begin
            return solution_of(values, times, seconds=seconds, what="windows")

        return answer
