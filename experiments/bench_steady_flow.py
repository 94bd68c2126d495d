"""How good and how fast are the solvers of steady flow? In parts.

What a part is, `bench_parts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench_steady_flow_floor, bench_steady_flow_refinement, bench_steady_flow_time
from .bench_parts import run_parts, table_of_parts

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
        time: seconds to a given error, by Newton's method, on the lattice, and by simpleFoam if installed.
        floor: what the first two make of the processor; lbmpy beside, if installed.
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
    """See `run_parts`."""
    return run_parts(PARTS, settings, folder=folder)


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return table_of_parts(PARTS, results)
