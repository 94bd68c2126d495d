"""How fast is the compiled solver, beside the other ways to do the same step in Python? One run, one thread.

Every method advances the same trajectories by the same scheme (ETDRK4, float64, unless its name says
otherwise). They must agree before they are timed. Timings are interleaved, so that a busy machine slows all
alike; what counts are the ratios of medians.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..solvers.methods.compiled_spectral import CompiledEngine
from ..solvers.methods.lane_exponential import run_runge_kutta
from ..solvers.methods.lane_tables import RungeKuttaTables
from .bench_floor import measure_peak, operations_of_a_step
from .bench_peers import PEERS, Task
from .bench_rounds import busy_note, load, write_part
from .compare import ComparisonError
from .timing import clock, pinned_threads

__all__ = ["NAMES", "PRESETS", "Settings", "run", "table"]

YARDSTICK = "exponax"
OTHER_NUMBERS = {"compiled ETDRK4 float32": 2e-4, "compiled ETD-AB4": 2e-2}
"""Methods that compute something else, and how far they may be from the others."""


@dataclass(frozen=True)
class Settings:
    """What is timed.

    Attributes:
        points: grid sizes.
        batches: trajectories at once.
        spacing: length of the domain per point; 22/64 is the usual one.
        step: of the scheme, in time.
        methods: what is timed, by name; those not installed are reported as absent.
        seconds: length of one timed call.
        repeats: timed calls of each method, interleaved with the others'.
        agreement_steps: steps after which all methods must agree.
    """

    points: tuple[int, ...] = (32, 64, 128, 256, 512)
    batches: tuple[int, ...] = (1, 16, 256)
    spacing: float = 22 / 64
    step: float = 0.1
    methods: tuple[str, ...] = tuple(PEERS)
    seconds: float = 0.002
    repeats: int = 41
    agreement_steps: int = 10


NAMES = {"methods": tuple(PEERS)}
"""Known names by setting."""

PRESETS = {
    "quick": Settings(points=(64,), batches=(1, 16), seconds=0.002, repeats=3),
    "default": Settings(),
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Time everything; returns the results and writes them to `path`."""
    for points in settings.points:
        if not CompiledEngine.can_run(points, "float64"):
            raise ComparisonError(
                f"--steps.points must be sizes on which the solver runs compiled, got {points}"
            )
    before = load()
    with pinned_threads(1):
        peak = measure_peak()
        rows: list[dict[str, Any]] = []
        absent: dict[str, str] = {}
        for points in settings.points:
            for batch in settings.batches:
                rows += _measure(settings, points, batch, absent)
    for row in rows:
        base = _find(rows, row["points"], row["batch"], YARDSTICK)
        row["times_yardstick"] = row["median"] / base["median"] if base else None
        row["times_yardstick_at_best"] = row["best"] / base["best"] if base else None
        if row["method"] == "compiled ETDRK4" and row["batch"] > 2:
            flops, instructions = operations_of_a_step(row["points"])
            row["gigaflops"] = flops * row["best"] / 1e9
            row["share_of_peak_flops"] = row["gigaflops"] / peak.gigaflops
            # peak instructions are per lane's vector: eight trajectories advance at once
            row["share_of_floor"] = instructions * row["best"] / 8 / 1e9 / peak.giga_instructions
    results = {
        "yardstick": YARDSTICK,
        "peak": dataclasses.asdict(peak),
        "rows": rows,
        "absent": absent,
        "peers": {name: _version(name) for name in ("exponax", "jax", "pyFFTW", "torch", "scipy", "numpy")},
    }
    return write_part(results, settings=settings, threads=1, load_before=before, path=path)


def _measure(settings: Settings, points: int, batch: int, absent: dict[str, str]) -> list[dict[str, Any]]:
    task = Task(settings.spacing * points, settings.step, _developed(settings, points, batch))
    advance: dict[str, Callable[[int], Any]] = {}
    for name in settings.methods:
        try:
            advance[name] = PEERS[name](task)
        except ImportError as error:
            absent[name] = str(error)
    disagreement = _check_agreement(advance, settings.agreement_steps)
    steps = {name: _steps_for(call, settings.seconds) for name, call in advance.items()}
    seconds: dict[str, list[float]] = {name: [] for name in advance}
    for _ in range(settings.repeats):
        for name, call in advance.items():
            seconds[name].append(clock(partial(call, steps[name])))
    rows = []
    for name in advance:
        slow, median, fast = np.quantile(batch * steps[name] / np.array(seconds[name]), [0.25, 0.5, 0.75])
        rows.append(
            {
                "points": points,
                "batch": batch,
                "method": name,
                "median": float(median),
                "low": float(slow),
                "high": float(fast),
                "best": float(batch * steps[name] / min(seconds[name])),
                "steps": steps[name],
                "difference": disagreement[name],
            }
        )
    return rows


