"""A training set on disk, opened lazily: the card at once, the numbers when asked for."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from ..solvers.contract import Axis, Field, System
from ..solvers.discovery import find_kit
from .costs import Costs
from .plan import SPLITS, DatasetError, find_plan
from .schema import open_shard
from .split import Failure, Split

__all__ = ["Failure", "Split", "TrainingSet"]


class TrainingSet:
    """A finished set in a folder.

    Raises `DatasetError` where there is none, or one whose generation has not finished. Opening reads only
    the card; `check` is what looks at every number.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise DatasetError(
                f"there is no training set in {self.folder}: "
                f"{'that is a file' if self.folder.exists() else 'no such folder'}; give the folder that "
                "`understudy generate` wrote"
            )
        plan = find_plan(self.folder)
        if plan is None:
            raise DatasetError(
                f"there is no training set in {self.folder}: it has no card, {self.folder.resolve().name}"
                ".yaml; give the folder that `understudy generate` wrote"
            )
        missing = [s for s in plan.shards if not (self.folder / s.file).is_file()]
        if missing or not (self.folder / "stats.yaml").is_file():
            raise DatasetError(
                f"the training set in {self.folder} is not finished ({len(plan.shards) - len(missing)} of "
                f"{len(plan.shards)} files are there); run the same generate command again, it resumes"
            )
        self.plan = plan
        self._splits: dict[str, Split] = {}

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    @property
    def system_name(self) -> str:
        """As on the command line, with underscores."""
        return str(self.plan.system["name"])

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the system."""
        return dict(self.plan.system["parameters"])

    @cached_property
    def system(self) -> System:
        """The system, rebuilt from its name and parameters; `UnknownName` if it is not installed here."""
        kit = find_kit(self.system_name)
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in self.parameters.items()}
        try:
            return kit.system(**plain)
        except TypeError as error:
            raise DatasetError(
                f"the set was made by another version of {self.system_name}: it has parameters "
                f"{sorted(plain)}, which this version does not take ({error}); use the version that made it"
            ) from error

    @property
    def interval(self) -> float:
        """Time between two frames."""
        return self.plan.settings.interval

    @property
    def grid(self) -> tuple[int, ...]:
        """Points along each axis."""
        return self.plan.grid

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """With the coordinates as they stand in the first file."""
        with open_shard(self.folder / self.plan.shards[0].file) as file:
            return tuple(
                Axis(
                    str(a["name"]),
                    tuple(file["dimensions"][a["name"]][:].tolist()),
                    str(a["unit"]),
                    tuple(a["ends"]),
                )
                for a in self.plan.axes
            )

    @property
    def fields(self) -> tuple[Field, ...]:
        """Stored here: the solution's fields, then the query's constant ones."""
        return self.plan.fields

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits that this set has."""
        return tuple(s for s in SPLITS if self.plan.settings.trajectories(s))

    def split(self, name: str) -> Split:
        """One split by name; raises `DatasetError` for one that is not there."""
        if name not in self.splits:
            raise DatasetError(
                f"the set {self.name!r} has no split {name!r}; it has {', '.join(self.splits)}"
            )
        if name not in self._splits:
            self._splits[name] = Split(self.folder, self.plan, name=name)
        return self._splits[name]

    @cached_property
    def statistics(self) -> dict[str, dict[str, Any]]:
        """`mean`, `std`, `rms`, each also as `_delta`, of the train split: name -> field -> number(s)."""
        path = self.folder / "stats.yaml"
        try:
            return dict(yaml.safe_load(path.read_text()))
        except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
            raise DatasetError(f"{path} cannot be read; delete it and generate again") from error

    @property
    def failures(self) -> tuple[Failure, ...]:
        """All samples that could not be solved."""
        return tuple(failure for name in self.splits for failure in self.split(name).failures)

    @cached_property
    def costs(self) -> tuple[Costs, ...]:
        """The record of every file, in order."""
        return tuple(Costs.read(self.folder / s.file) for s in self.plan.shards)

    @property
    def seconds(self) -> float:
        """What the set cost its solver, in seconds on one thread, transients and failures included."""
        return sum(self.seconds_of(name) for name in self.splits)

    def seconds_of(self, split: str) -> float:
        """The same for one split: what learning costs is `train` and `valid`, judging is not learning's."""
        chosen = [c for shard, c in zip(self.plan.shards, self.costs, strict=True) if shard.split == split]
        return float(sum(sum(c.seconds) for c in chosen))

    @cached_property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change with any value, and with nothing else.

        Covers system, parameters, axes, fields, interval and every number of every trajectory, read from the
        files (some half a GB a second). Not the solver, the shards, the folder's name or the costs.
        """
        content = self.plan.content
        header = {key: content[key] for key in ("format", "system", "fields")}
        header["interval"] = self.interval
        header["axes"] = [(a.name, a.values, a.unit, a.ends) for a in self.axes]
        digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
        for name in self.splits:
            split = self.split(name)
            digest.update(f"{name} {len(split)};".encode())
            for trajectory in range(len(split)):
                digest.update(split.digest(trajectory))
        return digest.hexdigest()

    def close(self) -> None:
        """Close all files; reading opens them again."""
        for split in self._splits.values():
            split.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TrainingSet({str(self.folder)!r})"
