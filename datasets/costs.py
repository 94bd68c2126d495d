"""What a shard cost and where it was made: all that changes from run to run, in a `.json` beside the file."""

from __future__ import annotations

import datetime
import functools
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from .durable import write_whole
from .machine import processor, source_commit, version
from .plan import DatasetError

__all__ = ["Costs", "now", "surroundings"]


@dataclass(frozen=True)
class Costs:
    """The record of one shard.

    Attributes:
        size: bytes of the file.
        sha256: of the file.
        seconds: wall-clock seconds that each sample cost its solver, failed ones included; a batch's time is
            shared equally. One thread; compiling, drawing, writing and checking are not in it.
        samples: how many of them failed and how many were solved.
        date: when it was finished, in UTC.
        surroundings: machine, versions and commit.
    """

    size: int
    sha256: str
    seconds: tuple[float, ...]
    samples: dict[str, int]
    date: str
    surroundings: dict[str, Any]

    @staticmethod
    def path(shard: Path) -> Path:
        """Where the record of a shard lies."""
        return shard.with_suffix(".json")

    def write(self, shard: Path) -> None:
        """Write it whole; raises `OSError`."""
        write_whole(self.path(shard), (json.dumps(asdict(self), indent=1) + "\n").encode())

    @classmethod
    def read(cls, shard: Path) -> Costs:
        """The record of a shard; raises `DatasetError` where it is missing or damaged."""
        path = cls.path(shard)
        try:
            plain = json.loads(path.read_text())
            costs = cls(**{**plain, "seconds": tuple(float(s) for s in plain["seconds"])})
            int(costs.size), costs.sha256.lower()
            return costs
        except FileNotFoundError as error:
            raise DatasetError(
                f"{path} is missing, the record of what {shard.name} cost; "
                f"restore it, or delete {shard.name} and generate again"
            ) from error
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DatasetError(
                f"{path} is damaged ({str(error).splitlines()[0]}); "
                f"restore it, or delete {shard.name} and generate again"
            ) from error


@functools.cache
def surroundings() -> dict[str, Any]:
    """Machine, versions and commit; asked once per process."""
    names = ("understudy", "numpy", "scipy", "numba", "h5py")
    return {
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": processor(),
        "cores": psutil.cpu_count(logical=False),
        "threads": 1,
        "python": platform.python_version(),
        "versions": {name: version(name) or "not installed" for name in names},
        "commit": source_commit(),
    }


def now() -> str:
    """The date and time in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
