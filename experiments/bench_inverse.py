"""How well do networks that know an equation find a number of it, beside a fit by the solver? In parts.

What a part is, `bench_parts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench_inverse_numbers
from .bench_parts import run_parts, table_of_parts

__all__ = ["PARTS", "PRESETS", "Settings", "run", "table"]

PARTS: dict[str, Any] = {"numbers": bench_inverse_numbers}


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        numbers: a viscosity, a diffusivity, a mass and a length, with error bars.
        parts: which of these.
    """

    numbers: bench_inverse_numbers.Settings
    parts: tuple[str, ...] = ("numbers",)


PRESETS = {preset: Settings(numbers=bench_inverse_numbers.PRESETS[preset]) for preset in ("quick", "default")}


def run(settings: Settings, *, folder: Path) -> dict[str, Any]:
    """See `run_parts`."""
    return run_parts(PARTS, settings, folder=folder)


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return table_of_parts(PARTS, results)
