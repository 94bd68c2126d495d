"""What a training set is to hold, fixed before the first number is computed: sizes, seeds, shards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray

from ..solvers.contract import Field, Solver, System

__all__ = ["FORMAT", "SPLITS", "DatasetError", "GenerateSettings", "Plan", "Shard", "find_plan"]

FORMAT = 2
SPLITS = ("train", "valid", "test")
BOUNDARY_TYPES = {
    "periodic": "PERIODIC",
    "open": "OPEN",
    "wall": "WALL",
    "inflow": "OPEN",
    "outflow": "OPEN",
}
"""The end of an axis -> what The Well calls it."""
RESERVED = {
    *("dataset_name", "grid_type", "n_spatial_dims", "n_trajectories", "simulation_parameters"),
    # The Well's reader keeps these in one cache together with the scalars and constant fields
    *("time", "time_grid", "space_grid", "boundary_output"),
}


class DatasetError(ValueError):
    """A training set cannot be made, opened or read; the text says what to do about it."""


@dataclass(frozen=True, kw_only=True)
class GenerateSettings:
    """Sizes, times and seeds of a training set.

    Every sample has a random generator of its own, made from the seed, the split and the sample's number:
    `workers` and `trajectories_per_shard` do not change what is drawn, nor `workers` any byte on disk.

    Attributes:
        train_trajectories: how many to learn from.
        valid_trajectories: how many to choose settings and to stop training by; may be 0.
        test_trajectories: how many no training sees; may be 0.
        train_frames: frames of each trajectory to learn from.
        valid_frames: frames of each trajectory to choose by.
        test_frames: frames of each trajectory that no training sees.
        interval: time between two frames.
        transient: time that is solved and thrown away before the first frame.
        seed: of all random draws, a whole number from 0 on.
        trajectories_per_shard: solved in one batch, written as one file; a worker's memory is three files.
        workers: processes that solve at once, one thread each; 1 works in the calling process.
        dtype: precision of the fields on disk. Chaos forgives no rounding: keep float64 where it matters.

    Raises `DatasetError` for settings that make no sense.
    """

    train_trajectories: int
    valid_trajectories: int
    test_trajectories: int
    train_frames: int
    valid_frames: int
    test_frames: int
    interval: float
    transient: float = 0.0
    seed: int = 0
    trajectories_per_shard: int = 16
    workers: int = 1
    dtype: Literal["float64", "float32"] = "float64"

    def __post_init__(self) -> None:
        for name in ("interval", "transient"):  # a whole number for a real one must not change the card
            object.__setattr__(self, name, float(getattr(self, name)))
        least = {"valid_trajectories": 0, "test_trajectories": 0, "seed": 0}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.type == "int" and (value != int(value) or value < least.get(entry.name, 1)):
                raise DatasetError(
                    f"{entry.name} must be a whole number of at least {least.get(entry.name, 1)}, got {value}"
                )
        if not (np.isfinite(self.interval) and self.interval > 0):
            raise DatasetError(f"interval must be positive and finite, got {self.interval}")
        if not (np.isfinite(self.transient) and self.transient >= 0):
            raise DatasetError(f"transient must be zero or positive, and finite, got {self.transient}")
        if self.dtype not in ("float64", "float32"):
            raise DatasetError(f"dtype must be 'float64' or 'float32', got {self.dtype!r}")

    def trajectories(self, split: str) -> int:
        """How many a split is to have."""
        return int(getattr(self, f"{split}_trajectories"))

    def frames(self, split: str) -> int:
        """Frames of each trajectory of a split."""
        return int(getattr(self, f"{split}_frames"))

    def times(self, split: str) -> NDArray[np.float64]:
        """(frames,) as they stand in the files, from 0 on."""
        return self.interval * np.arange(self.frames(split), dtype=np.float64)


@dataclass(frozen=True)
class Shard:
    """One file of a split: the samples from `first` on."""

    split: str
    number: int
    first: int
    samples: int

    @property
    def file(self) -> Path:
        """Below the set's folder."""
        return Path("data") / self.split / f"{self.split}-{self.number:05d}.hdf5"

    def generators(self, seed: int) -> list[np.random.Generator]:
        """One random generator per sample."""
        split = SPLITS.index(self.split)
        return [
            np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(split, self.first + i)))
            for i in range(self.samples)
        ]


