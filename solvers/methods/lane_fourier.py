"""Real Fourier transforms over rows of lanes, in place, as passes between a work array and registers.

A work array has shape (rows, lanes), and every lane is transformed along the rows, all at once. Up to 20 rows
fit in registers and need no passes. Longer transforms are halved and quartered by passes over the work array
until only blocks of 3 to 20 rows are left; whoever uses the transform does these in registers, together with
what it does to the wavenumbers. Between forward and inverse everything stays where the butterflies leave it.

The rows are 1, 3 or 5 times a power of two. The passes split off powers of two alone, so that all three kinds
have the same passes and end in blocks of 4, 3 or 5 rows, the `leaf`, or twice as many.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import DTypeLike, NDArray

from .builds import Rows
from .butterflies import (
    complex_forward,
    complex_inverse,
    conjugate_multiply,
    multiply,
    odd_factor,
    order,
    real_order,
)
from .compiled import compiled
from .pass_of_eight import eight_forward, eight_inverse
from .vectors import Vector

__all__ = [
    "LEAVES",
    "Plan",
    "fits_in_registers",
    "forward_passes",
    "inverse_passes",
    "leaf",
    "make_plan",
    "power_passes",
]

LEVEL = 1
"""The first column of a pass: a real pass of radix 8. Other numbers are the radix of a complex pass."""
LEAVES = {1: 4, 3: 3, 5: 5}
"""Rows of the smallest blocks, by the odd factor of the rows."""


class Plan(NamedTuple):
    """The passes of a real transform.

    Attributes:
        leaf: rows of the smaller blocks.
        passes: (passes, 5) in forward order: kind, first row, first imaginary row, points, first twiddle.
        blocks: (blocks, 4) complex blocks that are left: rows, first row, first imaginary row, first slot.
        root: rows of the real transform that is left in the first rows; its slots begin with 0.
        twiddles: cosines and negative sines, in the order of use.
        wavenumbers: (slots,) what each slot holds, modulo the rows; slot 0 holds 0 and rows/2.
    """

    leaf: int
    passes: NDArray[np.int64]
    blocks: NDArray[np.int64]
    root: int
    twiddles: NDArray[Any]
    wavenumbers: NDArray[np.int64]


def leaf(rows: int) -> int:
    """Rows of the smaller blocks that a transform ends in; the larger ones have twice as many.

    Raises ValueError where the rows are not 1, 3 or 5 times 2, 4, 8, ...
    """
    if rows < 2 or rows % 2 or odd_factor(rows) not in LEAVES:
        raise ValueError(f"the number of rows must be 1, 3 or 5 times 2, 4, 8, ..., got {rows}")
    return LEAVES[odd_factor(rows)]


def fits_in_registers(rows: int) -> bool:
    """Whether one codelet transforms so many real rows: 4 leaves, or 2 complex ones, fill the registers."""
    return rows <= 4 * leaf(rows)


@lru_cache(maxsize=64)
def make_plan(rows: int, dtype: DTypeLike) -> Plan:
    """The plan for rows as `leaf` takes them; ValueError otherwise."""
    smallest = leaf(rows)
    passes: list[tuple[int, int, int, int, int]] = []
    blocks: list[tuple[int, int, int, int, int]] = []
    twiddles: list[float] = []

    def turn(turns: int, points: int) -> None:
        angle = 2 * np.pi * (turns % points) / points
        twiddles.extend((np.cos(angle), -np.sin(angle)))

    def split(real: int, imaginary: int, points: int, times: int, plus: int) -> None:
        # the block at hand holds the wavenumbers times * k + plus, k = 0 to points - 1
        if points <= 2 * smallest:
            blocks.append((points, real, imaginary, times, plus))
            return
        radix = 8 if points in (16 * smallest, 64 * smallest) else 4
        part = points // radix
        passes.append((radix, real, imaginary, points, len(twiddles)))
        for n in range(part):
            for k in order(radix)[1:]:
                turn(n * k, points)
        for j, k in enumerate(order(radix)):
            split(real + j * part, imaginary + j * part, part, times * radix, times * k + plus)

    size = rows
    while not fits_in_registers(size):
        part, times = size // 8, rows // size
        passes.append((LEVEL, 0, 0, size, len(twiddles)))
        for n in range(part):
            for k in (1, 2, 5):
                turn(n * k, size)
        for j, k in ((2, 2), (4, 1), (6, 5)):
            split(j * part, (j + 1) * part, part, 8 * times, k * times)
        size //= 4
    wavenumbers = [rows // size * k for k in real_order(size)]
    placed = []
    for points, real, imaginary, times, plus in sorted(blocks):
        placed.append((points, real, imaginary, len(wavenumbers)))
        wavenumbers += [times * k + plus for k in order(points)]
    return Plan(
        smallest,
        np.array(passes, dtype=np.int64).reshape(-1, 5),
        np.array(placed, dtype=np.int64).reshape(-1, 4),
        size,
        np.array(twiddles or [0.0], dtype=dtype),
        np.array(wavenumbers) % rows,
    )


def _spaced(builder: ir.IRBuilder, first: ir.Value, stride: ir.Value, count: int) -> list[ir.Value]:
    rows = [first]
    for _ in range(count - 1):
        rows.append(builder.add(rows[-1], stride))
    return rows


def _butterfly(emit: Any, *, powered: bool = False) -> Any:
    """The intrinsic `(work, twiddles, real, imaginary, stride, at, build)` whose code `emit` writes; one with
    a power is told whether it is the cube.
    """

    @intrinsic
    def function(
        typing: Any, work: Any, twiddles: Any, real: Any, imaginary: Any, stride: Any, at: Any, build: Any
    ) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            known = sig.args[-1].build
            rows, turns = (Rows(context, builder, sig.args[i], args[i], known.lanes) for i in (0, 1))
            emit(rows, turns, *args[2:6], **({"cubed": known.cubed} if powered else {}))
            return context.get_dummy_value()

        whole = types.intp
        return types.void(work, twiddles, whole, whole, whole, whole, build), generate

    return function


def _turns(twiddles: Rows, at: ir.Value, count: int) -> list[tuple[Vector, Vector]]:
    return [(twiddles.spread(at, offset=2 * i), twiddles.spread(at, offset=2 * i + 1)) for i in range(count)]


@_butterfly
def _level_forward(work: Rows, twiddles: Rows, real: Any, imaginary: Any, stride: Any, at: Any) -> None:
    places = _spaced(work.builder, real, stride, 8)
    values = eight_forward([work.load(r) for r in places], _turns(twiddles, at, 3))
    for place, value in zip(places, values, strict=True):
        work.store(place, value)


@_butterfly
def _level_inverse(work: Rows, twiddles: Rows, real: Any, imaginary: Any, stride: Any, at: Any) -> None:
    places = _spaced(work.builder, real, stride, 8)
    values = eight_inverse([work.load(r) for r in places], _turns(twiddles, at, 3))
    for place, value in zip(places, values, strict=True):
        work.store(place, value)


def _level_power(
    work: Rows, twiddles: Rows, real: Any, imaginary: Any, stride: Any, at: Any, *, cubed: bool
) -> None:
    places = _spaced(work.builder, real, stride, 8)
    turns = _turns(twiddles, at, 3)
    values = eight_inverse([work.load(r) for r in places], turns)
    powers = [u * u * u if cubed else u * u for u in values]
    for place, value in zip(places, eight_forward(powers, turns), strict=True):
        work.store(place, value)


_level_of_power = _butterfly(_level_power, powered=True)


def _complex_pass(radix: int, *, forward: bool) -> Any:
    @_butterfly
    def emit(work: Rows, twiddles: Rows, real: Any, imaginary: Any, stride: Any, at: Any) -> None:
        reals = _spaced(work.builder, real, stride, radix)
        imaginaries = _spaced(work.builder, imaginary, stride, radix)
        values = [(work.load(r), work.load(i)) for r, i in zip(reals, imaginaries, strict=True)]
        turns = _turns(twiddles, at, radix - 1)
        if forward:
            first, *rest = complex_forward(values)
            values = [first, *(multiply(z, t) for z, t in zip(rest, turns, strict=True))]
        else:
            rest = [conjugate_multiply(z, t) for z, t in zip(values[1:], turns, strict=True)]
            values = complex_inverse([values[0], *rest])
        for r, i, z in zip(reals, imaginaries, values, strict=True):
            work.store(r, z[0])
            work.store(i, z[1])

    return emit


_four_forward, _four_inverse = _complex_pass(4, forward=True), _complex_pass(4, forward=False)
_eight_forward, _eight_inverse = _complex_pass(8, forward=True), _complex_pass(8, forward=False)


@compiled()
def forward_passes(work: Any, plan: Any, first: int, build: Any) -> None:
    """Passes `first` and on of the forward transform; the blocks and the root are left to do."""
    passes, twiddles = plan.passes, plan.twiddles
    for p in range(first, len(passes)):
        kind, real, imaginary = passes[p, 0], passes[p, 1], passes[p, 2]
        points, at = passes[p, 3], passes[p, 4]
        if kind == LEVEL:
            for n in range(points // 8):
                _level_forward(work, twiddles, n, n, points // 8, at + 6 * n, build)
        elif kind == 8:
            for n in range(points // 8):
                _eight_forward(work, twiddles, real + n, imaginary + n, points // 8, at + 14 * n, build)
        else:
            for n in range(points // 4):
                _four_forward(work, twiddles, real + n, imaginary + n, points // 4, at + 6 * n, build)


@compiled()
def inverse_passes(work: Any, plan: Any, first: int, build: Any) -> None:
    """The inverse of `forward_passes`, up to a factor."""
    passes, twiddles = plan.passes, plan.twiddles
    for p in range(len(passes) - 1, first - 1, -1):
        kind, real, imaginary = passes[p, 0], passes[p, 1], passes[p, 2]
        points, at = passes[p, 3], passes[p, 4]
        if kind == LEVEL:
            for n in range(points // 8):
                _level_inverse(work, twiddles, n, n, points // 8, at + 6 * n, build)
        elif kind == 8:
            for n in range(points // 8):
                _eight_inverse(work, twiddles, real + n, imaginary + n, points // 8, at + 14 * n, build)
        else:
            for n in range(points // 4):
                _four_inverse(work, twiddles, real + n, imaginary + n, points // 4, at + 6 * n, build)


@compiled()
def power_passes(work: Any, plan: Any, build: Any) -> None:
    """All inverse passes, powers of the physical values, all forward passes; the work is read once less."""
    inverse_passes(work, plan, 1, build)
    part = plan.passes[0, 3] // 8
    at = plan.passes[0, 4]
    for n in range(part):
        _level_of_power(work, plan.twiddles, n, n, part, at + 6 * n, build)
    forward_passes(work, plan, 1, build)
