"""Codelets of the exponential integrators: whole pieces of work, emitted as intrinsics of numba.

A codelet takes rows to registers, transforms them, does to the wavenumbers what the scheme's stage asks, and
takes them back. The codelets of an intake (see `Build`) keep the wavenumbers instead, where a run starts.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .builds import Build, Rows
from .butterflies import complex_forward, complex_inverse, real_forward, real_inverse
from .exponential_steps import (
    LOAD,
    REMEMBER,
    STEP,
    Complex,
    Tables,
    arrays,
    forward,
    inverse,
    update,
)
from .vectors import Vector

__all__ = ["SHOW", "block", "double_block", "double_root", "in_registers", "root", "tile"]

SHOW = 6
"""Write the physical values of the state."""


class _Registers:
    """Memory between the stages of one step, where the whole step is one piece of code."""

    def __init__(self) -> None:
        self.values: dict[str, Complex] = {}

    def get(self, name: str) -> Complex:
        return self.values[name]

    def put(self, name: str, value: Complex) -> None:
        self.values[name] = value


class _Arrays:
    """Memory in the state array (arrays, length, lanes); histories are rings, which begin where `step` says.

    For an intake `step` is the array that it puts everything into.
    """

    def __init__(self, build: Build, state: Rows, length: ir.Value, step: ir.Value) -> None:
        self.build, self.state, self.length, self.step = build, state, length, step
        self.real: ir.Value = None
        self.imaginary: ir.Value = None

    def at(self, real: ir.Value, imaginary: ir.Value) -> _Arrays:
        """The same memory for one slot, whose values lie in these rows."""
        cell = _Arrays(self.build, self.state, self.length, self.step)
        cell.real, cell.imaginary = real, imaginary
        return cell

    def _ring(self, back: int, size: int, first: int) -> ir.Value:
        builder, kind = self.state.builder, self.step.type
        if size == 1:
            return kind(first)
        place = builder.srem(builder.add(self.step, kind(size - back)), kind(size))
        return builder.add(place, kind(first))

    def _offset(self, name: str) -> ir.Value:
        if not self.build.linear:
            index = self.step
        elif not self.build.nonlinear:
            index = self.step.type(arrays(self.build).index(name))
        elif name == "carry":
            index = self.step.type(self.build.linear + self.build.nonlinear)
        elif name == "new":
            index = self._ring(-1, self.build.linear, 0)
        elif name[0] == "v":
            index = self._ring(int(name[1:]), self.build.linear, 0)
        else:
            index = self._ring(int(name[1:]), self.build.nonlinear, self.build.linear)
        return self.state.builder.mul(index, self.length)

    def get(self, name: str) -> Complex:
        builder, offset = self.state.builder, self._offset(name)
        return (
            self.state.load(builder.add(offset, self.real)),
            self.state.load(builder.add(offset, self.imaginary)),
        )

    def put(self, name: str, value: Complex) -> None:
        builder, offset = self.state.builder, self._offset(name)
        self.state.store(builder.add(offset, self.real), value[0])
        self.state.store(builder.add(offset, self.imaginary), value[1])


def _length(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
    """Rows from one array of the state, a codelet's second argument, to the next."""
    return builder.extract_value(context.make_array(sig.args[1])(context, builder, args[1]).shape, 1)


def _switch(builder: ir.IRBuilder, stage: ir.Value, cases: dict[int, Any]) -> None:
    """Code for the case that the stage names; nothing for others."""
    done = builder.append_basic_block("done")
    switch = builder.switch(stage, done)
    for number, emit in cases.items():
        block = builder.append_basic_block(f"stage{number}")
        switch.add_case(stage.type(number), block)
        builder.position_at_end(block)
        emit()
        builder.branch(done)
    builder.position_at_end(done)


def _stages(build: Build) -> list[int]:
    if not build.linear:
        return [LOAD]  # and REMEMBER, which is the same code
    return [STEP] if build.nonlinear else [0, 1, 2, 3]


def _normaliser(build: Build, like: Vector, rows: ir.Value, stage: ir.Value, *, first: bool) -> Vector:
    """2 / N, and for slot 0 of lanes that hold one trajectory each 1 / N; 1 for what is only remembered."""
    builder = like.builder
    element = like.value.type.element
    points = builder.uitofp(rows, element)
    share = 1.0 if first and not build.across else 2.0
    factor = Vector.fill(builder, builder.fdiv(ir.Constant(element, share), points), like.count)
    if build.across:
        factor = factor * (1.0 / like.count)
        if first:
            factor = factor * factor.constant([0.5] + [1.0] * (like.count - 1))
    plain = builder.icmp_signed("==", stage, stage.type(REMEMBER))
    return Vector(builder, builder.select(plain, factor.constant(1.0).value, factor.value))


