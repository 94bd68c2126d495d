"""What one training example is, and how a surrogate's predictions go back into the solution's shape."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, Solution, SolverError, Status, check_times

if TYPE_CHECKING:
    from .training_set import TrainingSet

__all__ = ["Autoregressive", "Forecaster", "Task", "Trajectories", "history_key"]


def history_key(field: str, interval: float) -> str:
    """The query's name for past frames of a field, `interval` apart: `history/0.25/u`."""
    return f"history/{interval:g}/{field}"


class Forecaster(Protocol):
    """The part of a surrogate that `Autoregressive` needs."""

    @property
    def history_frames(self) -> int: ...

    def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor: ...


class Task(ABC):
    """One way to pose a learning problem on a training set, and its mirror."""

    @abstractmethod
    def examples(self, training_set: TrainingSet, split: str) -> Any:
        """What a surrogate's `fit` is given."""

    @abstractmethod
    def answer(self, surrogate: Any) -> Answer:
        """The surrogate in the solver's place: `(queries, times) -> Solution`."""


class Trajectories:
    """Lazy training examples of an evolution: trajectories of frames at one constant interval.

    A frame has shape (channels, *grid): the named fields stacked as channels. Trajectory `i` is
    `examples[i]`, shape (frames, channels, *grid), read from disk when asked for.
    """

    def __init__(self, source: Any, *, fields: Sequence[str], stride: int, interval: float) -> None:
        self.source = source
        self.fields = tuple(fields)
        self.stride = stride
        self.interval = interval * stride
        """Time between the frames given here."""

    def __len__(self) -> int:
        return len(self.source)

    @property
    def frames(self) -> int:
        """Frames per trajectory."""
        return 1 + (self.source.frames - 1) // self.stride

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """(channels, *grid)"""
        return (len(self.fields), *self.source.grid)

    def window(self, trajectory: int, start: int, frames: int) -> NDArray[np.float64]:
        """`frames` consecutive frames from `start`: (frames, channels, *grid)."""
        if not 0 <= start <= start + frames <= self.frames:
            raise IndexError(
                f"window [{start}, {start + frames}) lies outside a trajectory of {self.frames} frames"
            )
        stop = (start + frames - 1) * self.stride + 1
        parts = [
            self.source.read(trajectory, start * self.stride, stop, step=self.stride, field=name)
            for name in self.fields
        ]
        return np.stack(parts, axis=1).astype(np.float64, copy=False)

    def __getitem__(self, trajectory: int) -> NDArray[np.float64]:
        if not 0 <= trajectory < len(self):
            raise IndexError(f"trajectory {trajectory} of {len(self)}")
        return self.window(trajectory, 0, self.frames)


@dataclass(frozen=True)
class Autoregressive(Task):
    """u(t) -> u(t + interval), fed back: the surrogate replaces the solver's stepping.

    Attributes:
        interval: time between two applications of the surrogate; a multiple of the set's interval.
        fields: which fields form the state, stacked as channels in this order.
    """

    interval: float
    fields: tuple[str, ...] = ("u",)

    def examples(self, training_set: TrainingSet, split: str) -> Trajectories:
        """The split's trajectories, thinned to this task's interval."""
        stride = _multiple(self.interval, training_set.interval, "the task's interval", "the set's interval")
        return Trajectories(
            training_set.split(split), fields=self.fields, stride=stride, interval=training_set.interval
        )

    def answer(self, surrogate: Forecaster) -> Answer:
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
            if later.any():
                forecast = surrogate.forecast(torch.from_numpy(history), int(steps[-1]), every=every)
                frames = forecast.detach().cpu().double().numpy()
                values[:, later] = frames[:, steps[later] // every - 1]
            seconds = time.perf_counter() - begin
            finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
            status = np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8)
            notes = () if finite.all() else (f"{(~finite).sum()} forecasts became infinite or NaN",)
            return Solution(
                times=times,
                values={name: values[:, :, c] for c, name in enumerate(self.fields)},
                status=status,
                seconds=np.full(samples, seconds / samples),
                error_estimate=np.full(samples, np.nan),
                notes=notes,
            )

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
