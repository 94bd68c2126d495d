"""SIMD lanes as a value type of numba: one variable holds several numbers, one per lane.

Compilers vectorise a loop only when they can prove much about it. Here the vector is written down instead:
inside `numba.njit` a value of type `Lanes(float64, 8)` is eight numbers that every operation treats alike,
and it becomes one AVX-512 register (or several narrower ones where the processor has no such register). Put
one trajectory in each lane, or consecutive points of one trajectory, and write the scalar algorithm.

    @njit
    def axpy(a, x, y):                      # x, y: C-contiguous, the last axis is the lanes
        for row in range(x.shape[0]):
            store(y, row, a * load(x, row, 8) + load(y, row, 8))

Operations: `load`, `store`, `fill`, `+ - * /`, negation, `fma`, `sqrt`, `absolute`, `minimum`, `maximum`,
the six comparisons (which give a mask), `select`, `any_lane`, `all_lanes`, `lane`, `shuffle`. A number on one
side of an operator is copied to all lanes. Products and sums may be fused (one rounding instead of two), and
nothing else is rearranged, so a lane's result does not depend on which lane it is nor on what the other
lanes hold.

Long straight-line code is better emitted from Python loops over `vectors.Vector`, one level below.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.errors import NumbaTypeError
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model
from numpy.typing import DTypeLike, NDArray

from .vectors import Vector

__all__ = [
    "ALIGNMENT",
    "Lanes",
    "absolute",
    "aligned",
    "all_lanes",
    "any_lane",
    "emitted",
    "fill",
    "fma",
    "lane",
    "load",
    "maximum",
    "minimum",
    "select",
    "shuffle",
    "sqrt",
    "store",
]

ALIGNMENT = 64
"""Bytes: a row of lanes that straddles two cache lines costs twice, so `aligned` arrays begin on one."""

_COMPARISONS = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that begin on a cache line, for rows of lanes."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.zeros(size + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


class Lanes(types.Type):
    """The type of `count` numbers of one scalar type; of booleans, it is a mask."""

    def __init__(self, dtype: types.Type, count: int) -> None:
        self.dtype = dtype
        self.count = count
        super().__init__(name=f"Lanes({dtype},{count})")

    @property
    def llvm(self) -> ir.VectorType:
        """The LLVM type behind it."""
        kinds = {types.float64: ir.DoubleType(), types.float32: ir.FloatType(), types.boolean: ir.IntType(1)}
        return ir.VectorType(kinds[self.dtype], self.count)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Lanes) -> None:
        super().__init__(manager, kind, kind.llvm)


def emitted(function: Any) -> Any:
    """Numba's decorator, as type checkers should see it: the calls do not have the function's arguments."""
    return intrinsic(prefer_literal=True)(function)


def row_pointer(
    context: Any, builder: ir.IRBuilder, array_type: Any, array: Any, row: Any, count: int
) -> Any:
    """A pointer to the first lane of a row of a C-contiguous array."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [builder.mul(row, ir.Constant(row.type, count))])


def _check_array(array: Any, count: Any, function: str) -> None:
    if not isinstance(array, types.Array) or array.layout != "C":
        raise NumbaTypeError(
            f"{function} needs a C-contiguous array whose last axis is the lanes, got {array}"
        )
    if not isinstance(count, types.IntegerLiteral):
        raise NumbaTypeError(f"{function} needs the number of lanes as a constant, got {count}")


@emitted
def load(typing: Any, array: Any, row: Any, count: Any) -> Any:
    """`load(array, row, count)`: the lanes of one row; the count must be a constant. No bounds check."""
    _check_array(array, count, "load")
    kind = Lanes(array.dtype, count.literal_value)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = row_pointer(context, builder, sig.args[0], args[0], args[1], kind.count)
        return Vector.load(builder, pointer, kind.llvm).value

    return kind(array, types.intp, count), emit


@emitted
def store(typing: Any, array: Any, row: Any, value: Any) -> Any:
    """`store(array, row, value)`: write the lanes to one row. No bounds check."""
    if not isinstance(value, Lanes) or array.dtype != value.dtype or array.layout != "C":
        raise NumbaTypeError(
            f"cannot store {value} in {array}: same scalar type and a C-contiguous array needed"
        )

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        Vector(builder, args[2]).store(
            row_pointer(context, builder, sig.args[0], args[0], args[1], value.count)
        )
        return context.get_dummy_value()

    return types.void(array, types.intp, value), emit


@emitted
def fill(typing: Any, number: Any, count: Any) -> Any:
    """`fill(number, count)`: one number in all lanes."""
    scalar = types.unliteral(number)
    scalar = scalar if isinstance(scalar, types.Float) else types.float64

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return Vector.fill(builder, args[0], sig.return_type.count).value

    return Lanes(scalar, count.literal_value)(scalar, count), emit


# operators and functions ---------------------------------------------------------------------------------


def _operand(kind: Any, lanes: Lanes) -> Any:
    """What an operand is turned into: itself, or the scalar type of the lanes beside it; None if neither."""
    if kind == lanes:
        return lanes
    return lanes.dtype if isinstance(kind, types.Number) and lanes.dtype != types.boolean else None


