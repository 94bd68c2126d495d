"""How fast are solver and surrogates of the Kuramoto-Sivashinsky equation, beside their peers? In parts.

A part is a module with `Settings`, `NAMES` (what these may name), `PRESETS`, `run(settings, path=...)` and
`table(results)`; it leaves one file, so that a part can be measured again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..solvers.discovery import UnknownName, nearest
from . import bench_reservoir, bench_simulated_time, bench_steps
from .bench_settings import refuse_senseless

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
    """Measure the parts, each into `folder`/<part>.json; returns part -> results.

    Raises `UnknownName` for a part that does not exist and `ComparisonError` for settings that make no sense,
    before anything is timed.
    """
    chosen = [nearest(part, list(PARTS), "part") for part in settings.parts]
    if not chosen:
        raise UnknownName(f"--parts needs at least one of {', '.join(PARTS).replace('_', '-')}")
    for part in chosen:
        refuse_senseless(getattr(settings, part), part=part.replace("_", "-"), names=PARTS[part].NAMES)
    results = {}
    for part in dict.fromkeys(chosen):
        name = part.replace("_", "-")
        results[name] = PARTS[part].run(getattr(settings, part), path=folder / f"{name}.json")
    return results


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return "\n\n".join(PARTS[part.replace("-", "_")].table(found) for part, found in results.items())
