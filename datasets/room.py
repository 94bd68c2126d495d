"""Whether memory and disk have room for a set, found out before it is begun."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import psutil

from .plan import SPLITS, DatasetError, Plan

__all__ = ["refuse_too_large", "size_in_words"]


def refuse_too_large(plan: Plan, *, folder: Path) -> None:
    """Raise `DatasetError` where its largest file cannot be solved at once or the whole set not be kept.

    Solving takes about three times the size of a file in double precision for each worker.
    """
    settings = plan.settings
    numbers = {
        split: sum(math.prod(plan.field_shape(field, split)) for field in plan.fields) for split in SPLITS
    }
    count = {split: min(settings.trajectories_per_shard, settings.trajectories(split)) for split in SPLITS}
    largest = max(SPLITS, key=lambda split: count[split] * numbers[split])
    files = sum(-(-settings.trajectories(split) // settings.trajectories_per_shard) for split in SPLITS)
    at_once = min(settings.workers, files)
    needed, memory = 3 * 8 * count[largest] * numbers[largest] * at_once, psutil.virtual_memory().total
    if needed > memory:
        raise DatasetError(
            f"solving {count[largest]} trajectories of split {largest!r} at once for {folder} takes some "
            f"{size_in_words(needed)} with {at_once} at work, and this machine has {size_in_words(memory)}; "
            "ask for fewer trajectories_per_shard, frames or workers"
        )
    width = 4 if settings.dtype == "float32" else 8
    size = width * sum(settings.trajectories(split) * numbers[split] for split in SPLITS)
    size -= sum(path.stat().st_size for path in folder.glob("data/*/*.hdf5"))
    place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    disk = shutil.disk_usage(place)
    # some that are no disks, such as /proc, have no size at all: there writing says what is wrong
    if disk.total and size > disk.free:
        raise DatasetError(
            f"{folder} will take {size_in_words(size)}, and the disk has {size_in_words(disk.free)} left; "
            "free some space or ask for fewer frames or trajectories"
        )


def size_in_words(size: float) -> str:
    """E.g. `3.2 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:,.0f} TiB" if size >= 10 else f"{size:.2g} TiB"
