"""Vortices in the slots of an answer, and the cells that their cores cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled
from ..methods.copies import copy_line

__all__ = ["SLOTTED", "cores", "fields_of", "in_slots", "surest", "table_of"]

Array = NDArray[np.float64]
SLOTTED = ("present", "centre_x", "centre_y", "circulation", "radius")
"""Fields of an answer that have a value in each slot; all are zero where no vortex is."""


def in_slots(found: Sequence[Array] | Array, *, slots: int) -> dict[str, Array]:
    """Tables (vortices, 5), of how sure each vortex is and then its `COLUMNS`, as fields (samples, slots).

    The surest come first; those beyond the last slot are left out.
    """
    most = max((len(table) for table in found), default=0)
    tables = np.zeros((len(found), most, len(SLOTTED)))
    for own, table in zip(tables, found, strict=True):
        own[: len(table)] = table
    return fields_of(surest(tables, slots=slots))


def fields_of(tables: Array) -> dict[str, Array]:
    """Tables (samples, slots, 5) as fields (samples, slots)."""
    return {name: tables[..., i].copy() for i, name in enumerate(SLOTTED)}


def surest(tables: Array, *, slots: int) -> Array:
    """(samples, slots, 5), of tables (samples, vortices, 5): the surest first, zeros where there is none."""
    found = np.zeros((len(tables), slots, len(SLOTTED)))
    fill_slots(np.ascontiguousarray(tables, dtype=np.float64), found)
    return found


@compiled()
def fill_slots(tables: Array, out: Array) -> None:
    """See `surest`; `out` is (samples, slots, 5), zeros."""
    for sample in range(len(tables)):
        slots = out[sample]
        kept = 0
        for row in tables[sample]:
            rank = kept
            while rank and slots[rank - 1, 0] < row[0]:
                rank -= 1
            if rank == len(slots) or not row[0] > 0:
                continue
            kept = min(kept + 1, len(slots))
            for i in range(kept - 1, rank, -1):
                copy_line(slots[i - 1], slots[i])
            copy_line(row, slots[rank])


def table_of(values: Mapping[str, Array], *, least: float = 0.5) -> Array:
    """(vortices, 5) of one sample's slots, those at least so sure, the surest first."""
    table = np.stack([np.asarray(values[name], dtype=np.float64) for name in SLOTTED], axis=-1)
    table = table[table[:, 0] >= least]
    return table[np.argsort(-table[:, 0], kind="stable")]


def cores(values: Mapping[str, Array], *, points: int, least: float = 0.5) -> Array:
    """(samples, points, points): 1 for cells of the unit square whose middle lies in a core, else 0."""
    mask = np.zeros((len(values["present"]), points, points))
    present, x, y, _, radius = (np.ascontiguousarray(values[name], dtype=np.float64) for name in SLOTTED)
    fill_cores(present, x, y, radius, least, mask)
    return mask


@compiled()
def fill_cores(presents: Array, xs: Array, ys: Array, radii: Array, least: float, out: Array) -> None:
    """See `cores`; all are (samples, slots) but `out`, (samples, points, points), which holds zeros."""
    points = out.shape[1]
    for sample in range(len(out)):
        for slot in range(presents.shape[1]):
            if not presents[sample, slot] >= least:
                continue
            x, y, radius = xs[sample, slot], ys[sample, slot], radii[sample, slot]
            first, last = _cells(x, radius, points)
            low, high = _cells(y, radius, points)
            for row in range(low, high):
                along = ((row + 0.5) / points - y) ** 2
                for column in range(first, last):
                    across = (column + 0.5) / points - x
                    if along + across**2 <= radius**2:
                        out[sample, row, column] = 1.0


@compiled(inline="always")
def _cells(middle: float, radius: float, points: int) -> tuple[int, int]:
    """The first cell that may lie in a core, and that after the last."""
    reach = abs(radius)
    first = min(max((middle - reach) * points - 1.0, 0.0), points)
    last = min(max((middle + reach) * points + 1.0, 0.0), points)
    return int(first), int(last)