def _define(function: Any, arity: int, emit: Callable[..., Vector], *, mask: bool = False) -> None:
    """Teach numba an elementwise function of lanes and numbers."""

    @infer_global(function)
    class Typing(AbstractTemplate):
        key = function

        def generic(self, args: Any, kws: Any) -> Any:
            lanes = next((a for a in args if isinstance(a, Lanes)), None)
            if lanes is None or len(args) != arity or lanes.dtype == types.boolean:
                return None
            operands = [_operand(types.unliteral(a), lanes) for a in args]
            if None in operands:
                return None
            return signature(Lanes(types.boolean, lanes.count) if mask else lanes, *operands)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        count = next(a.count for a in sig.args if isinstance(a, Lanes))
        vectors = [
            Vector(builder, value) if isinstance(kind, Lanes) else Vector.fill(builder, value, count)
            for kind, value in zip(sig.args, args, strict=True)
        ]
        return emit(*vectors).value

    for which in range(1, 2**arity):  # every mixture of lanes and numbers that has lanes in it
        kinds = [Lanes if which >> i & 1 else types.Number for i in range(arity)]
        lower_builtin(function, *kinds)(lower)


def _stub(name: str, doc: str) -> Callable[..., Any]:
    def function(*values: Any) -> Any:
        raise NotImplementedError(f"lanes.{name} can be called only inside numba.njit")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


fma = _stub("fma", "`fma(a, b, c)`: a * b + c, with one rounding where the processor can.")
sqrt = _stub("sqrt", "Square root; NaN for negative numbers.")
absolute = _stub("absolute", "Magnitude.")
minimum = _stub("minimum", "The smaller of two; a NaN loses against a number.")
maximum = _stub("maximum", "The larger of two; a NaN loses against a number.")

for _operator, _emit in (
    ((operator.add, operator.iadd), Vector.__add__),
    ((operator.sub, operator.isub), Vector.__sub__),
    ((operator.mul, operator.imul), Vector.__mul__),
    ((operator.truediv, operator.itruediv), Vector.__truediv__),
):
    for _function in _operator:
        _define(_function, 2, _emit)
_define(operator.neg, 1, Vector.__neg__)
_define(fma, 3, Vector.times_plus)
_define(sqrt, 1, lambda a: a.call("sqrt"))
_define(absolute, 1, lambda a: a.call("fabs"))
_define(minimum, 2, lambda a, b: a.call("minnum", b))
_define(maximum, 2, lambda a, b: a.call("maxnum", b))
for _function, _sign in _COMPARISONS.items():
    _define(_function, 2, lambda a, b, sign=_sign: a.compare(sign, b), mask=True)


@emitted
def select(typing: Any, mask: Any, yes: Any, no: Any) -> Any:
    """`select(mask, yes, no)`: per lane, `yes` where the mask is true and `no` elsewhere; both lanes."""
    if not isinstance(yes, Lanes) or yes != no or mask != Lanes(types.boolean, yes.count):
        raise NumbaTypeError(f"select needs a mask and two equal kinds of lanes, got {mask}, {yes}, {no}")
    return yes(mask, yes, no), lambda context, builder, sig, args: builder.select(*args)


def _bits(builder: Any, mask: Any) -> Any:
    return builder.bitcast(mask, ir.IntType(mask.type.count))


def _check_mask(mask: Any, function: str) -> None:
    if not isinstance(mask, Lanes) or mask.dtype != types.boolean:
        raise NumbaTypeError(f"{function} needs a mask, the result of a comparison of lanes, got {mask}")


@emitted
def any_lane(typing: Any, mask: Any) -> Any:
    """Whether the mask is true in at least one lane."""
    _check_mask(mask, "any_lane")

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = _bits(builder, args[0])
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return types.boolean(mask), emit


@emitted
def all_lanes(typing: Any, mask: Any) -> Any:
    """Whether the mask is true in every lane."""
    _check_mask(mask, "all_lanes")

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = _bits(builder, args[0])
        return builder.icmp_unsigned("==", bits, bits.type(-1))

    return types.boolean(mask), emit


@emitted
def lane(typing: Any, value: Any, index: Any) -> Any:
    """`lane(value, index)`: the number in one lane; the index must be a constant."""
    if not isinstance(value, Lanes) or not isinstance(index, types.IntegerLiteral):
        raise NumbaTypeError(f"lane needs lanes and a constant index, got {value} and {index}")
    place = index.literal_value
    if not 0 <= place < value.count:
        raise NumbaTypeError(f"{value} has no lane {place}")

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], ir.IntType(32)(place))

    return value.dtype(value, index), emit


@emitted
def shuffle(typing: Any, value: Any, order: Any) -> Any:
    """`shuffle(value, order)`: lane i of the result is lane `order[i]`; a tuple of constants."""
    kinds = getattr(order, "types", ())
    if not isinstance(value, Lanes) or not all(isinstance(k, types.IntegerLiteral) for k in kinds):
        raise NumbaTypeError(f"shuffle needs lanes and a tuple of constants, got {value} and {order}")
    places = [k.literal_value for k in kinds]
    if len(places) != value.count or not all(0 <= p < value.count for p in places):
        raise NumbaTypeError(f"shuffle needs {value.count} lane numbers below {value.count}, got {places}")

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return Vector(builder, args[0]).shuffle(places).value

    return value(value, order), emit
