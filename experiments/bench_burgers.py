"""How good are networks that know Burgers' equation beside those of others, and how fast? In parts.

What a part is, `bench_parts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench_burgers_deepxde, bench_burgers_derivatives
from .bench_parts import run_parts, table_of_parts

__all__ = ["PARTS", "PRESETS", "Settings", "run", "table"]

PARTS: dict[str, Any] = {"deepxde": bench_burgers_deepxde, "derivatives": bench_burgers_derivatives}


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        deepxde: errors after equal time, DeepXDE's beside ours, if it is installed.
        derivatives: seconds of one loss and its gradient, in several ways.
        parts: which of these.
    """

    deepxde: bench_burgers_deepxde.Settings
    derivatives: bench_burgers_derivatives.Settings
    parts: tuple[str, ...] = ("deepxde", "derivatives")


PRESETS = {
    preset: Settings(
        deepxde=bench_burgers_deepxde.PRESETS[preset],
        derivatives=bench_burgers_derivatives.PRESETS[preset],
    )
    for preset in ("quick", "default")
}


def run(settings: Settings, *, folder: Path) -> dict[str, Any]:
    """See `run_parts`."""
    return run_parts(PARTS, settings, folder=folder)


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return table_of_parts(PARTS, results)
