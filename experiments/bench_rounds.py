"""What benchmarks share: calls timed in turn, so that a busy machine slows all alike, and their record."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .report import write_json
from .timing import clock, provenance

__all__ = ["BUSY", "Spread", "busy_note", "interleave", "load", "write_part"]

BUSY = 0.5
"""Load of the machine above which medians are not to be trusted."""


@dataclass(frozen=True)
class Spread:
    """Seconds of a call over the rounds: quartiles, median, and the shortest."""

    low: float
    median: float
    high: float
    best: float
    rounds: int


def interleave(calls: Mapping[str, Callable[[], Any]], *, rounds: int) -> dict[str, Spread]:
    """Time each call once per round, in turn, after one round that is not counted."""
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds}")
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for counted in range(-1, rounds):
        for name, call in calls.items():
            spent = clock(call)
            if counted >= 0:
                seconds[name].append(spent)
    spreads = {}
    for name, values in seconds.items():
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
        spreads[name] = Spread(float(low), float(median), float(high), min(values), rounds)
    return spreads


def load() -> float:
    """Processes that wanted to run during the last minute, on average."""
    return os.getloadavg()[0]


def write_part(
    results: Mapping[str, Any], *, settings: Any, threads: int, load_before: float, path: Path
) -> dict[str, Any]:
    """Write results with settings, load, versions, machine, date and commit; returns what was written."""
    whole = {
        "settings": dataclasses.asdict(settings),
        **results,
        "threads": threads,
        "load": [load_before, load()],
        **provenance(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, whole)
    return whole


def busy_note(results: Mapping[str, Any]) -> list[str]:
    """A line of warning if the machine was busy before the run; none where nobody looked."""
    before = results.get("load", (0.0,))[0]
    if before <= BUSY:
        return []
    return [
        f"the machine was busy before the run (load {before:.1f}): "
        "trust the ratios of best runs more than those of medians"
    ]
