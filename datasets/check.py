"""What is wrong with a training set on disk, and what to do about it: one sentence for each fault."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import yaml
from tqdm import tqdm

from .costs import Costs
from .durable import leftovers
from .plan import SPLITS, DatasetError, Plan, Shard, find_plan
from .schema import open_shard
from .shard_faults import Findings, inspect_shard, recorded_split
from .statistics import compute_statistics

__all__ = ["check"]

REMAKE = "delete it and run the same generate command again, which makes it anew"
RESUME = "run the same generate command again, it resumes"


def check(path: Path | str, *, progress: bool = False) -> list[str]:
    """Sentences that say what is wrong with the set in a folder and what to do; empty when it is good.

    Reads every number: names, shapes, types, axes, samples, splits, statistics, and the bytes of each file
    against the record beside it. A fault that explains others is named alone.
    """
    folder = Path(path)
    if not folder.exists():
        return [f"{folder} does not exist; give the folder that `understudy generate` wrote"]
    if not folder.is_dir():
        return [f"{folder} is a file; give the folder of the whole set, the one that holds stats.yaml"]
    if not any(folder.iterdir()):
        return [f"{folder} is empty; give the folder that `understudy generate` wrote"]
    try:
        plan = find_plan(folder)
    except DatasetError as error:
        return [str(error)]
    except OSError as error:
        return [f"the card in {folder} cannot be read: {error.strerror}; mend that and check again"]
    if plan is None:
        return [
            f"{folder} has no card ({folder.resolve().name}.yaml), so it is no training set or has lost it; "
            "give the folder that `understudy generate` wrote, or restore the card"
        ]
    # of an unfinished set it goes without saying that half-written files lie about
    faults = _leftovers(folder) if (folder / "stats.yaml").is_file() else []
    return faults + (_misplaced(folder, plan) or _files(folder, plan, progress))


def _absent(folder: Path, plan: Plan) -> list[Shard]:
    return [shard for shard in plan.shards if not (folder / shard.file).is_file()]


def _leftovers(folder: Path) -> list[str]:
    """Half-written files."""
    found = leftovers(folder)
    if not found:
        return []
    more = f" and {len(found) - 1} more files were" if len(found) > 1 else " was"
    return [f"{found[0]}{more} left half-written by an interrupted run; delete it or generate again"]


def _misplaced(folder: Path, plan: Plan) -> list[str]:
    """Files that lie in the wrong split; nothing else is worth saying before that is mended."""
    found: dict[tuple[str, str], list[Path]] = {}
    for split in SPLITS:
        for path in sorted((folder / "data" / split).glob("*.hdf5")):
            recorded = recorded_split(path)
            if recorded is not None and recorded != split:
                found.setdefault((split, recorded), []).append(path)
    faults = []
    for (split, recorded), paths in found.items():
        if (recorded, split) in found:
            if split < recorded:
                faults.append(
                    f"the splits {split!r} and {recorded!r} of {folder} are swapped: the files in each say "
                    "that they belong to the other; put them where they belong"
                )
        else:
            faults.append(
                f"{paths[0]} lies in split {split!r} but belongs to {recorded!r} by its own record"
                f"{f', as do {len(paths) - 1} more' if len(paths) > 1 else ''}; move it back or delete it"
            )
    return faults


def _files(folder: Path, plan: Plan, progress: bool) -> list[str]:
    """Every file, then what only all of them together show."""
    missing = _absent(folder, plan)
    present = [shard for shard in plan.shards if shard not in missing]
    faults = _missing(folder, plan, missing) + _unexpected(folder, plan)
    findings = {
        shard: inspect_shard(folder / shard.file, plan, shard=shard)
        for shard in tqdm(present, "checking", unit="file", disable=not progress, delay=1, leave=False)
    }
    for shard, found in findings.items():
        faults += [f"{folder / shard.file} {fault}; {REMAKE}" for fault in found.faults]
    sound = [shard for shard in present if not findings[shard].faults]
    for look in (_repeated, _different_axes):
        explained, involved = look(folder, {shard: findings[shard] for shard in sound})
        faults += explained
        sound = [shard for shard in sound if shard not in involved]
    for shard in sound:
        faults += _record(folder / shard.file)
    if not faults:
        faults += _statistics(folder, plan, progress)
    return faults


def _missing(folder: Path, plan: Plan, missing: list[Shard]) -> list[str]:
    if not missing:
        return []
    if not (folder / "stats.yaml").is_file():
        done = len(plan.shards) - len(missing)
        return [f"{folder} is not finished: {done} of {len(plan.shards)} files are there; {RESUME}"]
    more = f" and {len(missing) - 1} more files are" if len(missing) > 1 else " is"
    return [f"{folder / missing[0].file}{more} missing; {RESUME}"]


def _unexpected(folder: Path, plan: Plan) -> list[str]:
    expected = {folder / shard.file for shard in plan.shards}
    found = [p for ending in ("hdf5", "h5") for p in sorted(folder.glob(f"data/*/*.{ending}"))]
    return [
        f"{path} does not belong to this set, yet a reader of the folder would take it in; move it elsewhere"
        for path in found
        if path not in expected
    ]


def _repeated(folder: Path, findings: Mapping[Shard, Findings]) -> tuple[list[str], set[Shard]]:
    """Trajectories that are there twice, one sentence for each pair of splits, and their shards."""
    first: dict[bytes, tuple[Shard, int]] = {}
    pairs: dict[tuple[str, str], list[tuple[int, int]]] = {}
    involved: set[Shard] = set()
    for shard, found in findings.items():
        for sample, digest in found.digests.items():
            if digest in first:
                twin, number = first[digest]
                pairs.setdefault((twin.split, shard.split), []).append((number, sample))
                involved |= {twin, shard}
            first.setdefault(digest, (shard, sample))
    faults = []
    for (one, other), samples in pairs.items():
        more = f", and so do {len(samples) - 1} more pairs" if len(samples) > 1 else ""
        faults.append(
            f"sample {samples[0][0]} of split {one!r} and sample {samples[0][1]} of {other!r} in {folder} "
            f"hold the same trajectory{more}; delete the file with the copy and generate again"
        )
    return faults, involved


def _record(path: Path) -> list[str]:
    """The bytes of a file against its record."""
    try:
        costs = Costs.read(path)
    except DatasetError as error:
        return [str(error)]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if (path.stat().st_size, digest) != (costs.size, costs.sha256):
        return [f"{path} was changed after it was written: its bytes are not those on record; {REMAKE}"]
    return []


def _different_axes(folder: Path, shards: Iterable[Shard]) -> tuple[list[str], set[Shard]]:
    """Files whose coordinates are not those of the others."""
    groups: dict[bytes, list[Shard]] = {}
    for shard in shards:
        with open_shard(folder / shard.file) as file:
            axes = [file["dimensions"][name][:] for name in file["dimensions"].attrs["spatial_dims"]]
        groups.setdefault(b"".join(values.tobytes() for values in axes), []).append(shard)
    odd = sorted(groups.values(), key=len)[:-1]
    return [
        f"{folder / group[0].file} has other coordinates than most files of the set"
        f"{f', as have {len(group) - 1} more' if len(group) > 1 else ''}; {REMAKE}"
        for group in odd
    ], {shard for group in odd for shard in group}


def _statistics(folder: Path, plan: Plan, progress: bool) -> list[str]:
    path = folder / "stats.yaml"
    if not path.is_file():
        return [f"{path} is missing: the generation was interrupted at its very end; {RESUME}"]
    try:
        stored = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return [f"{path} cannot be read; {REMAKE}"]
    if not isinstance(stored, dict):
        return [f"{path} holds no statistics; {REMAKE}"]
    computed = compute_statistics(folder, plan, progress=progress)
    for name, fields in computed.items():
        for field, value in fields.items():
            try:
                given = np.asarray(stored[name][field], dtype=np.float64)
            except (KeyError, TypeError, ValueError):
                return [f"{path} lacks a number for {name} of {field!r}; {REMAKE}"]
            wanted = np.asarray(value)
            # a mean may be small beside the numbers it is the mean of
            scale = float(np.max(computed["rms_delta" if name.endswith("_delta") else "rms"][field]))
            if given.shape != wanted.shape or not np.allclose(given, wanted, rtol=1e-9, atol=1e-12 * scale):
                return [
                    f"{path} does not match the data: {name} of {field!r} is {value} and not "
                    f"{stored[name][field]}; {REMAKE}"
                ]
    return []
