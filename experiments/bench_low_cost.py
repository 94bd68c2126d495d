"""What makes a trained network cheaper to ask, or to bring to another problem, and at what loss? In parts.

What a part is, `bench_parts` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench_low_cost_adaptation, bench_low_cost_distillation, bench_low_cost_precision
from .bench_parts import run_parts, table_of_parts

__all__ = ["PARTS", "PRESETS", "Settings", "run", "table"]

PARTS: dict[str, Any] = {
    "precision": bench_low_cost_precision,
    "adaptation": bench_low_cost_adaptation,
    "distillation": bench_low_cost_distillation,
}


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        precision: error, time and bytes of networks with fewer and shorter numbers.
        adaptation: error against samples of another regime, by what is trained again.
        distillation: error of small networks that learn from a solver, a large network, or both.
        parts: which of these.
    """

    precision: bench_low_cost_precision.Settings
    adaptation: bench_low_cost_adaptation.Settings
    distillation: bench_low_cost_distillation.Settings
    parts: tuple[str, ...] = ("precision", "adaptation", "distillation")


PRESETS = {
    preset: Settings(
        precision=bench_low_cost_precision.PRESETS[preset],
        adaptation=bench_low_cost_adaptation.PRESETS[preset],
        distillation=bench_low_cost_distillation.PRESETS[preset],
    )
    for preset in ("quick", "default")
}


def run(settings: Settings, *, folder: Path) -> dict[str, Any]:
    """See `run_parts`."""
    return run_parts(PARTS, settings, folder=folder)


def table(results: Mapping[str, Any]) -> str:
    """The parts' tables, one below the other."""
    return table_of_parts(PARTS, results)
