"""Weights per wavenumber, laid out as the compiled kernels read them.

The transforms leave wavenumbers in an order of their own, so every table is permuted into that order once; a
slot that holds the conjugate of a wavenumber gets the conjugate weight. The state is kept as 2/N times the
transform (1/N for wavenumbers 0 and N/2), so that neither transform needs scaling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .across_lanes import bit_reversed
from .builds import Build
from .butterflies import odd_factor
from .exponential_steps import constants, weights
from .lane_fourier import LEAVES, fits_in_registers, leaf, make_plan
from .lanes import aligned

__all__ = ["arrange", "lane_count", "sized", "wavenumbers", "why_not"]

Array = NDArray[Any]

SIZES = tuple(n for n in range(16, 4096 + 1, 8) if odd_factor(n) in LEAVES)
"""Points of the grids that the compiled kernel takes."""


def why_not(points: int, *, most: int = SIZES[-1]) -> str:
    """Why the compiled kernel does not take so many points, in one sentence; empty where it does.

    The sentence names the nearest sizes that it does take, of at most `most` points where there are any.
    """
    sizes = [size for size in SIZES if size <= most] or SIZES[:1]
    if points in sizes:
        return ""
    near = [size for size in sizes if size < points][-1:] + [size for size in sizes if size > points][:1]
    return (
        f"the compiled kernel takes {SIZES[0]} to {max(most, SIZES[0])} points that are 1, 3 or 5 times 8, "
        f"16, 32, ..., got {points}: use {' or '.join(map(str, near))}"
    )


def lane_count(dtype: DTypeLike) -> int:
    """Lanes of a 64-byte vector."""
    return 64 // np.dtype(dtype).itemsize


def _lanes_across(points: int, dtype: DTypeLike) -> int:
    """Lanes for one trajectory: at least 4, and such that the rows are even.

    Fewer lanes than a vector has room for are faster where the rows then still fit in registers: there is
    more to do at once, and less to do from lane to lane. That holds down to 32 bytes, and below for up to 12
    rows.
    """
    lanes = lane_count(dtype)
    while lanes > 4:
        even = points % (2 * lanes) == 0
        rows = 2 * points // lanes
        wide = lanes * np.dtype(dtype).itemsize > 32
        if even and not (fits_in_registers(rows) and (wide or rows <= 12)):
            break
        lanes //= 2
    return lanes


def sized(build: Build, points: int, dtype: DTypeLike, *, across: bool) -> Build:
    """The build for a number of points: its lanes, and its rows where these fit in registers."""
    lanes = _lanes_across(points, dtype) if across else lane_count(dtype)
    rows = points // lanes if across else points
    if fits_in_registers(rows):
        return replace(build, lanes=lanes, across=across, rows=rows)
    return replace(build, lanes=lanes, across=across, leaf=leaf(rows))


@lru_cache(maxsize=64)
def wavenumbers(points: int, dtype: str, lanes: int, across: bool) -> NDArray[np.int64]:
    """(slots, 1 or lanes) the wavenumber that each slot holds, negative for the conjugate.

    The first also holds wavenumber points/2.
    """
    if across:
        rows = points // lanes
        held = make_plan(rows, dtype).wavenumbers[:, None] + rows * np.array(bit_reversed(lanes))
        held[0] = rows // 2 * np.array(bit_reversed(lanes))
    else:
        held = make_plan(points, dtype).wavenumbers[:, None]
    return np.where(held > points // 2, held - points, held)


def _twists(points: int, dtype: str, lanes: int) -> Array:
    turns = make_plan(points // lanes, dtype).wavenumbers[:, None] * np.arange(lanes) % points
    angle = 2 * np.pi * turns / points
    return np.stack([np.cos(angle), -np.sin(angle)], axis=1)


def arrange(
    build: Build, points: int, dtype: np.dtype[Any], tables: Mapping[str, Array]
) -> tuple[Array, Array]:
    """The tables in the order of the slots, and those of slot 0, as `exponential_steps.Tables` reads them."""
    modes = points // 2 + 1
    for name, table in tables.items():
        if np.shape(table) != (modes,):
            raise ValueError(
                f"table {name!r} must have shape ({modes},) for {points} points, got {table.shape}"
            )
    held = wavenumbers(points, dtype.name, build.lanes, build.across)

    def place(table: Array, *, share: Array | float = 1.0) -> Array:
        """(slots, 1 or lanes) complex, conjugate where the slot holds the conjugate."""
        values = np.asarray(table, dtype=np.complex128)[np.abs(held)] * share
        return np.where(held < 0, values.conj(), values)

    # the state is 2/N times the transform, 1/N for wavenumbers 0 and N/2; S is the transform itself
    share = np.full(held.shape, 2.0)
    share[0, 0] = 1.0
    ordinary: list[Array] = []
    special: list[Array] = []
    if build.across:
        twists = _twists(points, dtype.name, build.lanes)
        ordinary += [twists[:, 0], twists[:, 1]]
    for name, linear in weights(build):
        values = place(tables[name], share=1.0 if linear else share / points)
        if build.mixing:
            ordinary += [values.real, values.imag]
        else:
            ordinary.append(values.real if linear else values.imag)
        matrix = np.stack([values[0].real, -values[0].imag, values[0].imag, values[0].real])
        last = np.real(tables[name][-1]) / (1 if linear else points)
        matrix[:, 0] = values[0, 0].real, 0.0, 0.0, last
        special.append(matrix)
    for name in constants(build):
        values = place(tables[f"+{name}"], share=share)
        values[0, 0] = complex(np.real(tables[f"+{name}"][0]), np.real(tables[f"+{name}"][-1]))
        ordinary += [values.real, values.imag]
    # an intake has no weights, and what emits code for it never reads these
    ordinary = ordinary or [np.zeros(held.shape)]
    special = special or [np.zeros((4, held.shape[1]))]
    packed = aligned((len(held), len(ordinary), held.shape[1]), dtype)
    packed[:] = np.stack(ordinary, axis=1)
    first = aligned((len(special), 4, held.shape[1]), dtype)
    first[:] = np.stack(special)
    return packed, first
