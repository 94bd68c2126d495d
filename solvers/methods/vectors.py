"""Vectors while code is emitted: arithmetic on `Vector`s writes LLVM instructions.

An algorithm that is plain Python over `Vector`s, loops and recursion included, runs once, at compile time,
and leaves straight-line code behind. Products and sums may be fused where the processor can (one rounding
instead of two); nothing else is rearranged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

__all__ = ["Vector"]

_FUSE = ("contract",)


class Vector:
    """A handle on one vector value; Python numbers mix in as constants."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder = builder
        self.value = value

    @property
    def count(self) -> int:
        """How many numbers."""
        return int(self.value.type.count)

    # moving --------------------------------------------------------------------------------------------

    @staticmethod
    def load(builder: ir.IRBuilder, pointer: ir.Value, kind: ir.VectorType) -> Vector:
        """The numbers from a pointer to the first of them on."""
        place = builder.bitcast(pointer, kind.as_pointer())
        return Vector(builder, builder.load(place, align=_bytes(kind.element)))

    def store(self, pointer: ir.Value) -> None:
        """Write the numbers from a pointer on."""
        place = self.builder.bitcast(pointer, self.value.type.as_pointer())
        self.builder.store(self.value, place, align=_bytes(self.value.type.element))

    @staticmethod
    def fill(builder: ir.IRBuilder, scalar: ir.Value, count: int) -> Vector:
        """One number in all lanes."""
        kind = ir.VectorType(scalar.type, count)
        first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.IntType(32)(0))
        return Vector(builder, first).shuffle([0] * count)

    def constant(self, numbers: float | Sequence[float]) -> Vector:
        """Known numbers, in the type of this one: the same for all lanes, or one for each."""
        kind = self.value.type
        values = [numbers] * kind.count if isinstance(numbers, int | float) else list(numbers)
        element = kind.element
        return Vector(self.builder, ir.Constant(kind, [ir.Constant(element, float(v)) for v in values]))

    def shuffle(self, lanes: Sequence[int], other: Vector | None = None) -> Vector:
        """Lane i of the result is lane `lanes[i]` of self followed by other."""
        second = ir.Constant(self.value.type, ir.Undefined) if other is None else other.value
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), [ir.IntType(32)(i) for i in lanes])
        return Vector(self.builder, self.builder.shuffle_vector(self.value, second, mask))

    # arithmetic ----------------------------------------------------------------------------------------

    def _same(self, other: Vector | float) -> Vector:
        return other if isinstance(other, Vector) else self.constant(other)

    def _do(self, name: str, left: Vector, right: Vector) -> Vector:
        return Vector(self.builder, getattr(self.builder, name)(left.value, right.value, flags=_FUSE))

    def __add__(self, other: Vector | float) -> Vector:
        return self._do("fadd", self, self._same(other))

    def __sub__(self, other: Vector | float) -> Vector:
        return self._do("fsub", self, self._same(other))

    def __mul__(self, other: Vector | float) -> Vector:
        return self._do("fmul", self, self._same(other))

    def __truediv__(self, other: Vector | float) -> Vector:
        return self._do("fdiv", self, self._same(other))

    def __rsub__(self, other: float) -> Vector:
        return self._do("fsub", self._same(other), self)

    def __rtruediv__(self, other: float) -> Vector:
        return self._do("fdiv", self._same(other), self)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Vector:
        return Vector(self.builder, self.builder.fneg(self.value))

    def call(self, name: str, *others: Vector | float) -> Vector:
        """An LLVM floating-point intrinsic, such as `sqrt`, `fabs`, `minnum`, `fmuladd`."""
        values = [self.value, *(self._same(other).value for other in others)]
        suffix = f"v{self.value.type.count}{self.value.type.element.intrinsic_name}"
        kind = ir.FunctionType(self.value.type, [v.type for v in values])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}.{suffix}")
        return Vector(self.builder, self.builder.call(function, values))

    def times_plus(self, factor: Vector | float, addend: Vector | float) -> Vector:
        """self * factor + addend, with one rounding where the processor can."""
        return self.call("fmuladd", factor, addend)

    def compare(self, sign: str, other: Vector | float) -> Vector:
        """A mask; comparisons with NaN are false, except `!=`."""
        kind = self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered
        return Vector(self.builder, kind(sign, self.value, self._same(other).value))


def _bytes(element: Any) -> int:
    return 8 if isinstance(element, ir.DoubleType) else 4
