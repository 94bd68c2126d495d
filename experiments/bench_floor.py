"""How fast a step could be on this processor: operations of a step, and what one core does per second."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit

from ..solvers.methods.butterflies import (
    complex_forward,
    complex_inverse,
    conjugate_multiply,
    multiply,
    real_forward,
    real_inverse,
)
from ..solvers.methods.lane_fourier import LEVEL, fits_in_registers, make_plan
from ..solvers.methods.lanes import aligned, fma, load, store
from ..solvers.methods.pass_of_eight import eight_forward, eight_inverse

__all__ = ["Peak", "measure_peak", "operations_of_a_step"]

LANES = 8


@dataclass
class _Tally:
    """Sums and products so far; a product that goes into a sum counts as fused with it, once."""

    flops: int = 0
    instructions: int = 0


@dataclass
class _Counted:
    """A number that only counts what is done to it."""

    tally: _Tally
    is_product: bool = field(default=False)

    def _sum(self, other: Any) -> _Counted:
        self.tally.flops += 1
        fused = self.is_product or getattr(other, "is_product", False)
        self.tally.instructions += 0 if fused else 1
        return _Counted(self.tally)

    def _product(self, other: Any) -> _Counted:
        self.tally.flops += 1
        self.tally.instructions += 1
        return _Counted(self.tally, is_product=True)

    def __neg__(self) -> _Counted:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = _sum
    __mul__ = __rmul__ = _product


def operations_of_a_step(points: int) -> tuple[int, int]:
    """(floating-point operations, instructions per lane) of an ETDRK4 step of the compiled batch kernel.

    Counted by running its butterflies on counting numbers. Loads, stores and addresses are not counted.
    """
    tally = _Tally()
    x = _Counted(tally)

    def z(count: int) -> list[Any]:
        return [(x, x)] * count

    plan = make_plan(points, "float64")
    if fits_in_registers(points):
        real_inverse(real_forward([x] * points))
    else:
        for kind, _, _, size, _ in plan.passes:
            for _ in range(size // (8 if kind == LEVEL else kind)):
                if kind == LEVEL:
                    eight_inverse(eight_forward([x] * 8, z(3)), z(3))
                else:
                    complex_inverse(complex_forward(z(kind)))
                    for _ in range(kind - 1):
                        multiply((x, x), (x, x))
                        conjugate_multiply((x, x), (x, x))
        for size in plan.blocks[:, 0]:
            complex_inverse(complex_forward(z(size)))
        real_inverse(real_forward([x] * plan.root))
    # squares; the stages' linear combinations: 2 products and 9 fused pairs per number of the spectrum
    flops = 4 * (tally.flops + points) + points * (2 + 18)
    instructions = 4 * (tally.instructions + points) + points * (2 + 9)
    return flops, instructions


@dataclass(frozen=True)
class Peak:
    """What one core of this machine does, measured by short loops over registers and arrays.

    Attributes:
        gigaflops: fused multiply-adds, each two operations, in billions of operations per second.
        giga_instructions: vector instructions, sums and fused multiply-adds mixed, in billions per second
            and lane.
        gigabytes: name of a level of memory -> bytes read per second, in billions.
    """

    gigaflops: float
    giga_instructions: float
    gigabytes: dict[str, float]


@njit
def _multiply_add(x: Any, rounds: int) -> None:
    a, b = load(x, 10, 8), load(x, 11, 8)
    r0, r1, r2, r3, r4 = load(x, 0, 8), load(x, 1, 8), load(x, 2, 8), load(x, 3, 8), load(x, 4, 8)
    r5, r6, r7, r8, r9 = load(x, 5, 8), load(x, 6, 8), load(x, 7, 8), load(x, 8, 8), load(x, 9, 8)
    for _ in range(rounds):
        r0, r1, r2, r3, r4 = fma(r0, a, b), fma(r1, a, b), fma(r2, a, b), fma(r3, a, b), fma(r4, a, b)
        r5, r6, r7, r8, r9 = fma(r5, a, b), fma(r6, a, b), fma(r7, a, b), fma(r8, a, b), fma(r9, a, b)
    store(x, 0, r0 + r1 + r2 + r3 + r4 + r5 + r6 + r7 + r8 + r9)


@njit
def _mixed(x: Any, rounds: int) -> None:
    a, b = load(x, 10, 8), load(x, 11, 8)
    r0, r1, r2, r3, r4 = load(x, 0, 8), load(x, 1, 8), load(x, 2, 8), load(x, 3, 8), load(x, 4, 8)
    r5, r6, r7, r8, r9 = load(x, 5, 8), load(x, 6, 8), load(x, 7, 8), load(x, 8, 8), load(x, 9, 8)
    s0, s1, s2, s3, s4 = r0 + a, r1 + a, r2 + a, r3 + a, r4 + a
    s5, s6, s7, s8, s9 = r5 + a, r6 + a, r7 + a, r8 + a, r9 + a
    for _ in range(rounds):
        r0, r1, r2, r3, r4 = fma(r0, a, b), fma(r1, a, b), fma(r2, a, b), fma(r3, a, b), fma(r4, a, b)
        s0, s1, s2, s3, s4 = s0 + b, s1 - b, s2 + b, s3 - b, s4 + b
        r5, r6, r7, r8, r9 = fma(r5, a, b), fma(r6, a, b), fma(r7, a, b), fma(r8, a, b), fma(r9, a, b)
        s5, s6, s7, s8, s9 = s5 - b, s6 + b, s7 - b, s8 + b, s9 - b
    store(x, 0, r0 + r1 + r2 + r3 + r4 + r5 + r6 + r7 + r8 + r9)
    store(x, 1, s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9)


@njit
def _read(x: Any, rounds: int) -> None:
    total0, total1 = load(x, 0, 8), load(x, 1, 8)
    total2, total3 = load(x, 2, 8), load(x, 3, 8)
    for _ in range(rounds):
        for row in range(0, len(x), 4):
            total0 += load(x, row, 8)
            total1 += load(x, row + 1, 8)
            total2 += load(x, row + 2, 8)
            total3 += load(x, row + 3, 8)
    store(x, 0, (total0 + total1 + total2 + total3) * 1e-300)


def measure_peak(*, seconds: float = 0.2) -> Peak:
    """Best of many short runs, so that other work on the machine hardly matters."""
    x = aligned((16, LANES), np.float64)
    x[:] = 0.5
    rounds = 20_000
    fused = 10 * rounds / _best(lambda: _multiply_add(x, rounds), seconds)
    mixed = 20 * rounds / _best(lambda: _mixed(x, rounds), seconds)
    bandwidth = {}
    for name, kibibytes, repeats in (("L1", 16, 400), ("L2", 256, 40), ("memory", 256 * 1024, 1)):
        array = aligned((kibibytes * 1024 // 64, LANES), np.float64)
        array += 1e-3
        bandwidth[name] = (
            array.nbytes * repeats / _best(lambda a=array, r=repeats: _read(a, r), seconds) / 1e9
        )
    return Peak(2 * LANES * fused / 1e9, mixed / 1e9, bandwidth)


def _best(call: Any, seconds: float) -> float:
    call()
    shortest, until = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < until:
        begin = time.perf_counter()
        call()
        shortest = min(shortest, time.perf_counter() - begin)
    return float(shortest)
