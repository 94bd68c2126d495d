"""Levenberg's and Marquardt's descent to the vortices that fit a field best, compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled
from ..methods.copies import copy_line, copy_table
from .normal_equations import (
    BACKGROUND,
    CELLS,
    GROUP,
    aligned_rows,
    places_of,
    sum_products,
    sums_needed,
)

__all__ = ["Room", "descend", "room_for", "show", "standard_errors"]

Array = NDArray[np.float64]
FARTHEST = 4.0
"""Cells that a vortex moves at most in one step; its radius is at most doubled or halved."""
BEYOND = 0.05
"""Sides of the square by which a middle may lie outside."""
NARROWEST, WIDEST = 0.5, 0.3
"""Core radii that are tried: cells, and sides of the square."""


class Room(NamedTuple):
    """Arrays that a descent works in, so that it takes none of its own.

    Attributes:
        cells, slopes, sums: see `sum_products`.
        normal, tried: (numbers + 1, numbers) normal equations, their right-hand side in the row below; and
            those of a step that is tried.
        factor: likewise, for solving them.
        background: (6,) that fits best what was measured last.
    """

    cells: Array
    slopes: Array
    sums: Array
    normal: Array
    tried: Array
    factor: Array
    background: Array


@compiled()
def room_for(points: int, stride: int, most: int) -> Room:
    """For so many vortices at most."""
    numbers = 4 * most + BACKGROUND
    return Room(
        places_of(points, stride),
        aligned_rows(8 * GROUP * most),
        aligned_rows(sums_needed(most)),
        np.zeros((numbers + 1, numbers)),
        np.zeros((numbers + 1, numbers)),
        np.zeros((numbers + 1, numbers)),
        np.zeros(BACKGROUND),
    )


@compiled(fastmath={"contract"})
def show(u: Array, v: Array, stride: int, room: Room) -> float:
    """Let the velocities (y, x) be what is fitted to; the sum of the squares of those that are shown."""
    along = (len(u) + stride - 1) // stride
    flat = room.cells.reshape(CELLS, len(room.cells) // CELLS * 8)
    squares = 0.0
    for i in range(along):
        for j in range(along):
            a, b = u[i * stride, j * stride], v[i * stride, j * stride]
            flat[5, i * along + j], flat[6, i * along + j] = a, b
            squares += a * a + b * b
    # without its own background, what is left later is no small difference of large squares
    measure(np.empty((0, 4)), room, room.normal)
    best = room.background
    for c in range(flat.shape[1]):
        one, x, y = flat[1, c], flat[2, c], flat[3, c]
        flat[5, c] -= best[0] * one + best[1] * x + best[2] * y
        flat[6, c] -= best[3] * one + best[4] * x + best[5] * y
    return squares


@compiled()
def descend(vortices: Array, room: Room, iterations: int, spacing: float) -> float:
    """Move the vortices (vortices, 4), x - 1/2, y - 1/2, circulation and core radius, to where they fit best;
    the squares that are left, and in `room.normal` the normal equations there.
    """
    count = vortices.size
    _bound(vortices, spacing)
    squares, damping = measure(vortices, room, room.normal), 1e-3
    numbers = count + BACKGROUND
    step, moved = np.empty(numbers), np.empty_like(vortices)
    for _ in range(iterations):
        largest = 0.0
        for i in range(numbers):
            largest = max(largest, room.normal[i, i])
        copy_table(room.normal[: numbers + 1, :numbers], room.factor)
        for i in range(numbers):
            room.factor[i, i] += damping * room.normal[i, i] + 1e-12 * largest
        squares_then = squares
        if solve(room.factor, numbers, step):
            _move(vortices, step, spacing, moved)
            _bound(moved, spacing)
            squares_then = measure(moved, room, room.tried)
        if squares_then < squares:
            done = squares - squares_then < 1e-9 * squares
            copy_table(moved, vortices)
            copy_table(room.tried[: numbers + 1, :numbers], room.normal)
            squares = squares_then
            damping *= 0.1
            if done:
                break
        else:
            damping *= 10
            if damping > 1e6:
                break
    return squares


@compiled()
def standard_errors(count: int, variance: float, room: Room, out: Array) -> None:
    """Of the circulations of so many vortices, by `room.normal` and the noise's variance, into `out`;
    infinite where the numbers cannot be told from one another.
    """
    numbers = 4 * count + BACKGROUND
    factor = room.factor
    copy_table(room.normal[:numbers, :numbers], factor)
    for i in range(numbers):
        factor[i, i] *= 1 + 1e-9
    factor[numbers, :numbers] = 0.0
    regular, unit = solve(factor, numbers, np.empty(numbers)), np.empty(numbers)
    for k in range(count):
        # a row of the factor's inverse, whose square is the inverse's diagonal
        first, square = 4 * k + 2, 0.0
        for i in range(first, numbers):
            rest = 1.0 if i == first else 0.0
            for j in range(first, i):
                rest -= factor[i, j] * unit[j]
            unit[i] = rest / factor[i, i]
            square += unit[i] * unit[i]
        out[k] = math.sqrt(square * variance) if regular else math.inf


@compiled()
def measure(vortices: Array, room: Room, out: Array) -> float:
    """The squares that these vortices and the best background leave; the normal equations into `out`."""
    count, sums = len(vortices), room.sums
    sum_products(vortices, room.cells, room.slopes, sums)
    first, place = 4 * count, 0
    for k in range(count):
        for other in range(k + 1):
            for i in range(4):
                for j in range(4):
                    total = _total(sums, place + 4 * i + j)
                    out[4 * other + i, 4 * k + j] = out[4 * k + j, 4 * other + i] = total
            place += 16
    out[first : first + BACKGROUND, first : first + BACKGROUND] = 0.0
    own = place + 32 * count
    squares, best = _total(sums, own) + _total(sums, own + 31), room.background
    for component in range(2):
        # of u: what is left, 1, x, y; of v: 1, x, y, what is left
        seen, linear = 3 * component, 1 - component
        at = own + 16 * component
        for i in range(3):
            for j in range(3):
                total = _total(sums, at + 4 * (linear + i) + linear + j)
                room.factor[i, j] = out[first + 3 * component + i, first + 3 * component + j] = total
            room.factor[3, i] = _total(sums, at + 4 * (linear + i) + seen)
        squares -= _solved_squares(room.factor, best[3 * component : 3 * component + 3])
        for k in range(count):
            at = place + 32 * k + 16 * component
            for i in range(4):
                rest = _total(sums, at + 4 * i + seen)
                for j in range(3):
                    total = _total(sums, at + 4 * i + linear + j)
                    rest -= total * best[3 * component + j]
                    column = first + 3 * component + j
                    out[4 * k + i, column] = out[column, 4 * k + i] = total
                row = out[first + BACKGROUND]
                row[4 * k + i] = rest if component == 0 else row[4 * k + i] + rest
    out[first + BACKGROUND, first : first + BACKGROUND] = 0.0
    return squares


@compiled(inline="always")
def _total(sums: Array, row: int) -> float:
    """Of all lanes."""
    a = sums[row]
    return ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]))


@compiled()
def _solved_squares(matrix: Array, out: Array) -> float:
    """The background of one velocity into `out`, and how many squares it takes away."""
    solve(matrix, 3, out)
    return matrix[3, 0] ** 2 + matrix[3, 1] ** 2 + matrix[3, 2] ** 2


@compiled(fastmath={"contract", "reassoc"})
def solve(matrix: Array, numbers: int, out: Array) -> bool:
    """Solve a positive symmetric system by Cholesky's factors, which replace its lower half; the right-hand
    side is the row below, which its forward substitution replaces. Whether it is positive.
    """
    for i in range(numbers + 1):
        row = matrix[i]
        for j in range(min(i, numbers)):
            other, rest = matrix[j], row[j]
            for k in range(j):
                rest -= row[k] * other[k]
            row[j] = rest * out[j]
        if i < numbers:
            rest = row[i]
            for k in range(i):
                rest -= row[k] * row[k]
            if not rest > 0:
                return False
            row[i] = math.sqrt(rest)
            out[i] = 1 / row[i]
    copy_line(matrix[numbers, : out.size], out)
    for i in range(numbers - 1, -1, -1):
        row = matrix[i]
        out[i] /= row[i]
        for j in range(i):
            out[j] -= row[j] * out[i]
    return True


@compiled(inline="always")
def _move(vortices: Array, step: Array, spacing: float, out: Array) -> None:
    """Not farther than `FARTHEST`, nor to more than twice or less than half the radius."""
    far = FARTHEST * spacing
    for k in range(len(vortices)):
        out[k, 0] = vortices[k, 0] + min(max(step[4 * k], -far), far)
        out[k, 1] = vortices[k, 1] + min(max(step[4 * k + 1], -far), far)
        out[k, 2] = vortices[k, 2] + step[4 * k + 2]
        out[k, 3] = vortices[k, 3] * math.exp(min(max(step[4 * k + 3], -math.log(2)), math.log(2)))


@compiled(inline="always")
def _bound(vortices: Array, spacing: float) -> None:
    """Near the square, and neither so narrow that no cell shows it nor wider than any vortex."""
    far = 0.5 + BEYOND
    for k in range(len(vortices)):
        vortices[k, 0] = min(max(vortices[k, 0], -far), far)
        vortices[k, 1] = min(max(vortices[k, 1], -far), far)
        vortices[k, 3] = min(max(vortices[k, 3], NARROWEST * spacing), WIDEST)
