"""The file layout: one shard is one HDF5 file after The Well's specification, with provenance beside it.

| group | holds |
|---|---|
| `/` | what The Well's reader wants: `dataset_name`, `n_trajectories`, `simulation_parameters`, ... |
| `/dimensions` | `time`, from 0 on, and one coordinate per axis, float64 |
| `/boundary_conditions` | one per axis and kind of end; the mask is True at the ends of that kind |
| `/scalars` | the system's numeric parameters, and fields that are one number per sample |
| `/t0_fields`, `/t1_fields`, `/t2_fields` | scalars, vectors, tensors; see below |
| `/provenance` | the plan as JSON, split and number of the shard, the samples' numbers, error estimates |
| `/failed` | samples that were not solved: number, status, query, error estimates, and `values`: see below |

A field is (samples[, frames], *grid[, components[, components]]), uncompressed, in chunks along time. Along
axes on which it does not vary it has one point, and `dim_varying` is False: of all ways to leave out an axis,
this is the one that The Well's reader fills in rightly (its exporter to xarray does not).
In `/failed/values` stand the solution's fields of the samples that were not solved, as far as they are known,
and NaN beyond. Beside error estimates stand the solver's other numbers per sample, its `measures`.

Nothing in it changes from run to run: two runs of one plan give the same bytes. What does change (seconds,
machine, versions, date) stands in the shard's `.json`; see `costs`.

Reference: Ohana et al., "The Well" (2024), arXiv:2412.00568.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Axis, Field, Queries, Solution, Status, System
from .plan import BOUNDARY_TYPES, FORMAT, DatasetError, Plan, Shard

__all__ = [
    "GROUPS",
    "Boundary",
    "boundaries",
    "chunk_shape",
    "decoded",
    "field_group",
    "fields_in",
    "open_shard",
    "shard_image",
    "stored_shape",
    "trajectory_digest",
]

GROUPS = (
    *("dimensions", "boundary_conditions", "scalars", "t0_fields", "t1_fields", "t2_fields"),
    *("provenance", "failed"),
)
SMALLEST_CHUNK = 32 * 1024
CHUNK = 128 * 1024


def field_group(field: Field) -> str:
    """Where a field lies: with its rank, or among the scalars where it is one number per sample."""
    return "scalars" if field.axes == () and field.rank == 0 else f"t{field.rank}_fields"


def fields_in(group: str, plan: Plan) -> list[Field]:
    """The fields that lie in a group, in order."""
    return [f for f in plan.fields if field_group(f) == group]


def stored_shape(field: Field, plan: Plan, split: str) -> tuple[int, ...]:
    """Shape of one trajectory of a field on disk: as `Plan.field_shape`, one point along other axes."""
    shape, varies = plan.field_shape(field, split), field.varies_along(plan.axis_names)
    if field_group(field) == "scalars":
        return shape
    grid = tuple(points if along else 1 for points, along in zip(plan.grid, varies, strict=True))
    frames, components = shape[: field.varies_in_time], shape[len(shape) - field.rank :]
    return (*frames, *grid, *components)


@dataclass(frozen=True)
class Boundary:
    """What is at one or both ends of an axis: the name of its group, what The Well calls it, and where."""

    axis: str
    name: str
    kind: str
    mask: NDArray[np.bool_]


def boundaries(plan: Plan) -> list[Boundary]:
    """Of every axis, one for each kind of end."""
    found = []
    for axis in plan.axes:
        for end in dict.fromkeys(axis["ends"]):
            mask = np.zeros(int(axis["points"]), dtype=bool)
            mask[[place for place, there in zip((0, -1), axis["ends"], strict=True) if there == end]] = True
            found.append(Boundary(axis["name"], f"{axis['name']}_{end}", BOUNDARY_TYPES[end], mask))
    return found


def chunk_shape(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...] | None:
    """Chunks along time of some 128 KiB for (samples, frames, *grid[, components]).

    Short trajectories share a chunk of at least 32 KiB where there are enough of them; a frame that is larger
    than a chunk is one chunk. None (contiguous) where there is nothing to store.

    >>> chunk_shape((4, 20000, 64), 8)
    (1, 254, 64)
    >>> chunk_shape((100, 10, 64), 8)
    (25, 10, 64)
    """
    samples, frames, *rest = shape
    if math.prod(shape) == 0:
        return None
    frame = math.prod(rest) * itemsize
    if frames * frame < SMALLEST_CHUNK:
        return (min(samples, CHUNK // (frames * frame)), frames, *rest)
    chunks = math.ceil(frames * frame / CHUNK) if frame < CHUNK else frames
    return (1, math.ceil(frames / chunks), *rest)


def shard_image(plan: Plan, shard: Shard, *, system: System, queries: Queries, solution: Solution) -> bytes:
    """The bytes of a shard's file.

    Made in memory, not on disk: HDF5 cannot give up a file that it failed to write and takes the process down
    with it, while plain bytes fail cleanly.

    Raises `DatasetError` where the solution lacks a field, has another shape, or does not fit the dtype.
    """
    values = {f.name: _stored(plan, shard, field=f, queries=queries, solution=solution) for f in plan.fields}
    solved = solution.solved.copy()
    with h5py.File("shard", "w", driver="core", backing_store=False, block_size=1 << 24) as file:
        file.attrs["dataset_name"] = str(plan.system["name"])
        file.attrs["grid_type"] = "cartesian"
        file.attrs["n_spatial_dims"] = len(plan.grid)
        file.attrs["n_trajectories"] = int(solved.sum())
        _names(file, "simulation_parameters", list(plan.scalars))
        _write_axes(file, plan, axes=system.axes, times=plan.settings.times(shard.split))
        scalars = file.create_group("scalars")
        _names(scalars, "field_names", [*plan.scalars, *(f.name for f in fields_in("scalars", plan))])
        for name, value in plan.scalars.items():
            file.attrs[name] = value
            _dataset(scalars, name, np.asarray(value, dtype=plan.settings.dtype))
        for group in (file.create_group(f"t{rank}_fields") for rank in range(3)):
            _names(group, "field_names", [f.name for f in fields_in(group.name[1:], plan)])
        for field in plan.fields:
            kept = values[field.name][solved]
            shape = (len(kept), *stored_shape(field, plan, shard.split))
            _write_field(file[field_group(field)], field, kept.reshape(shape), plan=plan)
        _write_provenance(file, plan, shard=shard, solution=solution)
        _write_failed(file, shard, system=system, queries=queries, solution=solution)
        known = file["failed"].create_group("values")
        for name in plan.answer:
            part = values.pop(name)[~solved]
            known.create_dataset(name, data=np.where(np.isfinite(part), part, np.nan), track_times=False)
        file.flush()
        return bytes(file.id.get_file_image())


def open_shard(path: Any) -> h5py.File:
    """A shard for reading, with HDF5's usual locks, so that a user may open it beside us in one process."""
    return h5py.File(path, "r")


