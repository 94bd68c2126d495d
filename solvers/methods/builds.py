"""What compiled functions know at compile time, and the arrays that emitted code reads and writes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox

from .lanes import Lanes
from .vectors import Vector

__all__ = ["Build", "BuildType", "Rows"]


def _source_code() -> str:
    """A digest of the modules that emit code.

    Numba's cache on disk looks at the file of the compiled function only. This makes a change in any module
    that it emits code with a change of type, so that old machine code is not used.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


_SOURCE_CODE = _source_code()


@dataclass(frozen=True)
class Build:
    """What is fixed at compile time; passed to compiled functions, which are compiled once for each.

    Attributes:
        lanes: numbers per row.
        across: whether one trajectory lies across the lanes (else one in each).
        rows: rows of a transform that is done wholly in registers; 0 for one with passes.
        leaf: rows of the smaller blocks in which one with passes ends.
        linear: values of the spectrum that a step combines: v_n, v_{n-1}, ...; 0 for an intake.
        nonlinear: nonlinear terms that a multistep scheme combines; 0 for a Runge-Kutta scheme.
        mixing: whether the weights are general complex numbers; else the linear ones are real and the
            nonlinear ones imaginary, which halves the work.
        forced: whether a constant is added.
        cubed: whether the nonlinear term is of the cube of the values (else of their square).
        compensated: whether what round-off cuts from the sum of state and increment is carried to the next
            step; for multistep schemes with one linear term, whose weight is then the propagator less one.
    """

    lanes: int
    across: bool = False
    rows: int = 0
    leaf: int = 4
    linear: int = 1
    nonlinear: int = 0
    mixing: bool = False
    forced: bool = False
    cubed: bool = False
    compensated: bool = False

    @property
    def _numba_type_(self) -> BuildType:
        """By which numba finds the type of an argument at once."""
        return _type_of(self)

    @property
    def intake(self) -> Build:
        """What takes frames to spectra, where a run starts: the same for all schemes."""
        return replace(
            self, linear=0, nonlinear=0, mixing=False, forced=False, cubed=False, compensated=False
        )

    @property
    def layout(self) -> Build:
        """What only moves rows and does their transforms' passes knows: the lanes, and the power."""
        return Build(self.lanes, cubed=self.cubed)


class BuildType(types.Type):
    """Numba's type of a `Build`: the value is in the type, nothing is passed at run time."""

    def __init__(self, build: Build) -> None:
        self.build = build
        super().__init__(name=f"{build!r} of {_SOURCE_CODE}")


@lru_cache(maxsize=1024)
def _type_of(build: Build) -> BuildType:
    return BuildType(build)


@typeof_impl.register(Build)
def _type_of_build(value: Build, context: Any) -> BuildType:
    return value._numba_type_


@register_model(BuildType)
class _BuildModel(models.OpaqueModel):
    pass


@unbox(BuildType)
def _unbox_build(kind: Any, value: Any, context: Any) -> NativeValue:
    return NativeValue(context.context.get_dummy_value())


class Rows:
    """An array of rows of lanes (or of numbers) while code is emitted."""

    def __init__(
        self, context: Any, builder: ir.IRBuilder, kind: types.Array, array: Any, lanes: int
    ) -> None:
        self.builder = builder
        self.lanes = lanes
        self.kind = Lanes(kind.dtype, lanes).llvm
        self.data = context.make_array(kind)(context, builder, array).data

    def at(self, row: ir.Value, *, offset: int = 0) -> ir.Value:
        """A pointer to row + offset."""
        if offset:
            row = self.builder.add(row, ir.Constant(row.type, offset))
        return self.builder.gep(self.data, [self.builder.mul(row, ir.Constant(row.type, self.lanes))])

    def load(self, row: ir.Value, *, offset: int = 0) -> Vector:
        """The lanes of a row."""
        return Vector.load(self.builder, self.at(row, offset=offset), self.kind)

    def store(self, row: ir.Value, value: Vector, *, offset: int = 0) -> None:
        """Write the lanes of a row."""
        value.store(self.at(row, offset=offset))

    def spread(self, index: ir.Value, *, offset: int = 0) -> Vector:
        """One number of an array of numbers, in all lanes."""
        place = self.builder.add(index, ir.Constant(index.type, offset))
        number = self.builder.load(self.builder.gep(self.data, [place]))
        return Vector.fill(self.builder, number, self.lanes)
