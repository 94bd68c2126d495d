"""exp(y) - 1 of SIMD lanes, exact to rounding however small y is."""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

from .vectors import Vector

__all__ = ["expm1", "expm1_of"]

_HIGH = float.fromhex("0x1.62e42fefa38p-1")
_LOW = float.fromhex("0x1.ef35793c7673p-45")
"""ln 2 in two parts, the first short enough that its multiples are exact."""
_ROUND = 1.5 * 2.0**52
"""Added and taken away again, it rounds to the nearest integer, which stands in the low bits of the sum."""


def expm1_of(y: Vector) -> Vector:
    """exp(y) - 1 while code is emitted, for |y| up to 700.

    For y = k ln 2 + rest it is 2^k (exp(rest) - 1) + (2^k - 1), the bracket by its Taylor polynomial
    (|rest| < 0.35), so that nothing cancels.
    """
    builder = y.builder
    integers = ir.VectorType(ir.IntType(64), y.count)

    def whole(number: int) -> Any:
        return ir.Constant(integers, [ir.IntType(64)(number)] * y.count)

    shifted = y.times_plus(1 / math.log(2), _ROUND)
    k = shifted - _ROUND
    exponent = builder.add(builder.bitcast(shifted.value, integers), whole(1023))
    power = Vector(builder, builder.bitcast(builder.shl(exponent, whole(52)), y.value.type))
    rest = (-k).times_plus(_LOW, (-k).times_plus(_HIGH, y))
    series = rest.constant(1 / math.factorial(13))
    for n in range(12, 1, -1):
        series = series.times_plus(rest, 1 / math.factorial(n))
    return power.times_plus((rest * rest).times_plus(series, rest), power - 1.0)


def _expm1(typing: Any, value: Any) -> Any:
    """`expm1(lanes)`: exp(y) - 1 of each lane, within 3 units in the last place for |y| up to 700."""
    return value(
        value
    ), lambda context, builder, signature, arguments: expm1_of(Vector(builder, arguments[0])).value


expm1: Any = intrinsic(_expm1)
