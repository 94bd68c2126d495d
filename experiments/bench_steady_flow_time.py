"""How long a steady flow takes to a given error: Newton's method, the lattice, and OpenFOAM's simpleFoam.

The shapes are the standard ones, the error that of the velocity on the system's grid against a grid four
times as fine, the time that of one shape alone on one thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..solvers.contract import Queries, Solution, Solver
from ..solvers.steady_flow import LatticeBoltzmann, SteadyFlow, StreamNewton
from .bench_rounds import busy_note, load, write_part
from .bench_steady_flow_openfoam import CONVECTION, SimpleFoam, installed
from .envelope import Envelope
from .metrics import relative_error
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "Settings", "run", "table"]

ONCE = np.zeros(1)
METHODS = ("newton", "lattice", "openfoam")


@dataclass(frozen=True)
class Settings:
    """What is timed.

    Attributes:
        rows: of the system's grid, on which errors are judged; twice as many columns.
        shapes: how many are solved.
        methods: newton, lattice, openfoam; the last is left out where simpleFoam is not installed.
        newton_rows: grids of Newton's method.
        newton_tolerances: tolerances on each.
        lattice_rows: grids of the lattice.
        lattice_speeds: inflow on each, in cells per step: a faster one is less exact.
        lattice_tolerance: when the lattice counts as steady.
        openfoam_rows: grids of simpleFoam.
        openfoam_tolerances: of its residuals, on each.
        openfoam_convections: its schemes, each with SIMPLEC.
        errors: at which the methods are compared.
        rounds: how often each is timed; medians count.
    """

    rows: int = 64
    shapes: int = 12
    methods: tuple[str, ...] = METHODS
    newton_rows: tuple[int, ...] = (16, 24, 32, 48, 64, 96, 128)
    newton_tolerances: tuple[float, ...] = (1e-3, 1e-8)
    lattice_rows: tuple[int, ...] = (32, 48, 64, 96)
    lattice_speeds: tuple[float, ...] = (0.1, 0.05)
    lattice_tolerance: float = 1e-3
    openfoam_rows: tuple[int, ...] = (32, 48, 64, 96)
    openfoam_tolerances: tuple[float, ...] = (1e-2, 1e-3, 1e-4)
    openfoam_convections: tuple[str, ...] = ("linear", "linearUpwind")
    errors: tuple[float, ...] = (0.03, 0.02, 0.01)
    rounds: int = 3


NAMES: dict[str, tuple[str, ...]] = {"methods": METHODS, "openfoam_convections": tuple(CONVECTION)}
"""Known names by setting."""

PRESETS = {
    "quick": Settings(
        rows=16,
        shapes=2,
        newton_rows=(8, 16),
        newton_tolerances=(1e-3,),
        lattice_rows=(16,),
        lattice_speeds=(0.1,),
        openfoam_rows=(16,),
        openfoam_tolerances=(1e-3,),
        openfoam_convections=("linear",),
        errors=(0.1,),
        rounds=1,
    ),
    "default": Settings(),
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Solve and time; write what was found to `path`."""
    before, system = load(), SteadyFlow(settings.rows, 2 * settings.rows)
    queries = thick(system, settings.shapes)
    solvers = solvers_of(system, settings)
    metric = relative_error()
    with pinned_threads(1):
        truth = StreamNewton(system, rows=4 * settings.rows, tolerance=1e-10)(queries, ONCE)
        judged = Solution(
            times=ONCE,
            values={name: truth.values[name] for name in ("u", "v")},
            status=truth.status,
            seconds=truth.seconds,
            error_estimate=truth.error_estimate,
        )
        rows = []
        for method, solver in tqdm(solvers, desc="solvers", leave=False):
            answers = [solver(queries, ONCE) for _ in range(settings.rounds)]
            score = metric.score(answers[0], judged)
            seconds = np.median([answer.seconds for answer in answers], axis=0)
            rows.append(
                {
                    "method": method,
                    "label": solver.label,
                    "settings": solver.settings,
                    "error": float(np.median(score)),
                    "errors": score.tolist(),
                    "seconds": float(np.median(seconds)),
                    "seconds_of_each": seconds.tolist(),
                    "solved": int(answers[0].solved.sum()),
                }
            )
    results = {
        "shapes": len(truth.status),
        "truth_error_estimate": float(np.median(truth.error_estimate)),
        "rows": rows,
        "at_equal_error": [at_equal_error(rows, error) for error in settings.errors],
    }
    return write_part(results, settings=settings, threads=1, load_before=before, path=path)


