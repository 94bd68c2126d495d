"""Products of narrow panels whose sums stay in registers: the heart of compiled matrix products.

`tile8`, `tile16` and `tile24` are called inside `numba.njit`:

    tile24(tall, wide, depth, corner)    corner[j, i] += sum over s < depth of wide[s, j] tall[s, i]

for 8 j and 24 (16, 8) i. `tall` has rows of 24 (16, 8) numbers and `wide` rows of 8, both C-contiguous;
`corner` is a view of a larger matrix with contiguous rows. All float64; nothing is checked.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from ..solvers.methods.vectors import Vector

__all__ = ["WIDE", "tile8", "tile16", "tile24"]

WIDE = 8
"""Numbers in a row of the wide panel."""
_LANES = 8


def _make(tall_width: int) -> Any:
    vectors = range(tall_width // _LANES)
    kind = ir.VectorType(ir.DoubleType(), _LANES)

    def tile(typing: Any, tall: Any, wide: Any, depth: Any, corner: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            arrays = [
                context.make_array(argument)(context, builder, value)
                for argument, value in zip(signature.args, arguments, strict=True)
                if isinstance(argument, types.Array)
            ]
            tall_data, wide_data, corner_data = (array.data for array in arrays)
            size = arguments[2].type
            row_length = builder.udiv(cgutils.unpack_tuple(builder, arrays[2].strides, 2)[0], size(8))
            sums = {(j, i): cgutils.alloca_once(builder, kind) for j in range(WIDE) for i in vectors}
            for place in sums.values():
                builder.store(ir.Constant(kind, [0.0] * _LANES), place)
            with cgutils.for_range(builder, arguments[2]) as loop:
                row = builder.gep(tall_data, [builder.mul(loop.index, size(tall_width))])
                left = [Vector.load(builder, builder.gep(row, [size(i * _LANES)]), kind) for i in vectors]
                row = builder.gep(wide_data, [builder.mul(loop.index, size(WIDE))])
                for j in range(WIDE):
                    right = Vector.fill(builder, builder.load(builder.gep(row, [size(j)])), _LANES)
                    for i in vectors:
                        total = left[i].times_plus(right, Vector(builder, builder.load(sums[j, i])))
                        builder.store(total.value, sums[j, i])
            for (j, i), place in sums.items():
                offset = builder.add(builder.mul(row_length, size(j)), size(i * _LANES))
                target = builder.gep(corner_data, [offset])
                (Vector.load(builder, target, kind) + Vector(builder, builder.load(place))).store(target)
            return context.get_dummy_value()

        return types.void(tall, wide, depth, corner), emit

    tile.__name__ = tile.__qualname__ = f"tile{tall_width}"
    return intrinsic(tile)


tile8: Any = _make(8)
tile16: Any = _make(16)
tile24: Any = _make(24)
