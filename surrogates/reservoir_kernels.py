"""Compiled steps of a reservoir: r' = (1 - leak) r + leak tanh(A (r, u, 1)) with one sparse matrix A.

A single series is driven node by node; a batch keeps its members side by side in SIMD lanes, so that the
irregular gathers of a sparse matrix become loads of whole vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.extending import intrinsic
from numpy.typing import NDArray

from ..solvers.methods import lanes
from ..solvers.methods.compiled import compiled
from ..solvers.methods.copies import copy_line
from ..solvers.methods.expm1 import expm1_of
from ..solvers.methods.vectors import Vector

__all__ = ["advance", "advance_nodes", "drive", "tanh"]

# numba's decorator tells type checkers of an argument that no caller gives
fill: Any = lanes.fill
load: Any = lanes.load
store: Any = lanes.store
fma = lanes.fma

Array = NDArray[np.float64]
Index = NDArray[np.uint32]
"""Unsigned: numba need not look for negative indices, which makes the loops twice as fast."""


def _tanh(typing: Any, value: Any) -> Any:
    """`tanh(lanes)`: hyperbolic tangent of each lane, within 3 units in the last place; odd, and NaN for NaN.

    With e = exp(-2 |x|) - 1, tanh |x| = -e / (2 + e), which cancels nowhere.
    """

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x = Vector(builder, arguments[0])
        count, kind = x.value.type.count, x.value.type
        integers = ir.VectorType(ir.IntType(64), count)

        def whole(number: int) -> Any:
            return ir.Constant(integers, [ir.IntType(64)(number)] * count)

        sign = builder.and_(builder.bitcast(x.value, integers), whole(-(2**63)))
        size = x.call("fabs")
        far = size.compare(">", 20.0)  # where tanh is 1 in float64; false for NaN, which so lives on
        y = Vector(builder, builder.select(far.value, size.constant(20.0).value, size.value)) * -2.0
        e = expm1_of(y)
        ratio = (e / (e + 2.0)).call("fabs")
        return builder.bitcast(builder.or_(builder.bitcast(ratio.value, integers), sign), kind)

    return value(value), emit


tanh: Any = intrinsic(_tanh)


@compiled(error_model="numpy")
def drive(
    starts: Index,
    columns: Index,
    weights: Array,
    leak: float,
    inputs: Array,
    stacked: Array,
    sums: Array,
    states: Array,
) -> None:
    """One series: `states[t]` after `inputs[t]`. `stacked` is (r, u, 1); `sums` is room for r, filled up."""
    nodes = starts.size - 1
    for t in range(inputs.shape[0]):
        copy_line(inputs[t], stacked[nodes:])
        for i in range(nodes):
            total = 0.0
            for entry in range(starts[i], starts[i + 1]):
                total += weights[entry] * stacked[columns[entry]]
            sums[i] = total
        for row in range(sums.size // 8):
            store(sums, row, tanh(load(sums, row, 8)))
        for i in range(nodes):
            new = (1 - leak) * stacked[i] + leak * sums[i]
            stacked[i] = new
            states[t, i] = new


@compiled(error_model="numpy")
def advance_nodes(
    starts: Index,
    columns: Index,
    weights: Array,
    leak: float,
    old: Array,
    new: Array,
    first: int,
    last: int,
) -> None:
    """`advance` for nodes first to last - 1. Two vectors go together: they share the matrix's entries."""
    blocks = np.uint32(old.shape[1] // 8)
    one = np.uint32(1)
    for i in range(first, last):
        for pair in range(blocks // 2):
            block = np.uint32(2 * pair)
            left, right = fill(0.0, 8), fill(0.0, 8)
            for entry in range(starts[i], starts[i + 1]):
                row = columns[entry] * blocks + block
                left = fma(load(old, row, 8), weights[entry], left)
                right = fma(load(old, row + one, 8), weights[entry], right)
            row = np.uint32(i) * blocks + block
            store(new, row, load(old, row, 8) * (1 - leak) + tanh(left) * leak)
            store(new, row + one, load(old, row + one, 8) * (1 - leak) + tanh(right) * leak)
        if blocks % 2:
            total = fill(0.0, 8)
            for entry in range(starts[i], starts[i + 1]):
                row = columns[entry] * blocks + blocks - one
                total = fma(load(old, row, 8), weights[entry], total)
            row = np.uint32(i) * blocks + blocks - one
            store(new, row, load(old, row, 8) * (1 - leak) + tanh(total) * leak)


@compiled(error_model="numpy")
def advance(
    starts: Index, columns: Index, weights: Array, leak: float, stacked: Array, following: Array
) -> None:
    """A batch: the next r into the first rows of `following`; (rows, lanes), a whole number of vectors."""
    advance_nodes(starts, columns, weights, leak, stacked, following, 0, starts.size - 1)
