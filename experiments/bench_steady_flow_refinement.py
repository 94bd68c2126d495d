"""How the steady solver closes in on a benchmark as its grid is refined: the cylinder of Schaefer & Turek."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..solvers.steady_flow.exact import CYLINDER, cylinder, cylinder_coefficients
from ..solvers.steady_flow.stream_newton import StreamNewton
from .bench_rounds import load, write_part
from .compare import ComparisonError
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "Settings", "run", "table"]

ONCE = np.zeros(1)


@dataclass(frozen=True)
class Settings:
    """What is solved.

    Attributes:
        refinements: grids of so many times 41 x 220 cells, in ascending order.
        tolerance: of the solver.
    """

    refinements: tuple[int, ...] = (1, 2, 3, 4, 6)
    tolerance: float = 1e-10


NAMES: dict[str, tuple[str, ...]] = {}
"""Known names by setting: there are none."""

PRESETS = {"quick": Settings(refinements=(1, 2)), "default": Settings()}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Solve on all grids, on one thread, and write what was found to `path`.

    Raises `ComparisonError` for refinements that do not ascend.
    """
    if list(settings.refinements) != sorted({int(r) for r in settings.refinements}):
        raise ComparisonError(
            f"--refinement.refinements must be whole numbers that ascend, got {settings.refinements}"
        )
    before, grids = load(), []
    with pinned_threads(1):
        for refinement in settings.refinements:
            system, query = cylinder(int(refinement))
            solver = StreamNewton(system, tolerance=settings.tolerance)
            begin = time.perf_counter()
            solution = solver(query, ONCE)
            seconds = time.perf_counter() - begin
            found = cylinder_coefficients(system, dict(solution.values))
            grids.append(
                {
                    "rows": system.rows,
                    "columns": system.columns,
                    "seconds": seconds,
                    "steps": float(solution.measures["steps"][0]),
                    "error_estimate": float(solution.error_estimate[0]),
                    **found,
                    **{f"{name}_error": found[name] / true - 1 for name, true in CYLINDER.items()},
                }
            )
    results = {
        "truth": CYLINDER,
        "grids": grids,
        "orders": {name: orders([(g["rows"], g[f"{name}_error"]) for g in grids]) for name in CYLINDER},
        "extrapolated": {name: extrapolated([(g["rows"], g[name]) for g in grids]) for name in CYLINDER},
    }
    return write_part(results, settings=settings, threads=1, load_before=before, path=path)


def orders(errors: list[tuple[float, float]]) -> list[float]:
    """Observed order from each grid to the next: by which power of the spacing the error falls."""
    return [
        float(np.log(abs(coarse / fine)) / np.log(n / m))
        for (m, coarse), (n, fine) in itertools.pairwise(errors)
    ]


def extrapolated(values: list[tuple[float, float]]) -> float | None:
    """From the last two grids, if the error falls with the square of the spacing; None of a single grid."""
    if len(values) < 2:
        return None
    (m, coarse), (n, fine) = values[-2:]
    return float(fine + (fine - coarse) / ((n / m) ** 2 - 1))


def table(results: Mapping[str, Any]) -> str:
    """As text."""
    names = list(results["truth"])
    lines = [
        "cylinder in a channel at Reynolds number 20 (Schaefer & Turek 2D-1), error of each coefficient",
        f"{'grid':>12}" + "".join(f"{name:>12}{'order':>7}" for name in names) + f"{'seconds':>10}",
    ]
    for i, grid in enumerate(results["grids"]):
        cells = ""
        for name in names:
            order = f"{results['orders'][name][i - 1]:.1f}" if i else ""
            cells += f"{100 * grid[f'{name}_error']:>10.3f} %{order:>7}"
        lines.append(f"{grid['rows']:>5} x {grid['columns']:<4}" + cells + f"{grid['seconds']:>10.2f}")
    if all(value is not None for value in results["extrapolated"].values()):
        off = [f"{100 * (results['extrapolated'][n] / results['truth'][n] - 1):.3f} %" for n in names]
        lines.append(f"extrapolated from the last two: {', '.join(off)}")
    return "\n".join(lines)
