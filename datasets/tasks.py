"""What one training example is, and how a surrogate's predictions go back into the solution's shape."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, Solution, SolverError, Status, check_times
from .images import WithImages
from .pairs import Pairs
from .trajectories import Trajectories

if TYPE_CHECKING:
    from .split import Split
    from .training_set import TrainingSet

__all__ = ["Autoregressive", "Direct", "Task", "TimeConditioned", "Trajectories", "history_key"]


def history_key(field: str, interval: float) -> str:
    """The query's name for past frames of a field, `interval` apart: `history/0.25/u`."""
    return f"history/{interval:g}/{field}"


class Forecasts(Protocol):
    """The part of a surrogate that `Autoregressive` needs."""

    @property
    def history_frames(self) -> int: ...

    def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor: ...


class Maps(Protocol):
    """The part of a surrogate that `Direct` and `TimeConditioned` need."""

    device: torch.device
    dtype: torch.dtype
    input_shapes: dict[str, tuple[int, ...]] | None
    output_shapes: dict[str, tuple[int, ...]] | None

    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]: ...


@dataclass(frozen=True)
class Task(ABC):
    """One way to pose a learning problem on a training set, and its mirror."""

    gives: ClassVar[type]
    """The kind of its examples; a surrogate that learns another kind cannot be trained on it."""

    @property
    def described(self) -> dict[str, Any]:
        """Its name and settings as plain data, for the record."""
        return {"task": type(self).__name__, **{f.name: getattr(self, f.name) for f in fields(self)}}

    @abstractmethod
    def examples(self, training_set: TrainingSet, split: str) -> Any:
        """What a surrogate's `fit` is given."""

    @abstractmethod
    def answer(self, surrogate: Any) -> Answer:
        """The surrogate in the solver's place: `(queries, times) -> Solution`."""


