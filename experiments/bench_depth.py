"""What is depth worth to a network that steps, with skips and without? In parts.

What a part is, `bench_parts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench_depth_skips
from .bench_parts import run_parts, table_of_parts

__all__ = ["PARTS", "PRESETS", "Settings", "run", "table"]

PARTS: dict[str, Any] = {"skips": bench_depth_skips}


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        skips: plain and residual stacks of several depths.
        parts: which of these.
    """

    skips: bench_depth_skips.Settings
    parts: tuple[str, ...] = ("skips",)


PRESETS = {preset: Settings(skips=bench_depth_skips.PRESETS[preset]) for preset in ("quick", "default")}


def run(settings: Settings, *, folder: Path) -> dict[str, Any]:
    """See `run_parts`."""
    return run_parts(PARTS, settings, folder=folder)


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return table_of_parts(PARTS, results)
