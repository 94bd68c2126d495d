"""How fast are the solvers of three bodies, beside their peers and beside the processor's peak? In parts.

A part is a module with `Settings`, `NAMES` (what these may name), `PRESETS`, `run(settings, path=...)` and
`table(results)`; it leaves one file, so that a part can be measured again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..solvers.discovery import UnknownName, nearest
from . import bench_three_body_floor, bench_three_body_trajectories
from .bench_settings import refuse_senseless

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
    """Measure the parts, each into `folder`/<part>.json; returns part -> results.

    Raises `UnknownName` for a part that does not exist and `ComparisonError` for settings that make no sense,
    before anything is timed.
    """
    chosen = list(dict.fromkeys(nearest(part, list(PARTS), "part") for part in settings.parts))
    if not chosen:
        raise UnknownName(f"--parts needs at least one of {', '.join(PARTS)}")
    for part in chosen:
        refuse_senseless(getattr(settings, part), part=part, names=PARTS[part].NAMES)
    return {part: PARTS[part].run(getattr(settings, part), path=folder / f"{part}.json") for part in chosen}


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return "\n\n".join(PARTS[part].table(found) for part, found in results.items())