@dataclass(frozen=True)
class Plan:
    """Everything that decides the bytes of a set. Kept in `<name>.yaml` and in every shard.

    Attributes:
        system: `name`, `title`, `time_unit`, `parameters`.
        solver: its `label` and settings.
        axes: one mapping per axis with `name`, `points`, `unit`, `ends`.
        fields: what is stored: the solution's fields, then the query's that are not among them (constant in
            time).
        query: names of the fields that make up a query.
        settings: how much of it.
    """

    system: Mapping[str, Any]
    solver: Mapping[str, Any]
    axes: tuple[Mapping[str, Any], ...]
    fields: tuple[Field, ...]
    query: tuple[str, ...]
    settings: GenerateSettings

    @classmethod
    def of(cls, system: System, solver: Solver, *, settings: GenerateSettings) -> Plan:
        """The plan for a system; raises `DatasetError` where its names do not fit the file layout."""
        solved = {f.name for f in system.fields}
        constant = [replace(f, varies_in_time=False) for f in system.query_fields if f.name not in solved]
        plan = cls(
            system={
                "name": system.name,
                "title": system.title,
                "time_unit": system.time_unit,
                "parameters": _plain(system.parameters),
            },
            solver={"label": solver.label, **_plain(solver.settings)},
            axes=tuple(
                {"name": a.name, "points": len(a), "unit": a.unit, "ends": list(a.ends)} for a in system.axes
            ),
            fields=(*system.fields, *constant),
            query=tuple(f.name for f in system.query_fields),
            settings=settings,
        )
        plan._check_names()
        return plan

    def _check_names(self) -> None:
        names = [f.name for f in self.fields] + [*self.axis_names, *self.scalars]
        for name in names:
            if name in RESERVED or "/" in name or names.count(name) > 1:
                raise DatasetError(
                    f"the file layout needs field, axis and parameter names that differ from one another and "
                    f"from its own {sorted(RESERVED)}; rename {name!r} in the system {self.system['name']!r}"
                )
        for field in self.fields:
            if field.rank not in (0, 1, 2):
                raise DatasetError(f"field {field.name!r} must have rank 0, 1 or 2, got {field.rank}")
            known = [name for name in self.axis_names if name in (field.axes or ())]
            if field.axes is not None and list(field.axes) != known:
                raise DatasetError(
                    f"field {field.name!r} must lie on axes out of {self.axis_names}, in that order, got "
                    f"{field.axes}"
                )

    @property
    def grid(self) -> tuple[int, ...]:
        """Points along each axis."""
        return tuple(int(a["points"]) for a in self.axes)

    @property
    def answer(self) -> tuple[str, ...]:
        """Names of the solution's fields; of what a query shares with it, those that evolve."""
        return tuple(f.name for f in self.fields if f.varies_in_time or f.name not in self.query)

    @property
    def axis_names(self) -> tuple[str, ...]:
        """As the system has them, in order."""
        return tuple(str(a["name"]) for a in self.axes)

    @property
    def scalars(self) -> dict[str, float]:
        """The system's numeric parameters, which The Well calls simulation parameters."""
        return {k: float(v) for k, v in self.system["parameters"].items() if isinstance(v, int | float)}

    @property
    def shards(self) -> tuple[Shard, ...]:
        """All files, in order."""
        size = self.settings.trajectories_per_shard
        return tuple(
            Shard(split, number, first, min(size, self.settings.trajectories(split) - first))
            for split in SPLITS
            for number, first in enumerate(range(0, self.settings.trajectories(split), size))
        )

    def field_shape(self, field: Field, split: str) -> tuple[int, ...]:
        """Shape of one trajectory of a field: ([frames,] *grid[, components]), the grid of its own axes."""
        frames = (self.settings.frames(split),) if field.varies_in_time else ()
        varies = field.varies_along(self.axis_names)
        grid = (points for points, along in zip(self.grid, varies, strict=True) if along)
        return (*frames, *grid, *(len(self.grid),) * field.rank)

    @property
    def content(self) -> dict[str, Any]:
        """As plain data, without what does not change the bytes."""
        settings = {k: v for k, v in asdict(self.settings).items() if k != "workers"}
        return {
            "format": FORMAT,
            "system": dict(self.system),
            "solver": dict(self.solver),
            "axes": [dict(a) for a in self.axes],
            "fields": [asdict(f) for f in self.fields],
            "query": list(self.query),
            "settings": settings,
        }

    @property
    def text(self) -> str:
        """`content` as JSON, always the same characters for the same plan."""
        return json.dumps(self.content, sort_keys=True)

    @property
    def yaml(self) -> str:
        """What stands in `<name>.yaml`: first the keys that The Well's own sets have there."""
        well = {
            "dataset_name": self.system["name"],
            "grid_type": "cartesian",
            "n_spatial_dims": len(self.grid),
            "spatial_resolution": list(self.grid),
            "field_names": [f.name for f in self.fields if f.varies_in_time],
            "constant_names": [f.name for f in self.fields if not f.varies_in_time],
            "boundary_condition_types": sorted({BOUNDARY_TYPES[e] for a in self.axes for e in a["ends"]}),
        }
        return yaml.safe_dump({**well, "understudy": self.content}, sort_keys=False, allow_unicode=True)

    def difference(self, other: Plan) -> str | None:
        """The first entry in which the other plan differs, as words, or None."""
        ours, theirs = _flat(self.content), _flat(other.content)
        for key in [*ours, *theirs]:
            if ours.get(key) != theirs.get(key):
                return f"{key} = {theirs.get(key, 'nothing')!r} instead of {ours.get(key, 'nothing')!r}"
        return None