def _block(leaves: int, *, root: bool) -> Any:
    """The intrinsic that takes a block of rows to its wavenumbers, does a stage there, and takes it back.

    The block has so many leaves of the build; a root is a real transform, others are complex.
    """

    @intrinsic
    def function(
        typing: Any,
        work: Any,
        state: Any,
        tables: Any,
        special: Any,
        real: Any,
        imaginary: Any,
        slot: Any,
        step: Any,
        stage: Any,
        build: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            plan = sig.args[-1].build
            points = leaves * plan.leaf
            work, state, ordinary, special = (
                Rows(context, builder, sig.args[i], args[i], plan.lanes) for i in range(4)
            )
            rows = builder.extract_value(context.make_array(sig.args[0])(context, builder, args[0]).shape, 0)
            real, imaginary, slot, step, stage = args[4:9]
            memory = _Arrays(plan, state, _length(context, builder, sig, args), step)
            lookup = Tables(plan, ordinary, special)
            slots = [builder.add(slot, slot.type(i)) for i in range(points // 2 if root else points)]
            if root:
                places = [(slot.type(2 * i), slot.type(2 * i + 1)) for i in range(points // 2)]
            else:
                places = [
                    (builder.add(real, real.type(i)), builder.add(imaginary, real.type(i)))
                    for i in range(points)
                ]

            def emit(which: int) -> None:
                if root:
                    z = real_forward([work.load(p) for pair in places for p in pair])
                else:
                    z = complex_forward([(work.load(r), work.load(i)) for r, i in places])
                names = [None, *slots[1:]] if root else slots
                spectrum = forward(z, names, lookup)
                cells = [memory.at(*place) for place in places]
                new: list[Complex] = []
                for name, s, cell in zip(names, spectrum, cells, strict=True):
                    if which == LOAD:
                        factor = _normaliser(plan, s[0], rows, stage, first=name is None)
                        new.append((s[0] * factor, s[1] * factor))
                        cell.put("v", new[-1])
                    else:
                        new.append(update(which, s, cell, lookup, slot=name))
                back = inverse(new, names, lookup)
                values = real_inverse(back) if root else [v for z in complex_inverse(back) for v in z]
                for place, value in zip([p for pair in places for p in pair], values, strict=True):
                    work.store(place, value)

            cases = _stages(plan)
            if len(cases) == 1:
                emit(cases[0])
            else:
                _switch(builder, stage, {which: lambda which=which: emit(which) for which in cases})
            return context.get_dummy_value()

        whole = types.intp
        return types.void(work, state, tables, special, whole, whole, whole, whole, whole, build), generate

    return function


block, double_block = (_block(leaves, root=False) for leaves in (1, 2))
root, double_root = (_block(leaves, root=True) for leaves in (2, 4))


def _in_registers(
    typing: Any, work: Any, state: Any, tables: Any, special: Any, step: Any, stage: Any, build: Any
) -> Any:
    """A whole step of a transform that fits in registers, or to show its state, by a constant stage.

    Of an intake the stage is as in the blocks.
    """
    what = LOAD if not build.build.linear else stage.literal_value
    stage = stage if build.build.linear else types.intp

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        plan = sig.args[-1].build
        work, state, ordinary, special = (
            Rows(context, builder, sig.args[i], args[i], plan.lanes) for i in range(4)
        )
        step = args[4]
        kind = step.type
        rows = kind(plan.rows)
        lookup = Tables(plan, ordinary, special)
        memory = _Arrays(plan, state, _length(context, builder, sig, args), step)
        places = [(kind(2 * i), kind(2 * i + 1)) for i in range(plan.rows // 2)]
        slots = [None, *(kind(i) for i in range(1, plan.rows // 2))]

        def spectrum(x: list[Vector]) -> list[Complex]:
            return forward(real_forward(x), slots, lookup)

        def physical(z: list[Complex]) -> list[Vector]:
            return real_inverse(inverse(z, slots, lookup))

        def state_now() -> list[Complex]:
            return [memory.at(*place).get("v0" if plan.nonlinear else "v") for place in places]

        def advance() -> None:
            cells: list[Any] = [_Registers() for _ in places]
            if plan.nonlinear:
                cells = [memory.at(*place) for place in places]
            v = state_now()
            if not plan.nonlinear:
                for cell, value in zip(cells, v, strict=True):
                    cell.put("v", value)
            for which in range(1 if plan.nonlinear else 4):
                s = spectrum([u * u * u if plan.cubed else u * u for u in physical(v)])
                v = [update(which, s[i], cells[i], lookup, slot=slots[i]) for i in range(len(slots))]
            if not plan.nonlinear:
                for place, value in zip(places, v, strict=True):
                    memory.at(*place).put("v", value)

        def take() -> None:
            for i, s in enumerate(spectrum([work.load(row) for place in places for row in place])):
                factor = _normaliser(plan, s[0], rows, args[5], first=i == 0)
                memory.at(*places[i]).put("v", (s[0] * factor, s[1] * factor))

        def show() -> None:
            for i, value in enumerate(physical(state_now())):
                work.store(kind(i), value)

        {STEP: advance, LOAD: take, SHOW: show}[what]()
        return context.get_dummy_value()

    return types.void(work, state, tables, special, types.intp, stage, build), generate


in_registers: Any = intrinsic(prefer_literal=True)(_in_registers)


def _tile(typing: Any, physical: Any, out: Any, row: Any, place: Any, stride: Any, build: Any) -> Any:
    """Transpose as many rows as there are lanes from `row` on; lane l goes to out.flat[place + l stride]."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = sig.args[-1].build.lanes
        source, target = (Rows(context, builder, sig.args[i], args[i], lanes) for i in (0, 1))
        row, place, stride = args[2:5]
        x = [source.load(row, offset=i) for i in range(lanes)]
        half = lanes // 2
        while half:
            keep = [i if not i & half else i - half + lanes for i in range(lanes)]
            move = [i + half if not i & half else i + lanes for i in range(lanes)]
            for i in range(lanes):
                if not i & half:
                    a, b = x[i], x[i + half]
                    x[i], x[i + half] = a.shuffle(keep, b), a.shuffle(move, b)
            half //= 2
        for value in x:
            value.store(builder.gep(target.data, [place]))
            place = builder.add(place, stride)
        return context.get_dummy_value()

    return types.void(physical, out, types.intp, types.intp, types.intp, build), generate


tile: Any = intrinsic(_tile)
