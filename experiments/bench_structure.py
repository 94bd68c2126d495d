"""What is it worth to tell a network what is known of its inputs: their symmetries, and which are codes?

In parts; what a part is, `bench_parts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench_structure_categories, bench_structure_symmetry
from .bench_parts import run_parts, table_of_parts

__all__ = ["PARTS", "PRESETS", "Settings", "run", "table"]

PARTS: dict[str, Any] = {"symmetry": bench_structure_symmetry, "categories": bench_structure_categories}


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        symmetry: error against samples, with their images under symmetries and without.
        categories: error against samples, with a code embedded, one-hot, as a number, and not at all.
        parts: which of these.
    """

    symmetry: bench_structure_symmetry.Settings
    categories: bench_structure_categories.Settings
    parts: tuple[str, ...] = ("symmetry", "categories")


PRESETS = {
    preset: Settings(
        symmetry=bench_structure_symmetry.PRESETS[preset],
        categories=bench_structure_categories.PRESETS[preset],
    )
    for preset in ("quick", "default")
}


def run(settings: Settings, *, folder: Path) -> dict[str, Any]:
    """See `run_parts`."""
    return run_parts(PARTS, settings, folder=folder)


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return table_of_parts(PARTS, results)
