"""What the regularised steps make of the processor: operations of a step, against what one core can do.

Also how a batch's size matters, and what a call costs before the first step.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from numba import njit

from ..solvers.methods.lanes import aligned, load, sqrt, store
from ..solvers.three_body import Regularised, ThreeBody, regularised
from ..solvers.three_body.dormand_prince_sums import ERROR3, ERROR5, TABLEAU
from .bench_floor import measure_peak
from .bench_rounds import busy_note, interleave, write_part
from .bench_rounds import load as machine_load
from .timing import pinned_threads

__all__ = [
    "NAMES",
    "PRESETS",
    "Operations",
    "Settings",
    "operations_of",
    "operations_of_a_step",
    "run",
    "table",
]

LANES = 8
STAGES = 12


@dataclass(frozen=True)
class Settings:
    """What is timed.

    Attributes:
        tolerance: of the solver.
        end: until when.
        batches: trajectories at once.
        rounds: timed calls of each, interleaved.
    """

    tolerance: float = 1e-10
    end: float = 10.0
    batches: tuple[int, ...] = (1, 8, 32, 64, 256, 1024, 4096)
    rounds: int = 7


NAMES: dict[str, tuple[str, ...]] = {}
"""Known names by setting: there are none."""

PRESETS = {"quick": Settings(batches=(1, 16), end=1.0, rounds=1), "default": Settings()}


@dataclass
class Operations:
    """How many there are, for each lane.

    Attributes:
        flops: floating-point operations; a fused multiply-add is two.
        instructions: vector instructions for them, without divisions and roots; minima, comparisons and
            selections are among these, loads and stores are not.
        products: those of the instructions that multiply, which not all ports of a processor can.
        divisions, roots: which take many times as long.
    """

    flops: int = 0
    instructions: int = 0
    products: int = 0
    divisions: int = 0
    roots: int = 0

    def add(self, other: Operations, *, times: int = 1) -> None:
        """In place."""
        for entry in dataclasses.fields(self):
            setattr(self, entry.name, getattr(self, entry.name) + times * getattr(other, entry.name))


@dataclass
class _Counted:
    """A number that only counts what is done to it; a product that goes into a sum is fused with it."""

    tally: Operations
    is_product: bool = field(default=False)

    def _sum(self, other: Any) -> _Counted:
        fused = self.is_product or getattr(other, "is_product", False)
        return self._done(flops=1, instructions=0 if fused else 1)

    def _product(self, other: Any) -> _Counted:
        self._done(flops=1, instructions=1, products=1)
        return _Counted(self.tally, is_product=True)

    def _quotient(self, other: Any) -> _Counted:
        return self._done(flops=1, divisions=1)

    def _compared(self, other: Any) -> _Counted:
        return self._done(instructions=1)

    def __neg__(self) -> _Counted:
        return _Counted(self.tally, self.is_product)

    def _done(self, **counts: int) -> _Counted:
        self.tally.add(Operations(**counts))
        return _Counted(self.tally)

    __add__ = __radd__ = __sub__ = __rsub__ = _sum
    __mul__ = __rmul__ = _product
    __truediv__ = __rtruediv__ = _quotient
    __lt__ = __gt__ = __le__ = __ge__ = _compared


def operations_of(function: Any, *arguments: Any) -> Operations:
    """Counted by running a compiled function's Python code on counting numbers, rare branches left out."""
    tally = Operations()
    number = _Counted(tally)

    def fused(*_: Any) -> _Counted:
        return number._done(flops=2, instructions=1, products=1)

    def one(*_: Any) -> _Counted:
        return number._done(instructions=1)

    def root(*_: Any) -> _Counted:
        return number._done(flops=1, roots=1)

    names: dict[str, Any] = {
        "load": lambda *_: number, "fill": lambda *_: number, "store": lambda *_: None,
        "fma": fused, "sqrt": root, "any_lane": lambda *_: False, "range": range,
        "minimum": one, "maximum": one, "select": one, "absolute": lambda *_: number,
    }  # fmt: skip
    FunctionType(function.py_func.__code__, {"__builtins__": {}, **names})(*arguments)
    return tally


def operations_of_a_step() -> Operations:
    """Of one step of `Regularised`, refused or not: derivatives, their sums, error, energy.

    The bookkeeping of lanes and the polynomial for frames are not in it.
    """
    rows, vectors = regularised.ROWS, (regularised.ROWS + 1) // 2
    total = Operations()
    total.add(operations_of(regularised.derivative, None, None, 0, None), times=STAGES)
    total.add(operations_of(regularised.imbalance, None, None))
    weights = np.count_nonzero(TABLEAU, axis=1)
    for stage in range(1, STAGES + 1):  # a product, then fused ones, and h times the sum on top of y
        terms = int(weights[stage])
        total.add(Operations(2 * terms + 1, terms + 1, terms + 1), times=rows)
    for estimate in (ERROR5, ERROR3):
        terms = int(weights[estimate])
        total.add(Operations(2 * terms - 1, terms, terms), times=rows)
    # of each row two squares for its size and two for its errors; of each vector a scale, two weighted sums
    total.add(Operations(7, 5, 4), times=rows)
    total.add(Operations(7, 4, 3, divisions=1), times=vectors)
    # the error's norm, its eighth root, the next step and which lanes go on
    total.add(Operations(10, 12, 6, divisions=3, roots=4))
    # rows of state and of derivative that move on where the step is accepted
    total.add(Operations(0, 2), times=rows)
    return total


