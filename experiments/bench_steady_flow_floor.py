"""What the solvers of steady flow make of the processor: elimination of its flops, the lattice of memory.

Where lbmpy is installed its lattice is timed beside ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..solvers.methods.nested_dissection import CENTRE, Dissection, dissection
from ..solvers.steady_flow import SteadyFlow, StreamNewton, ellipse
from ..solvers.steady_flow.lattice import advance, links_of, rest
from .bench_floor import measure_peak
from .bench_rounds import busy_note, interleave, load, write_part
from .bench_steady_flow_lbmpy import installed, lattice_of_lbmpy
from .compare import ComparisonError
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "Settings", "operations", "run", "table"]

ONCE = np.zeros(1)


@dataclass(frozen=True)
class Settings:
    """What is timed.

    Attributes:
        rows: grids that are eliminated and solved; twice as many columns.
        tolerance: of Newton's method.
        lattice_rows: grids on which the lattice marches; twice as many columns.
        lattice_steps: in each timed call; even.
        rounds: timed calls of each, interleaved.
    """

    rows: tuple[int, ...] = (32, 64, 128)
    tolerance: float = 1e-8
    lattice_rows: tuple[int, ...] = (64, 256, 512)
    lattice_steps: int = 20
    rounds: int = 7


NAMES: dict[str, tuple[str, ...]] = {}
"""Known names by setting: there are none."""

PRESETS = {"quick": Settings(rows=(16,), lattice_rows=(32,), rounds=1), "default": Settings()}
POPULATIONS = 2 * 9 * 8
"""Bytes that a lattice cell's step reads and writes at least."""


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Time everything on one thread and write what was found to `path`.

    Raises `ComparisonError` for an odd number of lattice steps, of which the last would not be taken.
    """
    if settings.lattice_steps % 2:
        raise ComparisonError(f"--floor.lattice-steps must be even, got {settings.lattice_steps}")
    before = load()
    with pinned_threads(1):
        peak = measure_peak()
        calls: dict[str, Any] = {}
        for rows in settings.rows:
            order = dissection(rows, 2 * rows)
            coefficients = np.random.default_rng(0).uniform(-0.05, 0.05, (rows, 2 * rows, 13))
            coefficients[..., CENTRE] += 1.0
            factors = order.factorise(coefficients)
            calls[f"factorise {rows}"] = partial(order.factorise, coefficients)
            calls[f"solve {rows}"] = partial(factors.solve, np.ones(order.shape))
            system = SteadyFlow(rows, 2 * rows)
            shape = ellipse(0.7).placed(x=0.8, y=0.45, size=0.3, turned=0.4)
            query = {
                "distance": shape.distance(*system.middles())[None],
                "viscosity": np.array([0.01]),
            }
            calls[f"newton {rows}"] = partial(StreamNewton(system, tolerance=settings.tolerance), query, ONCE)
        for rows in settings.lattice_rows:
            calls[f"lattice {rows}"] = _lattice(rows, settings.lattice_steps)
            if installed():
                calls[f"bare {rows}"] = _lattice(rows, settings.lattice_steps, bare=True)
                for streaming in (False, True):
                    calls[f"lbmpy {rows} {'streaming' * streaming}"] = lattice_of_lbmpy(
                        rows, 2 * rows, steps=settings.lattice_steps, streaming=streaming
                    )
        spreads = interleave(calls, rounds=settings.rounds)
    best = {name: spread.best for name, spread in spreads.items()}
    elimination = [
        {
            "rows": rows,
            "gigaflop": operations(dissection(rows, 2 * rows)) / 1e9,
            "seconds": spreads[f"factorise {rows}"].median,
            "gigaflops": operations(dissection(rows, 2 * rows)) / best[f"factorise {rows}"] / 1e9,
            "solve_seconds": spreads[f"solve {rows}"].median,
            "newton_seconds": spreads[f"newton {rows}"].median,
        }
        for rows in settings.rows
    ]
    lattice = []
    for rows in settings.lattice_rows:
        cells = 2 * rows**2 * settings.lattice_steps
        updates = cells / best[f"lattice {rows}"]
        found = {"rows": rows, "mega_updates": updates / 1e6, "gigabytes": updates * POPULATIONS / 1e9}
        peers = [spread for name, spread in spreads.items() if name.startswith(f"lbmpy {rows} ")]
        if peers:
            # its better way counts; rounds are interleaved, so that all met the same machine
            found["lbmpy_mega_updates"] = cells / min(peer.best for peer in peers) / 1e6
            found["bare_mega_updates"] = cells / best[f"bare {rows}"] / 1e6
            median = min(peer.median for peer in peers)
            found["times_lbmpy"] = median / spreads[f"bare {rows}"].median
            found["times_lbmpy_with_walls"] = median / spreads[f"lattice {rows}"].median
        lattice.append(found)
    results = {
        "peak_gigaflops": peak.gigaflops,
        "memory_gigabytes": peak.gigabytes["memory"],
        "elimination": elimination,
        "lattice": lattice,
        "seconds": {name: vars(spread) for name, spread in spreads.items()},
    }
    return write_part(results, settings=settings, threads=1, load_before=before, path=path)


def operations(order: Dissection) -> float:
    """Floating-point operations of an elimination: each front's inverse, and its two products."""
    p, b = np.diff(order.pivots).astype(float), np.diff(order.borders).astype(float)
    return float((2 * p**3 + 2 * p**2 * b + 2 * p * b**2).sum())