def thick(system: SteadyFlow, shapes: int) -> Queries:
    """The first so many standard shapes that the system's grid resolves."""
    kept: list[dict[str, NDArray[np.float64]]] = []
    for seed in range(20 * shapes):
        one = dict(system.draw([np.random.default_rng((7, seed))]))
        if not system.objections(one)[0]:
            kept.append(one)
        if len(kept) == shapes:
            break
    return {name: np.concatenate([one[name] for one in kept]) for name in kept[0]}


def solvers_of(system: SteadyFlow, settings: Settings) -> list[tuple[str, Solver]]:
    """Every setting of every method."""
    found: list[tuple[str, Solver]] = []
    if "newton" in settings.methods:
        found += [
            ("newton", StreamNewton(system, rows=rows, tolerance=tolerance))
            for rows in settings.newton_rows
            for tolerance in settings.newton_tolerances
        ]
    if "lattice" in settings.methods:
        found += [
            (
                "lattice",
                LatticeBoltzmann(system, rows=rows, speed=speed, tolerance=settings.lattice_tolerance),
            )
            for rows in settings.lattice_rows
            for speed in settings.lattice_speeds
        ]
    if "openfoam" in settings.methods and installed():
        found += [
            ("openfoam", SimpleFoam(system, rows=rows, tolerance=tolerance, convection=convection))
            for rows in settings.openfoam_rows
            for tolerance in settings.openfoam_tolerances
            for convection in settings.openfoam_convections
        ]
    return found


def at_equal_error(rows: Sequence[Mapping[str, Any]], error: float) -> dict[str, Any]:
    """Seconds of each method to this error, between its settings, and how many times Newton's that is."""
    seconds: dict[str, Any] = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method and np.isfinite(row["error"])]
        if not own:
            continue
        envelope = Envelope.of(
            np.array([row["seconds"] for row in own]), -np.log10([row["error"] for row in own])
        )
        cost = envelope.cost(float(-np.log10(error)))
        seconds[method] = {"seconds": cost.seconds, "sign": cost.sign}
    first = seconds.get("newton")
    ratios = {
        method: {"times": found["seconds"] / first["seconds"], "sign": found["sign"]}
        for method, found in seconds.items()
        if first is not None and method != "newton" and first["sign"] == "="
    }
    return {"error": error, "seconds": seconds, "times_newton": ratios}


def table(results: Mapping[str, Any]) -> str:
    """As text."""
    lines = [
        f"velocity error (median of {results['shapes']} shapes) and time, one thread",
        *(
            f"{row['label']:40s} {100 * row['error']:8.3g} %  {1e3 * row['seconds']:10.3g} ms  "
            f"{row['solved']} solved"
            for row in results["rows"]
        ),
    ]
    for row in results["at_equal_error"]:
        said = [
            f"{method} {found['sign'].replace('=', '').strip()}{1e3 * found['seconds']:.3g} ms"
            + (
                f" ({row['times_newton'][method]['times']:.3g} times Newton's)"
                if method in row["times_newton"]
                else ""
            )
            for method, found in row["seconds"].items()
        ]
        lines.append(f"to {100 * row['error']:g} %: {', '.join(said)}")
    return "\n".join([*lines, *busy_note(results)])