@njit
def _divide(x: Any, rounds: int) -> None:
    r0, r1, r2, r3, a = load(x, 0, 8), load(x, 1, 8), load(x, 2, 8), load(x, 3, 8), load(x, 4, 8)
    for _ in range(rounds):
        r0, r1, r2, r3 = a / r0, a / r1, a / r2, a / r3
    store(x, 0, r0 + r1 + r2 + r3)


@njit
def _root(x: Any, rounds: int) -> None:
    r0, r1, r2, r3 = load(x, 0, 8), load(x, 1, 8), load(x, 2, 8), load(x, 3, 8)
    for _ in range(rounds):
        r0, r1, r2, r3 = sqrt(r0), sqrt(r1), sqrt(r2), sqrt(r3)
    store(x, 0, r0 + r1 + r2 + r3)


def _nanoseconds(kernel: Callable[[Any, int], None]) -> float:
    """Of one of the kernel's vector instructions, the best of many short runs."""
    x, rounds = aligned((8, LANES), np.float64), 20_000
    kernel(x, 1)
    shortest, until = np.inf, time.perf_counter() + 0.1
    while time.perf_counter() < until:
        x[:] = 1.5
        begin = time.perf_counter()
        kernel(x, rounds)
        shortest = min(shortest, time.perf_counter() - begin)
    return 1e9 * float(shortest) / (4 * rounds)


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Time and count; returns the results and writes them to `path`."""
    before = machine_load()
    system = ThreeBody()
    solver = Regularised(system, tolerance=settings.tolerance)
    drawn = system.draw([np.random.default_rng((0, i)) for i in range(max(settings.batches))])
    ends = np.array([settings.end])
    queries = {n: {name: value[:n] for name, value in drawn.items()} for n in settings.batches}
    with pinned_threads(1):
        peak, slow = measure_peak(), {"division": _nanoseconds(_divide), "root": _nanoseconds(_root)}
        calls: dict[str, Callable[[], Any]] = {str(n): partial(solver, q, ends) for n, q in queries.items()}
        calls["call"] = partial(solver, queries[min(queries)], np.array([1e-9]))
        spreads = interleave(calls, rounds=settings.rounds)
        steps = {n: solver(q, ends).measures["steps"] for n, q in queries.items()}
    own = operations_of_a_step()
    ports = max(own.instructions / peak.giga_instructions, own.products / (peak.gigaflops / (2 * LANES)))
    floor = ports + own.divisions * slow["division"] + own.roots * slow["root"]
    rows = []
    for n in settings.batches:
        spread, taken = spreads[str(n)], float(np.sum(steps[n]))
        vector_step = 1e9 * LANES * spread.best / taken
        rows.append(
            {
                "batch": n,
                "microseconds": {k: 1e6 * getattr(spread, k) / n for k in ("low", "median", "high", "best")},
                "steps": {"mean": taken / n, "most": float(np.max(steps[n]))},
                "nanoseconds_per_vector_step": vector_step,
                "gigaflops": own.flops * taken / spread.best / 1e9,
                "share_of_peak_flops": own.flops * taken / spread.best / 1e9 / peak.gigaflops,
                "share_of_floor": floor / vector_step,
            }
        )
    results = {
        "operations_of_a_step": dataclasses.asdict(own),
        "operations_of_a_derivative": dataclasses.asdict(
            operations_of(regularised.derivative, None, None, 0, None)
        ),
        "peak": dataclasses.asdict(peak),
        "nanoseconds": slow,
        "floor_nanoseconds_per_vector_step": floor,
        "call_microseconds": 1e6 * spreads["call"].median,
        "rows": rows,
    }
    return write_part(results, settings=settings, threads=1, load_before=before, path=path)


def table(results: Mapping[str, Any]) -> str:
    """Operations and the floor, then a line for each size of batch."""
    own, peak, slow = (results[k] for k in ("operations_of_a_step", "peak", "nanoseconds"))
    settings = results["settings"]
    lines = [
        f"a regularised step: {own['flops']} operations in {own['instructions']} vector instructions "
        f"({own['products']} of them products), {own['divisions']} divisions, {own['roots']} roots",
        f"one core: {peak['gigaflops']:.0f} GFLOP/s fused, {peak['giga_instructions']:.1f} "
        f"vector operations/ns, "
        f"a division of 8 lanes {slow['division']:.1f} ns, a root {slow['root']:.1f} ns: the floor is "
        f"{results['floor_nanoseconds_per_vector_step']:.0f} ns for a step of 8 lanes",
        f"{'batch':>6}{'us/trajectory':>15}{'ns/step of 8':>14}{'GFLOP/s':>9}{'of peak':>9}{'of floor':>10}"
        f"   (tolerance {settings['tolerance']:g}, until {settings['end']:g}; rates of best runs)",
    ]
    lines += [
        f"{r['batch']:6}{r['microseconds']['median']:15.1f}{r['nanoseconds_per_vector_step']:14.0f}"
        f"{r['gigaflops']:9.1f}{r['share_of_peak_flops']:9.0%}{r['share_of_floor']:10.0%}"
        for r in results["rows"]
    ]
    lines.append(f"a call that takes hardly a step: {results['call_microseconds']:.0f} us")
    return "\n".join(lines + busy_note(results))