def _lattice(rows: int, steps: int, *, bare: bool = False) -> Any:
    """So many steps of a fluid past a body; `bare` leaves out what walls, solids and openings take."""
    system = SteadyFlow(rows, 2 * rows)
    distance = ellipse(0.7).placed(x=0.8, y=0.45, size=0.3).distance(*system.middles())
    speed = 0.05 * np.diff(system.inflow()) * rows
    links, f = links_of(distance, speed, slip=False), rest(rows, 2 * rows, speed)
    if bare:
        links = replace(links, **{field.name: getattr(links, field.name)[:0] for field in fields(links)})
    return partial(advance, f, f.copy(), links, viscosity=0.01 * rows * 0.05, steps=steps)


def table(results: Mapping[str, Any]) -> str:
    """As text."""
    lines = [
        f"one core: {results['peak_gigaflops']:.0f} GFLOP/s, {results['memory_gigabytes']:.1f} GB/s read "
        "from memory",
        *(
            f"{row['rows']:>4} x {2 * row['rows']:<4} elimination of {row['gigaflop']:.3g} GFLOP in "
            f"{1e3 * row['seconds']:.3g} ms ({row['gigaflops']:.3g} GFLOP/s at best, "
            f"{row['gigaflops'] / results['peak_gigaflops']:.0%} of the peak), solution "
            f"{1e3 * row['solve_seconds']:.3g} ms, Newton to the end {1e3 * row['newton_seconds']:.3g} ms"
            for row in results["elimination"]
        ),
        *(
            f"{row['rows']:>4} x {2 * row['rows']:<4} lattice: {row['mega_updates']:.3g} million cells a "
            f"second, {row['gigabytes']:.3g} GB/s ({row['gigabytes'] / results['memory_gigabytes']:.0%} of "
            "what memory gives)"
            + (
                f"; without walls and solids {row['bare_mega_updates']:.3g} million, lbmpy "
                f"{row['lbmpy_mega_updates']:.3g}: by medians ours is {row['times_lbmpy']:.2g} times as "
                f"fast, with them {row['times_lbmpy_with_walls']:.2g}"
                if "times_lbmpy" in row
                else ""
            )
            for row in results["lattice"]
        ),
    ]
    return "\n".join([*lines, *busy_note(results)])