def find_plan(folder: Path) -> Plan | None:
    """The plan of the set in a folder, None where there is none; `DatasetError` where it cannot be read."""
    # the folder may have been renamed since: any other YAML beside stats.yaml will do
    found = sorted(p for p in folder.glob("*.yaml") if p.name != "stats.yaml")
    found = [p for p in found if p.stem == folder.resolve().name] or found
    for path in found:
        try:
            document = yaml.safe_load(path.read_text())
            if "understudy" not in document:
                continue
            content = document["understudy"]
            if content["format"] != FORMAT:
                raise DatasetError(
                    f"{path} has format {content['format']!r}, this version reads {FORMAT}; "
                    "generate the set again or use the version that made it"
                )
            return Plan(
                system=content["system"],
                solver=content["solver"],
                axes=tuple(content["axes"]),
                fields=tuple(_field(f) for f in content["fields"]),
                query=tuple(content["query"]),
                settings=GenerateSettings(**content["settings"]),
            )
        except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise DatasetError(
                f"{path} cannot be read as the card of a training set ({str(error).splitlines()[0]}); "
                "restore it from a backup or generate the set again in a new folder"
            ) from error
    return None


def _field(plain: Mapping[str, Any]) -> Field:
    return Field(**{**plain, "axes": None if plain["axes"] is None else tuple(plain["axes"])})


def _plain(value: Any) -> Any:
    """As JSON gives it back: tuples are lists, NumPy scalars numbers, anything else its text."""
    return json.loads(json.dumps(value, default=lambda v: v.item() if isinstance(v, np.generic) else str(v)))


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        parts: dict[str, Any] = {}
        for key, inner in value.items():
            parts |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
        return parts
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return _flat({str(i): inner for i, inner in enumerate(value)}, prefix)
    return {prefix: value}
