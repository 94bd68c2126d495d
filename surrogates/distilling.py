"""A teacher's answers in the place of a solver's: a small surrogate learns from a large one, for free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.pairs import Named, Pairs
from ..datasets.tasks import Trajectories
from .forecaster import Forecaster
from .surrogate import Surrogate, SurrogateError

__all__ = ["Taught", "TaughtTrajectories", "Together"]

SOME = 256
"""Queries that the teacher is asked at once."""


class Taught(Pairs):
    """Queries that no solver has answered, and what the teacher says to them.

    A student of these is no better than its teacher, but where labels are few it may be better than one that
    saw the labels alone: queries are drawn for nothing. Errors of the teacher are learned, too.

    Hinton, Vinyals & Dean 2015 (arXiv:1503.02531); of a map to numbers there is no temperature to set.

    Arguments:
        queries: name -> (queries, *shape); what the teacher does not take is left out.
        teacher: that answers pairs.
        times: (frames,) at which each query is answered, for a teacher that takes `time`.

    Raises `SurrogateError` for queries that the teacher does not take, none at all, or not as many under each
    name; for times where it takes none or the other way round, and for those that do not rise.
    """

    def __init__(
        self,
        queries: Mapping[str, NDArray[Any]],
        teacher: Surrogate,
        *,
        times: NDArray[np.float64] | None = None,
    ) -> None:
        if teacher.input_shapes is None or teacher.output_shapes is None:
            raise SurrogateError(f"{type(teacher).__name__} has not learned yet: it cannot teach")
        self.timed = "time" in teacher.input_shapes
        if self.timed != (times is not None):
            raise SurrogateError(
                f"the teacher answers {'at times, which are missing' if self.timed else 'without a time'}; "
                f"{'give' if self.timed else 'leave out'} times"
            )
        self._times = None if times is None else _rising(times)
        self.frames = 1 if self._times is None else len(self._times)
        self.horizon = None if self._times is None else float(self._times[-1])
        self.source = cast(Any, None)  # nothing is read
        self.input_shapes, self.output_shapes = dict(teacher.input_shapes), dict(teacher.output_shapes)
        self._asked: dict[str, NDArray[Any]] = {}
        for name, shape in self.input_shapes.items():
            if name == "time":
                continue
            if name not in queries or np.shape(queries[name])[1:] != shape:
                got = "nothing" if name not in queries else f"shape {np.shape(queries[name])}"
                expected = ", ".join(["queries", *map(str, shape)])
                raise SurrogateError(f"the teacher needs {name!r} of shape ({expected}), got {got}")
            self._asked[name] = np.asarray(queries[name], dtype=np.float64)
        counts = {name: len(values) for name, values in self._asked.items()}
        if len({*counts.values()}) != 1 or not self.trajectories:
            raise SurrogateError(f"the teacher needs a query at least, as many under each name, got {counts}")
        self._said = self._ask(teacher)

    @property
    def trajectories(self) -> int:
        """How many queries there are."""
        return len(next(iter(self._asked.values())))

    @property
    def times(self) -> NDArray[np.float64] | None:
        """See `Pairs`."""
        return self._times

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory * self.frames)
        asked = {name: values[trajectory] for name, values in self._asked.items()}
        own = slice(trajectory * self.frames, (trajectory + 1) * self.frames)
        return asked, {name: values[own].astype(np.float64) for name, values in self._said.items()}

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        self._refuse(pair)
        trajectory, frame = divmod(pair, self.frames)
        inputs, outputs = self.trajectory(trajectory)
        if self._times is not None:
            inputs["time"] = np.asarray(self._times[frame])
        return inputs, {name: values[frame] for name, values in outputs.items()}

    @torch.inference_mode()
    def _ask(self, teacher: Surrogate) -> dict[str, NDArray[Any]]:
        """Name -> (queries times frames, *shape), in the teacher's own precision."""
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in self.output_shapes}
        some = max(1, SOME // self.frames)
        for first in range(0, self.trajectories, some):
            asked = {n: np.repeat(v[first : first + some], self.frames, 0) for n, v in self._asked.items()}
            if self._times is not None:
                asked["time"] = np.tile(self._times, len(next(iter(asked.values()))) // self.frames)
            given = {n: torch.from_numpy(v).to(teacher.device, teacher.dtype) for n, v in asked.items()}
            for name, values in teacher(given).items():
                parts[name].append(values.cpu().numpy())
        return {name: np.concatenate(some_of) for name, some_of in parts.items()}


def _rising(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """As they are; refused where a frame is not later than the one before."""
    given = np.asarray(times, dtype=np.float64)
    if given.ndim != 1 or not given.size or not np.isfinite(given).all() or not (np.diff(given) > 0).all():
        raise SurrogateError(f"times are (frames,) finite numbers that rise, got {given.tolist()}")
    return given


class TaughtTrajectories(Trajectories):
    """States that a teacher starts from, and where it goes from there; of the solver only these are read.

    A forecast that goes astray is learned, too: ask for no more frames than the teacher is good for.

    Arguments:
        starts: trajectories that begin with the states, as many of them as the teacher needs of history.
        teacher: that steps at their interval.
        frames: of each trajectory, those starts included; None for as many as theirs have.

    Raises `SurrogateError` for another interval or shape than the teacher's, for too few frames, and where a
    forecast is not finite.
    """

    def __init__(self, starts: Trajectories, teacher: Forecaster, *, frames: int | None = None) -> None:
        given = (tuple(starts.frame_shape), starts.interval)
        if given != (teacher.frame_shape, teacher.interval):
            raise SurrogateError(
                f"the teacher steps frames of {teacher.frame_shape} by {teacher.interval}, and the starts "
                f"are {given[0]}, {given[1]} apart; pose the task that it has learned"
            )
        known, wanted = teacher.history_frames, starts.frames if frames is None else frames
        if wanted <= known or not len(starts):
            raise SurrogateError(
                f"the teacher goes on from {known} frames: ask for more than those, and give a start at "
                f"least; got {wanted} frames of {len(starts)} starts"
            )
        history = np.stack([starts.window(i, 0, known) for i in range(len(starts))])
        said = teacher.forecast(torch.from_numpy(history), wanted - known).cpu().double().numpy()
        if not np.isfinite(said).all():
            raise SurrogateError(f"the teacher's forecast blows up within {wanted} frames; ask for fewer")
        source = _Held(np.concatenate([history, said], axis=1), starts.fields)
        super().__init__(source, fields=starts.fields, stride=1, interval=starts.interval, axes=starts.axes)


class Together(Pairs):
    """The pairs of two, one after the other: a solver's labels and a teacher's.

    Raises `SurrogateError` where shapes or times differ.
    """

    def __init__(self, first: Pairs, second: Pairs) -> None:
        for name in ("input_shapes", "output_shapes", "frames", "timed"):
            if getattr(first, name) != getattr(second, name):
                raise SurrogateError(
                    f"pairs can be put together where their {name} are the same, got "
                    f"{getattr(first, name)} and {getattr(second, name)}"
                )
        if first.timed and not np.allclose(cast(Any, first.times), cast(Any, second.times), rtol=1e-9):
            raise SurrogateError("pairs can be put together where their times are the same")
        self.first, self.second = first, second
        self.source, self.timed, self.horizon, self.frames = (
            first.source,
            first.timed,
            first.horizon,
            first.frames,
        )
        self.input_shapes, self.output_shapes = first.input_shapes, first.output_shapes

    @property
    def trajectories(self) -> int:
        """Of both."""
        return self.first.trajectories + self.second.trajectories

    @property
    def times(self) -> NDArray[np.float64] | None:
        """See `Pairs`."""
        return self.first.times

    def trajectory(self, trajectory: int) -> tuple[Named, Named]:
        """See `Pairs`."""
        self._refuse(trajectory * self.frames)
        later = trajectory - self.first.trajectories
        return self.first.trajectory(trajectory) if later < 0 else self.second.trajectory(later)

    def __getitem__(self, pair: int) -> tuple[Named, Named]:
        self._refuse(pair)
        later = pair - len(self.first)
        return self.first[pair] if later < 0 else self.second[later]


class _Held:
    """Trajectories (trajectories, frames, channels, *grid) in memory, in the place of a split."""

    def __init__(self, values: NDArray[np.float64], fields: tuple[str, ...]) -> None:
        self.values, self.fields = values, fields
        self.frames, self.grid = values.shape[1], values.shape[3:]

    def __len__(self) -> int:
        return len(self.values)

    def read(
        self, trajectory: int, start: int, stop: int, *, step: int = 1, field: str
    ) -> NDArray[np.float64]:
        return np.asarray(self.values[trajectory, start:stop:step, self.fields.index(field)])
