"""What is wrong with one file of a training set: a sentence for each fault, and no follow-ups."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .plan import Plan, Shard
from .schema import (
    GROUPS,
    Boundary,
    boundaries,
    decoded,
    field_group,
    fields_in,
    open_shard,
    stored_shape,
    trajectory_digest,
)

__all__ = ["Findings", "inspect_shard", "recorded_split"]

Inspection = Callable[[h5py.File, Plan, Shard], Iterator[str]]


@dataclass
class Findings:
    """What a look at one file gave.

    Attributes:
        faults: sentences that follow the file's name.
        digests: sample number -> SHA-256 of its trajectory; empty where there are faults.
    """

    faults: list[str] = field(default_factory=list)
    digests: dict[int, bytes] = field(default_factory=dict)


def recorded_split(path: Path) -> str | None:
    """The split that a file says it belongs to; None where it does not say."""
    try:
        with open_shard(path) as file:
            return str(file["provenance"].attrs["split"])
    except (OSError, KeyError):
        return None


def inspect_shard(path: Path, plan: Plan, *, shard: Shard) -> Findings:
    """Look at everything in one file, from the outside in; the first level with a fault is the last."""
    findings = Findings()
    try:
        with open_shard(path) as file:
            for level in (_groups, _identity, _header, _values):
                findings.faults = list(level(file, plan, shard))
                if findings.faults:
                    return findings
            numbers = file["provenance/sample"][:]
            for row, number in enumerate(numbers):
                findings.digests[int(number)] = trajectory_digest(file, plan, row=row)
    except OSError as error:
        findings.faults = [_unreadable(path, error)]
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        findings.faults = [f"is damaged inside ({str(error).splitlines()[0]})"]
    return findings


def _unreadable(path: Path, error: OSError) -> str:
    if path.stat().st_size == 0:
        return "is empty"
    with path.open("rb") as file:
        if file.read(8) != b"\x89HDF\r\n\x1a\n":
            return "is not an HDF5 file"
    if "truncated" in str(error):
        return f"is cut short: it ends after {path.stat().st_size} bytes, which is not all of it"
    return f"is damaged: HDF5 cannot read it ({str(error).splitlines()[0]})"


def _groups(file: h5py.File, plan: Plan, shard: Shard) -> Iterator[str]:
    missing = [name for name in GROUPS if not isinstance(file.get(name), h5py.Group)]
    if "provenance" in missing and len(missing) > 1:
        yield "is an HDF5 file, but not one of a training set of ours (it has no /provenance)"
    elif missing:
        yield f"lacks the group{'s' * (len(missing) > 1)} {', '.join('/' + m for m in missing)}"


def _identity(file: h5py.File, plan: Plan, shard: Shard) -> Iterator[str]:
    known = file["provenance"].attrs
    for name in ("format", "plan", "split", "shard"):
        if name not in known:
            yield f"lacks the attribute {name!r} of /provenance"
            return
    if json.loads(known["plan"]) != json.loads(plan.text):
        yield "belongs to another set: the settings that it records are not those of the card"
    elif (known["split"], int(known["shard"])) != (shard.split, shard.number):
        yield f"holds shard {int(known['shard'])} of split {known['split']!r} by its own record"


def _header(file: h5py.File, plan: Plan, shard: Shard) -> Iterator[str]:
    yield from _attributes(file, plan)
    yield from _axes(file, plan, shard)
    yield from _boundaries(file, plan)
    yield from _samples(file, shard)
    yield from _fields(file, plan, shard)


def _attributes(file: h5py.File, plan: Plan) -> Iterator[str]:
    expected: dict[str, Any] = {
        "dataset_name": plan.system["name"],
        "grid_type": "cartesian",
        "n_spatial_dims": len(plan.grid),
        "n_trajectories": len(file["provenance/sample"]),
        **plan.scalars,
    }
    for name, value in expected.items():
        if name not in file.attrs:
            yield f"lacks the attribute {name!r}"
        elif not _same(file.attrs[name], value):
            yield f"has the attribute {name!r} = {_short(file.attrs[name])} where {value!r} is expected"
    yield from _list(file.attrs, "simulation_parameters", list(plan.scalars), "the file")
    scalars = file["scalars"]
    listed = [*plan.scalars, *(f.name for f in fields_in("scalars", plan))]
    yield from _list(scalars.attrs, "field_names", listed, "/scalars")
    for name, value in plan.scalars.items():
        stored = np.asarray(value, dtype=plan.settings.dtype)
        if name not in scalars or scalars[name].shape != () or scalars[name][()] != stored:
            yield f"has no right value of the parameter {name!r} in /scalars, {value!r} is expected"


def _axes(file: h5py.File, plan: Plan, shard: Shard) -> Iterator[str]:
    dimensions = file["dimensions"]
    yield from _list(dimensions.attrs, "spatial_dims", list(plan.axis_names), "/dimensions")
    times = plan.settings.times(shard.split)
    lengths = {"time": len(times)} | {str(a["name"]): int(a["points"]) for a in plan.axes}
    for name, length in lengths.items():
        if name not in dimensions:
            yield f"lacks the axis {name!r} in /dimensions"
            continue
        values = dimensions[name]
        if values.shape != (length,):
            yield f"has an axis {name!r} of shape {values.shape} where ({length},) is expected"
        elif not np.isfinite(values[:]).all() or (np.diff(values[:]) <= 0).any():
            yield f"has an axis {name!r} that does not rise all the way"
        elif name == "time" and not np.allclose(
            values[:], times, rtol=0, atol=1e-9 * plan.settings.interval * len(times)
        ):
            yield f"has a time axis that does not run from 0 in steps of {plan.settings.interval:g}"


def _boundaries(file: h5py.File, plan: Plan) -> Iterator[str]:
    for boundary in boundaries(plan):
        name = boundary.name
        group = file["boundary_conditions"].get(name)
        if group is None:
            yield f"lacks the boundary condition {name!r}"
            continue
        kind = group.attrs.get("bc_type")
        if kind != boundary.kind:
            yield f"has bc_type = {_short(kind)} of {name!r} where {boundary.kind!r} is expected"
        if "mask" not in group or not np.array_equal(group["mask"][()], boundary.mask):
            yield f"has a wrong mask of the boundary {name!r}: it must be True at {_ends(boundary)}"
        yield from _list(group.attrs, "associated_dims", [boundary.axis], f"boundary {name!r}")


def _ends(boundary: Boundary) -> str:
    if boundary.mask[0] and boundary.mask[-1]:
        return "both ends and only there"
    return f"the {'first' if boundary.mask[0] else 'last'} point and only there"


def _samples(file: h5py.File, shard: Shard) -> Iterator[str]:
    stored, failed = file["provenance/sample"][:].tolist(), file["failed/sample"][:].tolist()
    expected = set(range(shard.first, shard.first + shard.samples))
    both = [*stored, *failed]
    lost = sorted(expected - set(both))
    if lost:
        yield f"accounts neither for nor against sample {lost[0]}: it is not stored and not in /failed"
    elif set(both) != expected or len(both) != len(expected):
        yield f"does not list each of the samples {min(expected)} to {max(expected)} once, as it should"
    for place, samples in (("provenance", stored), ("failed", failed)):
        numbers = [file[place]["error_estimate"], *file[place]["measures"].values()]
        if any(values.shape != (len(samples),) for values in numbers):
            yield f"has not as many error estimates or measures in /{place} as samples"
    if len(file["failed/status"]) != len(failed) or (file["failed/status"][:] == 0).any():
        yield "has a failed sample without a status that says so"


def _fields(file: h5py.File, plan: Plan, shard: Shard) -> Iterator[str]:
    for group in (f"t{rank}_fields" for rank in range(3)):
        names = [f.name for f in fields_in(group, plan)]
        yield from _list(file[group].attrs, "field_names", names, f"/{group}")
    for wanted in (f for f in plan.fields if f.name in plan.answer):
        known = file["failed"].get(f"values/{wanted.name}")
        shape = (len(file["failed/sample"]), *plan.field_shape(wanted, shard.split))
        if known is None or known.shape != shape:
            yield f"does not hold what is known of {wanted.name!r} of the failed samples, of shape {shape}"
    for wanted in plan.fields:
        place = f"{field_group(wanted)}/{wanted.name}"
        if place not in file:
            yield f"lacks the field {wanted.name!r}"
            continue
        values = file[place]
        shape = (len(file["provenance/sample"]), *stored_shape(wanted, plan, shard.split))
        if values.dtype != np.dtype(plan.settings.dtype):
            yield f"has field {wanted.name!r} as {values.dtype} where {plan.settings.dtype} is expected"
        if values.shape != shape:
            yield f"has field {wanted.name!r} of shape {values.shape} where {shape} is expected"
        flags = {"sample_varying": True, "time_varying": wanted.varies_in_time}
        for name, value in flags.items():
            if not _same(values.attrs.get(name), value):
                yield f"has {name} = {_short(values.attrs.get(name))} of field {wanted.name!r}, not {value}"
        varies = list(wanted.varies_along(plan.axis_names))
        if not np.array_equal(values.attrs.get("dim_varying", []), varies):
            yield f"has a wrong dim_varying of field {wanted.name!r}: {varies} is expected"


def _values(file: h5py.File, plan: Plan, shard: Shard) -> Iterator[str]:
    bad: dict[int, list[str]] = {}
    for wanted in plan.fields:
        values = file[field_group(wanted)][wanted.name]
        for row in range(len(values)):
            if not np.isfinite(values[row]).all():
                bad.setdefault(row, []).append(wanted.name)
    if bad:
        row = min(bad)
        more = f" and of {len(bad) - 1} more" if len(bad) > 1 else ""
        yield (
            f"holds NaN or infinity in {' and '.join(bad[row])} of trajectory {row} (sample "
            f"{int(file['provenance/sample'][row])}){more}, not marked as failed"
        )


def _list(attributes: Any, key: str, expected: list[str], place: str) -> Iterator[str]:
    if key not in attributes:
        yield f"lacks the attribute {key!r} of {place}"
    elif decoded(attributes, key) != expected:
        yield f"has {key} = {decoded(attributes, key)} of {place} where {expected} is expected"


def _same(stored: Any, expected: Any) -> bool:
    try:
        return bool(np.ndim(stored) == 0 and type(expected)(stored) == expected)
    except (TypeError, ValueError):
        return False


def _short(value: Any) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)[:60]
