"""One split of a training set: trajectories in shards, read lazily."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Field, Status
from .plan import DatasetError, Plan, Shard
from .schema import decoded, field_group, open_shard, trajectory_digest

__all__ = ["Failure", "Split"]

OPEN_FILES = 64
"""Files that one split keeps open in one process."""


@dataclass(frozen=True, eq=False)
class Failure:
    """A sample that the solver could not solve.

    Attributes:
        split, sample: which.
        status: how it ended.
        query: what was asked, name -> (*grid[, components]).
        error_estimate: the solver's own estimate, or NaN.
        measures: the solver's other numbers about this sample.
        notes: what the solver said about its batch.
    """

    split: str
    sample: int
    status: Status
    query: dict[str, NDArray[np.float64]]
    error_estimate: float
    measures: dict[str, float]
    notes: tuple[str, ...]


class Split:
    """The trajectories of one split; each is read from disk when asked for.

    Reading is safe in forked and spawned workers: every process opens the files anew. Not for threads that
    share one object.
    """

    def __init__(self, folder: Path, plan: Plan, *, name: str) -> None:
        self.folder = folder
        self.name = name
        self.shards: tuple[Shard, ...] = tuple(s for s in plan.shards if s.split == name)
        self.frames = plan.settings.frames(name)
        """Frames of each trajectory."""
        self.interval = plan.settings.interval
        """Time between two frames."""
        self.grid = plan.grid
        """Points along each axis."""
        self._plan = plan
        self._fields = {f.name: f for f in plan.fields}
        self._places: list[tuple[int, int]] | None = None
        self._open: OrderedDict[int, tuple[h5py.File, dict[str, h5py.Dataset]]] = OrderedDict()
        self._process = os.getpid()

    def __len__(self) -> int:
        """Trajectories: those asked for less those that failed."""
        return len(self._index())

    @property
    def times(self) -> NDArray[np.float64]:
        """(frames,) from 0 on."""
        return self._plan.settings.times(self.name)

    def read(
        self,
        trajectory: int,
        start: int = 0,
        stop: int | None = None,
        *,
        step: int = 1,
        field: str | None = None,
    ) -> NDArray[np.floating[Any]]:
        """Frames [start, stop) of one trajectory, every `step`-th: (frames, *grid[, components]).

        By default of the set's first field. The grid is that of the field's own axes. A field that does not
        vary in time is one frame, whatever window is asked for. The dtype is the file's. Raises `IndexError`
        outside the trajectory and `DatasetError` for an unknown field or a file that cannot be read.
        """
        shard, row = self._place(trajectory)
        stop = self.frames if stop is None else stop
        if not 0 <= start <= stop <= self.frames or step < 1:
            raise IndexError(
                f"frames [{start}, {stop}) by {step} are not within the {self.frames} frames of a trajectory"
            )
        found = self._field(next(iter(self._fields)) if field is None else field)
        dataset, shape = self._datasets(shard)[found.name], self._plan.field_shape(found, self.name)
        try:
            if not found.varies_in_time:
                return np.asarray(dataset[row]).reshape(1, *shape)
            # a strided selection costs HDF5 more than the frames in between
            values: NDArray[np.floating[Any]] = dataset[row, start:stop]
        except OSError as error:
            raise self._unreadable(shard, error) from error
        values = values.reshape(len(values), *shape[1:])
        return values if step == 1 else np.ascontiguousarray(values[::step])

    def shape_of(self, field: str) -> tuple[int, ...]:
        """Shape of one frame of a field: (*grid[, components]); `DatasetError` for an unknown field."""
        found = self._field(field)
        return self._plan.field_shape(found, self.name)[found.varies_in_time :]

    def queries(self, trajectories: list[int] | None = None, *, frame: int = 0) -> dict[str, NDArray[Any]]:
        """What a solver must be asked to go on from one frame: name -> (samples, *grid[, components]).

        The system's query fields and nothing else: those that evolve as they are at that frame, the others as
        they always are. Of all trajectories or those named.
        """
        chosen = range(len(self)) if trajectories is None else trajectories
        return {
            name: np.stack([self.read(i, frame, frame + 1, field=name)[0] for i in chosen])
            for name in self._plan.query
        }

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The samples that are missing here because they could not be solved."""
        found = []
        for number in range(len(self.shards)):
            group = self._file(number)["failed"]
            for row, sample in enumerate(group["sample"][:]):
                found.append(
                    Failure(
                        split=self.name,
                        sample=int(sample),
                        status=Status(int(group["status"][row])),
                        query={name: values[row] for name, values in group["query"].items()},
                        error_estimate=float(group["error_estimate"][row]),
                        measures={name: float(v[row]) for name, v in group["measures"].items()},
                        notes=tuple(decoded(group.attrs, "notes")),
                    )
                )
        return tuple(found)

    def known_part(self, failure: Failure) -> dict[str, NDArray[np.floating[Any]]]:
        """The solution of a sample that failed as far as it is known, NaN beyond.

        Name -> (frames, *grid[, components]) of the solution's fields; what does not vary in time has no
        frames. Where nothing is known, all is NaN. Raises `DatasetError` for a failure of another split.
        """
        for number, shard in enumerate(self.shards):
            if failure.split == self.name and 0 <= failure.sample - shard.first < shard.samples:
                group = self._file(number)["failed"]
                rows = np.flatnonzero(group["sample"][:] == failure.sample)
                return {name: values[int(rows[0])] for name, values in group["values"].items()}
        raise DatasetError(f"sample {failure.sample} of split {failure.split!r} is none of {self.name!r}")

    @property
    def error_estimates(self) -> NDArray[np.float64]:
        """(trajectories,) the solver's own estimate of its relative error at the last frame, or NaN."""
        return self._numbers("error_estimate")

    @property
    def measures(self) -> dict[str, NDArray[np.float64]]:
        """The solver's other numbers about each trajectory: name -> (trajectories,)."""
        names = list(self._file(0)["provenance/measures"]) if self.shards else []
        return {name: self._numbers(f"measures/{name}") for name in names}

    def digest(self, trajectory: int) -> bytes:
        """SHA-256 of all that one trajectory holds."""
        shard, row = self._place(trajectory)
        return trajectory_digest(self._file(shard), self._plan, row=row)

    def close(self) -> None:
        """Close the files; reading opens them again."""
        if self._process == os.getpid():
            for file, _ in self._open.values():
                file.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": OrderedDict()}

    def _numbers(self, name: str) -> NDArray[np.float64]:
        parts = [self._file(number)[f"provenance/{name}"][:] for number in range(len(self.shards))]
        return np.concatenate(parts) if parts else np.empty(0)

    def _field(self, name: str) -> Field:
        if name not in self._fields:
            raise DatasetError(f"this set has no field {name!r}; it has {sorted(self._fields)}")
        return self._fields[name]

    def _index(self) -> list[tuple[int, int]]:
        """Where each trajectory lies: (shard, row)."""
        if self._places is None:
            self._places = [
                (number, row)
                for number in range(len(self.shards))
                for row in range(int(self._file(number).attrs["n_trajectories"]))
            ]
        return self._places

    def _place(self, trajectory: int) -> tuple[int, int]:
        places = self._index()
        if not 0 <= trajectory < len(places):
            raise IndexError(f"there is no trajectory {trajectory}: split {self.name!r} has {len(places)}")
        return places[trajectory]

    def _file(self, shard: int) -> h5py.File:
        return self._entry(shard)[0]

    def _datasets(self, shard: int) -> dict[str, h5py.Dataset]:
        return self._entry(shard)[1]

    def _entry(self, shard: int) -> tuple[h5py.File, dict[str, h5py.Dataset]]:
        if self._process != os.getpid():  # forked: the handles belong to the parent
            self._open, self._process = OrderedDict(), os.getpid()
        entry = self._open.get(shard)
        if entry is not None:
            self._open.move_to_end(shard)
            return entry
        try:
            file = open_shard(self.folder / self.shards[shard].file)
            entry = file, {f.name: file[field_group(f)][f.name] for f in self._fields.values()}
        except (OSError, KeyError) as error:
            raise self._unreadable(shard, error) from error
        self._open[shard] = entry
        if len(self._open) > OPEN_FILES:
            self._open.popitem(last=False)[1][0].close()
        return entry

    def _unreadable(self, shard: int, error: Exception) -> DatasetError:
        return DatasetError(
            f"{self.folder / self.shards[shard].file} cannot be read ({str(error).splitlines()[0]}); "
            f"`understudy check {self.folder}` says what is wrong with it"
        )