def trajectory_digest(file: h5py.File, plan: Plan, *, row: int) -> bytes:
    """SHA-256 of everything that one stored trajectory holds: the values of all fields."""
    digest = hashlib.sha256()
    for field in plan.fields:
        values = file[field_group(field)][field.name][row]
        digest.update(f"{field.name} {values.dtype.str} {values.shape};".encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.digest()


def _stored(
    plan: Plan, shard: Shard, *, field: Field, queries: Queries, solution: Solution
) -> NDArray[np.floating[Any]]:
    """A field with its numbers as they go to disk, failed samples included: (samples, *plan.field_shape)."""
    if field.name in solution.values:
        values = np.asarray(solution.values[field.name])
        if not field.varies_in_time:
            values = values[:, 0]
    elif field.name in queries:
        values = np.asarray(queries[field.name])
    else:
        raise DatasetError(
            f"{plan.solver['label']} gave no field {field.name!r}, only {sorted(solution.values)}; "
            "its solution must hold all fields of the system"
        )
    wanted = (shard.samples, *plan.field_shape(field, shard.split))
    if values.shape != wanted:
        raise DatasetError(
            f"field {field.name!r} must have shape {wanted} (vectors and tensors have as many components as "
            f"there are axes), but {plan.solver['label']} gave {values.shape}"
        )
    with np.errstate(over="ignore"):
        stored = values.astype(plan.settings.dtype, copy=False)
    if not np.isfinite(stored[solution.solved]).all():
        cause = (
            f"do not fit {plan.settings.dtype}; ask for dtype='float64'"
            if np.isfinite(values[solution.solved]).all()
            else f"hold NaN although {plan.solver['label']} calls the sample solved; mend the solver"
        )
        raise DatasetError(f"values of field {field.name!r} {cause}")
    return stored


def _write_axes(file: h5py.File, plan: Plan, *, axes: tuple[Axis, ...], times: NDArray[np.float64]) -> None:
    dimensions = file.create_group("dimensions")
    _names(dimensions, "spatial_dims", [a.name for a in axes])
    time = _dataset(dimensions, "time", times, time_varying=True)
    time.attrs["unit"] = str(plan.system["time_unit"])
    for axis in axes:
        written = _dataset(dimensions, axis.name, np.asarray(axis.values, dtype=np.float64))
        written.attrs["unit"] = axis.unit
    conditions = file.create_group("boundary_conditions")
    for boundary in boundaries(plan):
        group = conditions.create_group(boundary.name)
        _names(group, "associated_dims", [boundary.axis])
        _names(group, "associated_fields", [])
        group.attrs["bc_type"] = boundary.kind
        group.attrs["sample_varying"] = False
        group.attrs["time_varying"] = False
        group.create_dataset("mask", data=boundary.mask, track_times=False)


def _write_field(group: h5py.Group, field: Field, values: NDArray[Any], *, plan: Plan) -> None:
    shape = values.shape if field.varies_in_time else (len(values), 1, *values.shape[1:])
    chunks = chunk_shape(shape, values.itemsize)
    if chunks is not None and not field.varies_in_time:
        chunks = (chunks[0], *chunks[2:])
    written = group.create_dataset(field.name, data=values, chunks=chunks, track_times=False)
    written.attrs["dim_varying"] = np.asarray(field.varies_along(plan.axis_names), dtype=bool)
    written.attrs["sample_varying"] = True
    written.attrs["time_varying"] = field.varies_in_time
    written.attrs["unit"] = field.unit
    written.attrs["meaning"] = field.meaning


def _write_provenance(file: h5py.File, plan: Plan, *, shard: Shard, solution: Solution) -> None:
    group = file.create_group("provenance")
    group.attrs["format"] = FORMAT
    group.attrs["plan"] = plan.text
    group.attrs["split"] = shard.split
    group.attrs["shard"] = shard.number
    _write_numbers(group, shard, solution=solution, which=solution.solved)


def _write_numbers(group: h5py.Group, shard: Shard, *, solution: Solution, which: NDArray[np.bool_]) -> None:
    """What there is of each sample besides fields: its number, error estimate and measures."""
    numbers = shard.first + np.arange(shard.samples, dtype=np.int64)
    group.create_dataset("sample", data=numbers[which], track_times=False)
    estimate = np.asarray(solution.error_estimate, dtype=np.float64)
    group.create_dataset("error_estimate", data=estimate[which], track_times=False)
    measures = group.create_group("measures")
    for name, values in solution.measures.items():
        measures.create_dataset(name, data=np.asarray(values, dtype=np.float64)[which], track_times=False)


def _write_failed(
    file: h5py.File, shard: Shard, *, system: System, queries: Queries, solution: Solution
) -> None:
    failed = ~solution.solved
    group = file.create_group("failed")
    _names(group, "status_names", [status.name for status in Status])
    _names(group, "notes", list(solution.notes) if failed.any() else [])
    _write_numbers(group, shard, solution=solution, which=failed)
    group.create_dataset("status", data=solution.status[failed].astype(np.int8), track_times=False)
    asked = group.create_group("query")
    for field in system.query_fields:
        values = np.asarray(queries[field.name])[failed]
        asked.create_dataset(field.name, data=values, track_times=False)


def _dataset(
    group: h5py.Group, name: str, values: NDArray[Any], *, time_varying: bool = False
) -> h5py.Dataset:
    written = group.create_dataset(name, data=values, track_times=False)
    written.attrs["sample_varying"] = False
    written.attrs["time_varying"] = time_varying
    return written


def _names(place: h5py.File | h5py.Group, key: str, names: list[str]) -> None:
    """A list of words as an attribute; variable-length strings, since NumPy's own are refused by HDF5."""
    place.attrs.create(key, np.asarray(names, dtype=object), (len(names),), h5py.string_dtype())


def decoded(values: Mapping[str, Any], key: str) -> list[str]:
    """A list of words back from the attributes."""
    return [v.decode() if isinstance(v, bytes) else str(v) for v in np.asarray(values[key]).ravel()]
