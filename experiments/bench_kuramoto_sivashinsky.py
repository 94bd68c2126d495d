"""How fast are solver and surrogates of the Kuramoto-Sivashinsky equation, beside their peers? In parts.

What a part is, `bench_parts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench_reservoir, bench_simulated_time, bench_steps
from .bench_parts import run_parts, table_of_parts

__all__ = ["PARTS", "PRESETS", "Settings", "run", "table"]

PARTS: dict[str, Any] = {
    "steps": bench_steps,
    "simulated_time": bench_simulated_time,
    "reservoir": bench_reservoir,
}


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        steps: the solver's steps per second.
        simulated_time: the solver's simulated time per second at a given accuracy.
        reservoir: training and forecasts of reservoirs.
        parts: which of these.
    """

    steps: bench_steps.Settings
    simulated_time: bench_simulated_time.Settings
    reservoir: bench_reservoir.Settings
    parts: tuple[str, ...] = ("steps", "simulated-time", "reservoir")


PRESETS = {
    preset: Settings(
        steps=bench_steps.PRESETS[preset],
        simulated_time=bench_simulated_time.PRESETS[preset],
        reservoir=bench_reservoir.PRESETS[preset],
    )
    for preset in ("quick", "default")
}


def run(settings: Settings, *, folder: Path) -> dict[str, Any]:
    """See `run_parts`."""
    return run_parts(PARTS, settings, folder=folder)


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return table_of_parts(PARTS, results)