@dataclass(frozen=True)
class Autoregressive(Task):
    """u(t) -> u(t + interval), fed back: the surrogate replaces the solver's stepping.

    Attributes:
        interval: time between two applications of the surrogate; a multiple of the set's interval.
        fields: which fields form the state, stacked as channels in this order: scalars on the whole grid.
    """

    gives: ClassVar[type] = Trajectories

    interval: float
    fields: tuple[str, ...]

    def examples(self, training_set: TrainingSet, split: str) -> Trajectories:
        """The split's trajectories, thinned to this task's interval.

        Raises `SolverError` for another interval than the set allows, and for fields that are no channels.
        """
        stride = _multiple(self.interval, training_set.interval, "the task's interval", "the set's interval")
        names = [axis.name for axis in training_set.axes]
        for field in training_set.fields:
            if field.name in self.fields and (
                field.rank or not field.varies_in_time or not all(field.varies_along(names))
            ):
                raise SolverError(
                    f"{field.name!r} cannot be a channel of a state: it must be a scalar that varies in time "
                    f"and along all axes of {training_set.plan.system['title']}; leave it out"
                )
        return Trajectories(
            training_set.split(split),
            fields=self.fields,
            stride=stride,
            interval=training_set.interval,
            axes=training_set.axes,
        )

    def answer(self, surrogate: Forecasts) -> Answer:
        """The forecaster as something that answers queries: it reads the history and runs freely.

        The history stands in the queries under `history_key(field, interval)`, (samples, frames, *grid), its
        last frame being the state at time 0. A forecaster without memory needs the initial state alone.
        Requested times must be multiples of `interval`.
        """

        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            times = check_times(times)
            steps = _steps(times, self.interval)
            history = self._history(queries, surrogate.history_frames)
            samples, grid = len(history), history.shape[3:]
            begin = time.perf_counter()
            values = np.empty((samples, len(times), len(self.fields), *grid))
            every = int(np.gcd.reduce(steps)) or 1
            later = steps > 0
            values[:, ~later] = history[:, -1:]
            if samples and later.any():
                forecast = surrogate.forecast(torch.from_numpy(history), int(steps[-1]), every=every)
                frames = forecast.detach().cpu().double().numpy()
                values[:, later] = frames[:, steps[later] // every - 1]
            seconds = time.perf_counter() - begin
            named = {name: values[:, :, c] for c, name in enumerate(self.fields)}
            return solution_of(named, times, seconds=seconds, what="forecasts")

        return answer

    def _history(self, queries: Queries, frames: int) -> NDArray[np.float64]:
        """(samples, frames, channels, *grid), the last frame being the initial state."""
        parts = []
        for name in self.fields:
            key = history_key(name, self.interval)
            if key in queries:
                known = np.asarray(queries[key], dtype=np.float64)
            elif frames == 1 and name in queries:
                known = np.asarray(queries[name], dtype=np.float64)[:, None]
            else:
                raise SolverError(f"this surrogate needs {frames} frames of history in {key!r}")
            if known.shape[1] < frames:
                raise SolverError(
                    f"{key!r} must hold at least {frames} frames ending at time 0, got {known.shape[1]}"
                )
            parts.append(known[:, known.shape[1] - frames :])
        return np.ascontiguousarray(np.stack(parts, axis=2))


@dataclass(frozen=True)
class Direct(Task):
    """Query -> steady fields, at once: a shape to the flow around it. Time plays no part.

    Attributes:
        inputs: which query fields are given; None for all.
        outputs: which of the solution's fields are learned; None for all.
        images: whether the images of the training pairs under the system's symmetries are learned, too.
    """

    gives: ClassVar[type] = Pairs

    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    images: bool = False

    def examples(self, training_set: TrainingSet, split: str) -> Pairs:
        """One pair for each sample; `SolverError` for a set whose fields change in time."""
        source = training_set.split(split)
        if source.frames != 1:
            raise SolverError(
                f"Direct learns one answer for each query, but {training_set.name} has {source.frames} "
                f"frames of each in {split!r}; take TimeConditioned"
            )
        pairs = _pairs(training_set, source, self)
        return with_images(pairs, training_set, split, wanted=self.images)

    def answer(self, surrogate: Maps) -> Answer:
        """The surrogate as something that answers queries: the same fields at every time asked for."""

        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            times = check_times(times)
            begin = time.perf_counter()
            said = outputs_of(surrogate, inputs_of(surrogate, queries))
            values = {name: np.repeat(v[:, None], len(times), axis=1) for name, v in said.items()}
            return solution_of(values, times, seconds=time.perf_counter() - begin, what="answers")

        return answer


@dataclass(frozen=True)
class TimeConditioned(Task):
    """(Query, t) -> fields at time t, at once: no stepping, and any time can be asked for.

    Attributes:
        inputs: which query fields are given, beside `time`; None for all.
        outputs: which of the solution's fields are learned; None for all.
        horizon: the latest time that is learned, so that windows of several lengths come from one set; None
            for all that the set has.
    """

    gives: ClassVar[type] = Pairs

    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    horizon: float | None = None

    def __post_init__(self) -> None:
        if self.horizon is not None and not self.horizon > 0:
            raise SolverError(f"a task's horizon must be positive, or None for all times; got {self.horizon}")

    def examples(self, training_set: TrainingSet, split: str) -> Pairs:
        """One pair for each frame of each sample: the query at the first frame, and the time since."""
        return _pairs(training_set, training_set.split(split), self)

    def answer(self, surrogate: Maps) -> Answer:
        """The surrogate as something that answers queries: every sample with every time, in one batch."""

        def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
            times = check_times(times)
            begin = time.perf_counter()
            given = inputs_of(surrogate, queries)
            samples = len(next(iter(given.values())))
            inputs = {name: np.repeat(values, len(times), axis=0) for name, values in given.items()}
            said = outputs_of(surrogate, {**inputs, "time": np.tile(times, samples)})
            values = {name: v.reshape(samples, len(times), *v.shape[1:]) for name, v in said.items()}
            return solution_of(values, times, seconds=time.perf_counter() - begin, what="answers")

        return answer


def _pairs(training_set: TrainingSet, source: Split, task: Direct | TimeConditioned) -> Pairs:
    return Pairs(
        source,
        inputs=training_set.plan.query if task.inputs is None else task.inputs,
        outputs=training_set.plan.answer if task.outputs is None else task.outputs,
        timed=isinstance(task, TimeConditioned),
        horizon=task.horizon if isinstance(task, TimeConditioned) else None,
    )


def with_images(pairs: Pairs, training_set: TrainingSet, split: str, *, wanted: bool) -> Pairs:
    """The pairs of the training split with their images, if these are wanted; others as they are.

    Raises `SolverError` for a system that has no symmetry.
    """
    if not wanted or split != "train":
        return pairs
    symmetries = training_set.system.symmetries
    if not symmetries:
        raise SolverError(f"{training_set.system_name} has no symmetries to learn from; set images to False")
    return WithImages(pairs, symmetries)


def inputs_of(surrogate: Maps, queries: Queries) -> dict[str, NDArray[np.float64]]:
    """What the surrogate was trained to be given, time apart; `SolverError` where a query lacks it."""
    given = {}
    for name, shape in (surrogate.input_shapes or {}).items():
        if name == "time":
            continue
        if name not in queries or np.shape(queries[name])[1:] != shape:
            got = "nothing" if name not in queries else f"shape {np.shape(queries[name])}"
            expected = ", ".join(["samples", *map(str, shape)])
            raise SolverError(f"this surrogate needs {name!r} of shape ({expected}), got {got}")
        given[name] = np.asarray(queries[name], dtype=np.float64)
    return given


@torch.inference_mode()
def outputs_of(surrogate: Maps, inputs: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """What it says, as NumPy takes it; where nothing is asked, it is not asked, and says nothing."""
    if not all(map(len, inputs.values())) and surrogate.output_shapes:
        return {name: np.empty((0, *shape)) for name, shape in surrogate.output_shapes.items()}
    tensors = {n: torch.from_numpy(v).to(surrogate.device, surrogate.dtype) for n, v in inputs.items()}
    return {name: tensor.cpu().double().numpy() for name, tensor in surrogate(tensors).items()}


def solution_of(
    values: Mapping[str, NDArray[np.float64]], times: NDArray[np.float64], *, seconds: float, what: str
) -> Solution:
    """A surrogate's answer; what is not finite has diverged."""
    samples = len(next(iter(values.values())))
    finite = np.ones(samples, np.bool_)
    for v in values.values():
        if not (known := np.isfinite(v)).all():
            finite &= known.reshape(samples, -1).all(axis=1)
    return Solution(
        times=times,
        values=values,
        status=np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8),
        seconds=np.full(samples, seconds / max(1, samples)),
        error_estimate=np.full(samples, np.nan),
        notes=() if finite.all() else (f"{(~finite).sum()} {what} became infinite or NaN",),
    )


def _steps(times: NDArray[np.float64], interval: float) -> NDArray[np.intp]:
    """How many intervals go into each time; `SolverError` where that is no whole number."""
    steps = np.rint(times / interval).astype(np.intp)
    wrong = np.abs(steps * interval - times) > 1e-9 * np.maximum(times, interval)
    if wrong.any():
        raise SolverError(
            f"an output time ({times[wrong][0]:g}) must be a whole multiple of the surrogate's interval "
            f"({interval:g})"
        )
    return steps


def _multiple(whole: float, part: float, whole_name: str, part_name: str) -> int:
    """How many times `part` goes into `whole`; `SolverError` where it does not."""
    count = round(whole / part)
    if abs(count * part - whole) > 1e-9 * max(abs(whole), part) or (whole > 0 and count < 1):
        raise SolverError(f"{whole_name} ({whole:g}) must be a whole multiple of {part_name} ({part:g})")
    return count
