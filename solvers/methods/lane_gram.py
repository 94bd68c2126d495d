"""Sums of products of what is seen of several runs at some points, one run in each lane: least squares."""

from __future__ import annotations

from typing import Any

from .compiled import compiled
from .lanes import fma, load, store

__all__ = ["gram_kernels"]


def gram_kernels(lanes: int) -> tuple[Any, Any, Any]:
    """Compiled `differences`, `values_at` and `add_products` for vectors of so many lanes.

    Vectors go in blocks, as many as hold all runs. The first lane of the first block is the run that the
    others were moved away from.
    """

    @compiled()
    def differences(block: Any, physical: Any, slower: Any, fields: Any) -> None:
        """fields (blocks, rows, lanes) of one block: (run - first run) * slower; the first run as it is.

        Blocks must come in order: the first lane of the first one is what the others are compared with.
        """
        rows = physical.shape[0]
        for row in range(rows):
            first = physical[row, 0] if block == 0 else fields[0, row, 0]
            store(fields, block * rows + row, (load(physical, row, lanes) - first) * slower)
            if block == 0:
                fields[0, row, 0] = first

    @compiled()
    def values_at(places: Any, count: Any, shown: Any, fields: Any, values: Any) -> None:
        """values (count or more, blocks, lanes) of all runs at places[:count]; shown: (points, rows).

        Four places at a time: `places` and `values` must have room for the next multiple of four, and those
        rows come out as zeros.
        """
        blocks, rows = fields.shape[0], fields.shape[1]
        none = shown.dtype.type(0)
        for extra in range(count, count + -count % 4):
            places[extra] = places[count - 1]
        for i in range(0, count, 4):
            a, b, c, d = places[i], places[i + 1], places[i + 2], places[i + 3]
            for block in range(blocks):
                field = load(fields, block * rows, lanes)
                at_a, at_b = shown[a, 0] * field, shown[b, 0] * field
                at_c, at_d = shown[c, 0] * field, shown[d, 0] * field
                for row in range(1, rows):
                    field = load(fields, block * rows + row, lanes)
                    at_a, at_b = fma(shown[a, row], field, at_a), fma(shown[b, row], field, at_b)
                    at_c, at_d = fma(shown[c, row], field, at_c), fma(shown[d, row], field, at_d)
                store(values, i * blocks + block, at_a)
                store(values, (i + 1) * blocks + block, at_b)
                store(values, (i + 2) * blocks + block, at_c)
                store(values, (i + 3) * blocks + block, at_d)
        for extra in range(count, count + -count % 4):
            for block in range(blocks):
                for lane in range(lanes):
                    values[extra, block, lane] = none

    @compiled()
    def add_products(count: Any, runs: Any, values: Any, numbers: Any, sums: Any) -> None:
        """sums[i, j] += sum over rows of values[row, i] * values[row, j], for i <= j < runs.

        `numbers` is `values` as (rows, blocks * lanes); sums: (blocks * lanes, blocks, lanes).
        """
        blocks = values.shape[1]
        for block in range(blocks):
            for i in range(0, min(runs, (block + 1) * lanes), 4):
                at_a, at_b = (
                    load(sums, i * blocks + block, lanes),
                    load(sums, (i + 1) * blocks + block, lanes),
                )
                at_c = load(sums, (i + 2) * blocks + block, lanes)
                at_d = load(sums, (i + 3) * blocks + block, lanes)
                for row in range(count):
                    value = load(values, row * blocks + block, lanes)
                    at_a, at_b = fma(numbers[row, i], value, at_a), fma(numbers[row, i + 1], value, at_b)
                    at_c = fma(numbers[row, i + 2], value, at_c)
                    at_d = fma(numbers[row, i + 3], value, at_d)
                store(sums, i * blocks + block, at_a)
                store(sums, (i + 1) * blocks + block, at_b)
                store(sums, (i + 2) * blocks + block, at_c)
                store(sums, (i + 3) * blocks + block, at_d)

    return differences, values_at, add_products
