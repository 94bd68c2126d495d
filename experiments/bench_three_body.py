"""How fast are the solvers of three bodies, beside their peers and beside the processor's peak? In parts.

What a part is, `bench_parts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench_three_body_floor, bench_three_body_trajectories
from .bench_parts import run_parts, table_of_parts

__all__ = ["PARTS", "PRESETS", "Settings", "run", "table"]

PARTS: dict[str, Any] = {"trajectories": bench_three_body_trajectories, "floor": bench_three_body_floor}


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        trajectories: time and error of a trajectory, ours and the peers'.
        floor: what the solver's steps make of the processor, and how the size of a batch matters.
        parts: which of these.
    """

    trajectories: bench_three_body_trajectories.Settings
    floor: bench_three_body_floor.Settings
    parts: tuple[str, ...] = ("trajectories", "floor")


PRESETS = {
    preset: Settings(
        trajectories=bench_three_body_trajectories.PRESETS[preset],
        floor=bench_three_body_floor.PRESETS[preset],
    )
    for preset in ("quick", "default")
}


def run(settings: Settings, *, folder: Path) -> dict[str, Any]:
    """See `run_parts`."""
    return run_parts(PARTS, settings, folder=folder)


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return table_of_parts(PARTS, results)
