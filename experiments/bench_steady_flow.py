"""How good and how fast are the solvers of steady flow? In parts.

A part is a module with `Settings`, `NAMES` (what these may name), `PRESETS`, `run(settings, path=...)` and
`table(results)`; it leaves one file, so that a part can be measured again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..solvers.discovery import UnknownName, nearest
from . import bench_steady_flow_floor, bench_steady_flow_refinement, bench_steady_flow_time
from .bench_settings import refuse_senseless

__all__ = ["PARTS", "PRESETS", "Settings", "run", "table"]

PARTS: dict[str, Any] = {
    "refinement": bench_steady_flow_refinement,
    "time": bench_steady_flow_time,
    "floor": bench_steady_flow_floor,
}


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        refinement: a benchmark's coefficients, grid by grid.
        time: seconds to a given error, by Newton's method and on the lattice.
        floor: what both make of the processor.
        parts: which of these.
    """

    refinement: bench_steady_flow_refinement.Settings
    time: bench_steady_flow_time.Settings
    floor: bench_steady_flow_floor.Settings
    parts: tuple[str, ...] = ("refinement", "time", "floor")


PRESETS = {
    preset: Settings(
        refinement=bench_steady_flow_refinement.PRESETS[preset],
        time=bench_steady_flow_time.PRESETS[preset],
        floor=bench_steady_flow_floor.PRESETS[preset],
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
