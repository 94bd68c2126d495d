"""The normal equations of a flow of vortices and a background, summed cell by cell, compiled.

Eight cells stand side by side in SIMD lanes. Slopes are needed only to be multiplied with one another, so
those of a few cells are computed, multiplied and forgotten before they leave the caches. Products come in
blocks of 4 x 4: the numbers of one vortex by those of another, or by the frame, which are what is left of
the velocity and the background's 1, x and y. The background's u does not depend on what it adds to v, nor
the other way round, so that products with the frame are kept apart for u and v, and no zero is multiplied.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods import lanes
from ..methods.compiled import compiled
from ..methods.expm1 import expm1

__all__ = [
    "BACKGROUND",
    "CELLS",
    "GROUP",
    "aligned_rows",
    "places_of",
    "sum_products",
    "sum_velocities",
    "sums_needed",
]

Array = NDArray[np.float64]

# numba's decorator tells type checkers of an argument that no caller gives
fill: Any = lanes.fill
load: Any = lanes.load
store: Any = lanes.store
fma = lanes.fma

BACKGROUND = 6
"""Numbers of the background: of u, and then of v, what it is in the middle and its slopes by x and y."""
CELLS = 7
"""Arrays of a number for each cell: u left, 1, x, y, v left; u and v as seen. See `places_of`."""
GROUP = 16
"""Times eight cells, whose slopes are held at once."""
FACTOR = 1 / (2 * math.pi)
NEAR = 1e-4
"""Squares of distances, in radii, below which (swirl - decay) / share is a series."""


@compiled()
def aligned_rows(count: int) -> Array:
    """(count, 8) zeros that begin on a cache line."""
    raw = np.zeros(8 * count + 8)
    start = (-raw.ctypes.data % lanes.ALIGNMENT) // 8
    return raw[start : start + 8 * count].reshape(count, 8)


@compiled()
def places_of(points: int, stride: int) -> Array:
    """(`CELLS` * groups of eight, 8): 1, x - 1/2 and y - 1/2 of every so many cells of a unit square along
    both axes, row by row, and room for velocities. Where no cell is, all is zero.
    """
    along = (points + stride - 1) // stride
    groups = (along * along + 7) // 8
    cells = aligned_rows(CELLS * groups)
    flat = cells.reshape(CELLS, 8 * groups)
    for i in range(along):
        for j in range(along):
            flat[1, i * along + j] = 1.0
            flat[2, i * along + j] = (j * stride + 0.5) / points - 0.5
            flat[3, i * along + j] = (i * stride + 0.5) / points - 0.5
    return cells


@compiled()
def sums_needed(vortices: int) -> int:
    """Rows of sums: 16 for each pair of vortices, and with the frame twice, as for the frame with itself."""
    return 16 * (vortices * (vortices + 1) // 2 + 2 * vortices + 2)


@compiled()
def sum_products(vortices: Array, cells: Array, slopes: Array, sums: Array) -> None:
    """Leave in `cells` what is seen less these vortices, and in `sums` the products of all slopes.

    Args:
        vortices: (vortices, 4), x - 1/2, y - 1/2, circulation and core radius.
        cells: see `places_of`.
        slopes: (vortices * 8 * GROUP at least, 8), room.
        sums: (`sums_needed` at least, 8), a partial sum in each lane: pairs (0, 0), (0, 1), (1, 1), (0, 2)
            and so on, each a block by rows; then for each vortex its slopes of u by what is left of u, 1, x,
            y, and those of v by 1, x, y, what is left of v; then the frame's own products likewise.
    """
    count, groups = len(vortices), len(cells) // CELLS
    frame = 16 * (count * (count + 1) // 2)
    for row in range(sums_needed(count)):
        store(sums, row, fill(0.0, 8))
    for first in range(0, groups, GROUP):
        size = min(GROUP, groups - first)
        for i in range(first, first + size):
            store(cells, i, load(cells, 5 * groups + i, 8))
            store(cells, 4 * groups + i, load(cells, 6 * groups + i, 8))
        for k in range(count):
            _slopes_of(vortices[k], cells, groups, first, size, slopes, 8 * GROUP * k)
        place = 0
        for k in range(count):
            own = 8 * GROUP * k
            for other in range(k + 1):
                at = 8 * GROUP * other
                _products(slopes, at, GROUP, slopes, own, GROUP, size, sums, place)
                _products(slopes, at + 4 * GROUP, GROUP, slopes, own + 4 * GROUP, GROUP, size, sums, place)
                place += 16
        for k in range(count):
            own, at = 8 * GROUP * k, frame + 32 * k
            _products(slopes, own, GROUP, cells, first, groups, size, sums, at)
            own += 4 * GROUP
            _products(slopes, own, GROUP, cells, first + groups, groups, size, sums, at + 16)
        at = frame + 32 * count
        _products(cells, first, groups, cells, first, groups, size, sums, at)
        _products(cells, first + groups, groups, cells, first + groups, groups, size, sums, at + 16)


@compiled(inline="always")
def _slopes_of(
    vortex: Array, cells: Array, groups: int, first: int, size: int, slopes: Array, at: int
) -> None:
    """Take a vortex off what is left in cells, and write the slopes of u and v by its x, y, circulation and
    the logarithm of its radius; see `lamb_oseen.velocity_and_slopes`.
    """
    x0, y0, circulation, radius = vortex
    inverse = 1 / (radius * radius)
    unit = FACTOR * inverse
    for i in range(size):
        cell = first + i
        across = load(cells, cell + 2 * groups, 8) - x0
        along = load(cells, cell + 3 * groups, 8) - y0
        share = lanes.maximum((across * across + along * along) * inverse, 1e-300)
        inner = expm1(-lanes.minimum(share, 700.0))
        over = 1.0 / share
        swirl = -inner * over
        bend = lanes.select(share < NEAR, 0.5 - share * (1 / 3), (swirl - (inner + 1.0)) * over)
        own = load(cells, cell + groups, 8) * unit  # nothing where no cell is
        spin = own * swirl
        turning = spin * circulation
        grows = own * bend * (2 * circulation * inverse)
        shrinks = own * (inner + 1.0) * (-2 * circulation)
        by_x, by_y = across * grows, along * grows
        row = at + i
        store(slopes, row, -along * by_x)
        store(slopes, row + GROUP, turning - along * by_y)
        store(slopes, row + 2 * GROUP, -along * spin)
        store(slopes, row + 3 * GROUP, -along * shrinks)
        store(slopes, row + 4 * GROUP, across * by_x - turning)
        store(slopes, row + 5 * GROUP, across * by_y)
        store(slopes, row + 6 * GROUP, across * spin)
        store(slopes, row + 7 * GROUP, across * shrinks)
        store(cells, cell, fma(along, turning, load(cells, cell, 8)))
        store(cells, cell + 4 * groups, load(cells, cell + 4 * groups, 8) - across * turning)


@compiled()
def sum_velocities(vortices: Array, cells: Array, out: Array) -> None:
    """u and then v of these vortices at all cells into `out` (2 * groups of eight, 8); see `sum_products`."""
    groups = len(cells) // CELLS
    for i in range(groups):
        u, v = fill(0.0, 8), fill(0.0, 8)
        for k in range(len(vortices)):
            x0, y0, circulation, radius = vortices[k]
            inverse = 1 / (radius * radius)
            across, along = load(cells, 2 * groups + i, 8) - x0, load(cells, 3 * groups + i, 8) - y0
            share = lanes.maximum((across * across + along * along) * inverse, 1e-300)
            turning = expm1(-lanes.minimum(share, 700.0)) / share * (-FACTOR * circulation * inverse)
            u, v = u - along * turning, fma(across, turning, v)
        store(out, i, u)
        store(out, groups + i, v)


@compiled(inline="always")
def _products(
    left: Array,
    at: int,
    step: int,
    right: Array,
    to: int,
    stride: int,
    size: int,
    sums: Array,
    place: int,
) -> None:
    """Add the products of four rows of vectors by four others to sixteen sums."""
    s0, s1, s2, s3 = _four(sums, place)
    s4, s5, s6, s7 = _four(sums, place + 4)
    s8, s9, s10, s11 = _four(sums, place + 8)
    s12, s13, s14, s15 = _four(sums, place + 12)
    for i in range(size):
        b0, b1 = load(right, to + i, 8), load(right, to + stride + i, 8)
        b2, b3 = load(right, to + 2 * stride + i, 8), load(right, to + 3 * stride + i, 8)
        a = load(left, at + i, 8)
        s0, s1, s2, s3 = fma(a, b0, s0), fma(a, b1, s1), fma(a, b2, s2), fma(a, b3, s3)
        a = load(left, at + step + i, 8)
        s4, s5, s6, s7 = fma(a, b0, s4), fma(a, b1, s5), fma(a, b2, s6), fma(a, b3, s7)
        a = load(left, at + 2 * step + i, 8)
        s8, s9, s10, s11 = fma(a, b0, s8), fma(a, b1, s9), fma(a, b2, s10), fma(a, b3, s11)
        a = load(left, at + 3 * step + i, 8)
        s12, s13, s14, s15 = fma(a, b0, s12), fma(a, b1, s13), fma(a, b2, s14), fma(a, b3, s15)
    _keep_four(sums, place, s0, s1, s2, s3)
    _keep_four(sums, place + 4, s4, s5, s6, s7)
    _keep_four(sums, place + 8, s8, s9, s10, s11)
    _keep_four(sums, place + 12, s12, s13, s14, s15)


@compiled(inline="always")
def _four(sums: Array, row: int) -> Any:
    return load(sums, row, 8), load(sums, row + 1, 8), load(sums, row + 2, 8), load(sums, row + 3, 8)


@compiled(inline="always")
def _keep_four(sums: Array, row: int, a: Any, b: Any, c: Any, d: Any) -> None:
    store(sums, row, a)
    store(sums, row + 1, b)
    store(sums, row + 2, c)
    store(sums, row + 3, d)