def _developed(settings: Settings, points: int, batch: int) -> Any:
    """Chaotic fields (batch, 4 frames a step apart, points): random waves, the transient over."""
    rng = np.random.default_rng(points + batch)
    x = np.arange(points) / points
    waves = np.arange(1, points // 8 + 1)[:, None]
    phases = rng.uniform(0, 2 * np.pi, (batch, len(waves), 1))
    start = np.cos(2 * np.pi * waves * x + phases).sum(axis=1) / np.sqrt(len(waves))
    task = Task(settings.spacing * points, settings.step, start[:, None])
    tables = RungeKuttaTables.of(task.scheme, task.factor)
    return run_runge_kutta(start, tables, steps_per_frame=[1000, 1, 1, 1], frames=4)


def _check_agreement(advance: Mapping[str, Callable[[int], Any]], steps: int) -> dict[str, float]:
    """Largest relative difference of each method from the median of all; AssertionError where they differ."""
    answers = {name: np.asarray(call(steps), dtype=np.float64) for name, call in advance.items()}
    same = [a for name, a in answers.items() if name not in OTHER_NUMBERS]
    middle = np.median(same, axis=0)
    differences = {n: float(np.abs(a - middle).max() / np.abs(middle).max()) for n, a in answers.items()}
    for name, difference in differences.items():
        allowed = OTHER_NUMBERS.get(name, 1e-10)
        if not difference <= allowed:
            raise AssertionError(f"{name} differs from the other methods by {difference:.1e} > {allowed:.0e}")
    return differences


def _steps_for(call: Callable[[int], Any], seconds: float) -> int:
    """Steps, a power of two, that take about so long; what is compiled for them is compiled after this."""
    steps = 4  # short calls, so that other work on the machine does not fall into each of them
    while True:
        call(steps)
        spent = min(clock(partial(call, steps)) for _ in range(3))
        if spent > seconds / 2 or steps >= 2**20:
            return steps
        steps *= 2


def _find(rows: list[dict[str, Any]], points: int, batch: int, method: str) -> dict[str, Any] | None:
    wanted = (points, batch, method)
    return next((r for r in rows if (r["points"], r["batch"], r["method"]) == wanted), None)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "absent"
    if row["times_yardstick"] is None:
        return f"{row['median']:.2e}"
    return f"{row['median']:.2e} ({row['times_yardstick']:.1f}; {row['times_yardstick_at_best']:.1f})"


def table(results: Mapping[str, Any]) -> str:
    """Trajectory-steps per second, and as multiples of the yardstick, one line for each method and batch."""
    rows = results["rows"]
    sizes = sorted({r["points"] for r in rows})
    methods = list(dict.fromkeys(r["method"] for r in rows))
    lines = [f"trajectory-steps per second, median (times {results['yardstick']}: of medians; of best runs)"]
    for batch in sorted({r["batch"] for r in rows}):
        lines.append(f"{f'batch of {batch}':24}" + "".join(f"{f'N = {points}':>24}" for points in sizes))
        for method in methods:
            cells = [_cell(_find(rows, points, batch, method)) for points in sizes]
            lines.append(f"{method:24}" + "".join(f"{cell:>24}" for cell in cells))
    peak = results["peak"]
    lines.append(
        f"one core: {peak['gigaflops']:.0f} GFLOP/s fused, "
        f"{peak['giga_instructions']:.1f} vector operations/ns, "
        + ", ".join(f"{level} {rate:.0f} GB/s" for level, rate in peak["gigabytes"].items())
    )
    for row in rows:
        if "share_of_floor" in row:
            lines.append(
                f"N={row['points']} batch {row['batch']}: {row['gigaflops']:.0f} GFLOP/s, "
                f"{row['share_of_peak_flops']:.0%} of fused peak, {row['share_of_floor']:.0%} of the floor"
            )
    lines += busy_note(results)
    lines += [f"{name}: not installed ({reason})" for name, reason in results["absent"].items()]
    return "\n".join(lines)
