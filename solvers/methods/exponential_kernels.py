"""Compiled exponential integrators over rows of lanes: the loops around the emitted codelets.

`run` advances what lies in one work array: as many trajectories as there are lanes, or one across the lanes.
Memory is given by the caller and nothing is allocated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

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
from .lane_fourier import Build, Rows, forward_passes, inverse_passes, square_passes
from .vectors import Vector

__all__ = [
    "load_history",
    "load_history_in_registers",
    "load_state",
    "load_state_in_registers",
    "run",
    "run_in_registers",
]

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
    """Memory in the state array (arrays, rows, lanes), the histories as rings."""

    def __init__(self, build: Build, state: Rows, rows: ir.Value, step: ir.Value) -> None:
        self.build, self.state, self.rows, self.step = build, state, rows, step
        self.real: ir.Value = None
        self.imaginary: ir.Value = None

    def at(self, real: ir.Value, imaginary: ir.Value) -> _Arrays:
        """The same memory for one slot, whose values lie in these rows."""
        cell = _Arrays(self.build, self.state, self.rows, self.step)
        cell.real, cell.imaginary = real, imaginary
        return cell

    def _ring(self, back: int, size: int, first: int) -> ir.Value:
        builder, kind = self.state.builder, self.step.type
        if size == 1:
            return kind(first)
        place = builder.srem(builder.add(self.step, kind(size - back)), kind(size))
        return builder.add(place, kind(first))

    def _offset(self, name: str) -> ir.Value:
        if not self.build.nonlinear:
            index = self.step.type(arrays(self.build).index(name))
        elif name == "new":
            index = self._ring(-1, self.build.linear, 0)
        elif name[0] == "v":
            index = self._ring(int(name[1:]), self.build.linear, 0)
        else:
            index = self._ring(int(name[1:]), self.build.nonlinear, self.build.linear)
        return self.state.builder.mul(index, self.rows)

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
    return [STEP, LOAD, REMEMBER] if build.nonlinear else [0, 1, 2, 3, LOAD]


def _normaliser(build: Build, like: Vector, rows: ir.Value, *, first: bool) -> Vector:
    """2 / N, and for slot 0 of lanes that hold one trajectory each 1 / N."""
    builder = like.builder
    element = like.value.type.element
    points = builder.uitofp(rows, element)
    share = 1.0 if first and not build.across else 2.0
    factor = Vector.fill(builder, builder.fdiv(ir.Constant(element, share), points), like.count)
    if build.across:
        factor = factor * (1.0 / like.count)
        if first:
            factor = factor * factor.constant([0.5] + [1.0] * (like.count - 1))
    return factor


def _block(points: int, *, root: bool) -> Any:
    """The intrinsic that takes one block of rows to its wavenumbers, does a stage there, and takes it back."""

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
            work, state, ordinary, special = (
                Rows(context, builder, sig.args[i], args[i], plan.lanes) for i in range(4)
            )
            rows = builder.extract_value(context.make_array(sig.args[0])(context, builder, args[0]).shape, 0)
            real, imaginary, slot, step, stage = args[4:9]
            memory = _Arrays(plan, state, rows, step)
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
                new = []
                for name, place, s in zip(names, places, forward(z, names, lookup), strict=True):
                    points = _normaliser(plan, s[0], rows, first=name is None) if which == LOAD else None
                    new.append(update(which, s, memory.at(*place), lookup, slot=name, points=points))
                if which == REMEMBER:
                    return
                back = inverse(new, names, lookup)
                values = real_inverse(back) if root else [v for z in complex_inverse(back) for v in z]
                for place, value in zip([p for pair in places for p in pair], values, strict=True):
                    work.store(place, value)

            _switch(builder, stage, {which: lambda which=which: emit(which) for which in _stages(plan)})
            return context.get_dummy_value()

        whole = types.intp
        return types.void(work, state, tables, special, whole, whole, whole, whole, whole, build), generate

    return function


_block4, _block8, _block16 = (_block(points, root=False) for points in (4, 8, 16))
_root8, _root16 = (_block(points, root=True) for points in (8, 16))


@njit(cache=True, nogil=True)
def _spectral_pass(
    work: Any, state: Any, plan: Any, tables: Any, special: Any, step: Any, stage: Any, build: Any
) -> None:
    for b in range(len(plan.blocks)):
        points, real, imaginary, slot = plan.blocks[b]
        if points == 8:
            _block8(work, state, tables, special, real, imaginary, slot, step, stage, build)
        elif points == 16:
            _block16(work, state, tables, special, real, imaginary, slot, step, stage, build)
        else:
            _block4(work, state, tables, special, real, imaginary, slot, step, stage, build)
    if plan.root == 8:
        _root8(work, state, tables, special, 0, 0, 0, step, stage, build)
    else:
        _root16(work, state, tables, special, 0, 0, 0, step, stage, build)


@intrinsic
def _in_registers(
    typing: Any, work: Any, state: Any, tables: Any, special: Any, step: Any, stage: Any, build: Any
) -> Any:
    """A whole step of a transform that fits in registers, or one of the other things to do."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        plan = sig.args[-1].build
        work, state, ordinary, special = (
            Rows(context, builder, sig.args[i], args[i], plan.lanes) for i in range(4)
        )
        step, stage = args[4:6]
        kind = step.type
        rows = kind(plan.rows)
        lookup = Tables(plan, ordinary, special)
        memory = _Arrays(plan, state, rows, step)
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
                s = spectrum([u * u for u in physical(v)])
                v = [
                    update(which, s[i], cells[i], lookup, slot=slots[i], points=None)
                    for i in range(len(slots))
                ]
            if not plan.nonlinear:
                for place, value in zip(places, v, strict=True):
                    memory.at(*place).put("v", value)

        def take(which: int) -> None:
            s = spectrum([work.load(row) for place in places for row in place])
            for i, place in enumerate(places):
                points = _normaliser(plan, s[i][0], rows, first=i == 0) if which == LOAD else None
                update(which, s[i], memory.at(*place), lookup, slot=slots[i], points=points)

        def show() -> None:
            for i, value in enumerate(physical(state_now())):
                work.store(kind(i), value)

        cases: dict[int, Any] = {STEP: advance, LOAD: lambda: take(LOAD), SHOW: show}
        if plan.nonlinear:
            cases[REMEMBER] = lambda: take(REMEMBER)
        _switch(builder, stage, cases)
        return context.get_dummy_value()

    return types.void(work, state, tables, special, types.intp, types.intp, build), generate


@intrinsic
def _tile(typing: Any, physical: Any, out: Any, row: Any, place: Any, stride: Any, build: Any) -> Any:
    """Transpose as many rows as there are lanes from `row` on; lane l goes to out.flat[place + l stride]."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = sig.args[-1].build.lanes
        source, target = (Rows(context, builder, sig.args[i], args[i], lanes) for i in (0, 1))
        row, place, stride = args[2:5]
        x = [source.load(row, offset=i) for i in range(lanes)]
        half = lanes // 2
        while half:
            low = [i for i in range(lanes)]
            keep = [i if not i & half else i - half + lanes for i in low]
            move = [i + half if not i & half else i + lanes for i in low]
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


@njit(cache=True, nogil=True)
def _write(physical: Any, out: Any, frame: Any) -> None:
    """Put the physical rows into out (trajectories, frames, points): one trajectory per lane, or one in all."""
    rows, lanes = physical.shape
    points = out.shape[2]
    if points != rows:
        for m in range(rows):
            for lane in range(lanes):
                out[0, frame, m * lanes + lane] = physical[m, lane]
    else:
        for lane in range(out.shape[0]):
            for n in range(points):
                out[lane, frame, n] = physical[n, lane]


@njit(cache=True, nogil=True)
def _write_tiles(physical: Any, out: Any, frame: Any, build: Any) -> None:
    rows, lanes = physical.shape
    frames, points = out.shape[1], out.shape[2]
    if points == rows and out.shape[0] == lanes:
        for row in range(0, rows, lanes):
            _tile(physical, out, row, frame * points + row, frames * points, build)
    else:
        _write(physical, out, frame)


@njit(cache=True, nogil=True)
def _lost(physical: Any) -> bool:
    """Whether nothing finite is left in the first row, so that no lane is worth going on with."""
    for lane in range(physical.shape[1]):
        if np.isfinite(physical[0, lane]):
            return False
    return True


@njit(cache=True, nogil=True)
def load_state(work: Any, state: Any, plan: Any, tables: Any, special: Any, step: Any, build: Any) -> None:
    """Take the physical values in `work` as the solution at a step; the work is ready for `run` after it."""
    forward_passes(work, plan, 0, build)
    _spectral_pass(work, state, plan, tables, special, step, LOAD, build)


@njit(cache=True, nogil=True)
def load_history(work: Any, state: Any, plan: Any, tables: Any, special: Any, step: Any, build: Any) -> None:
    """Take the squares of physical values in `work` as those of a step in the past."""
    forward_passes(work, plan, 0, build)
    _spectral_pass(work, state, plan, tables, special, step, REMEMBER, build)


@njit(cache=True, nogil=True)
def run(
    work: Any,
    physical: Any,
    state: Any,
    out: Any,
    plan: Any,
    tables: Any,
    special: Any,
    step: Any,
    steps_per_frame: Any,
    stages: Any,
    build: Any,
) -> None:
    """Advance and write a frame every `steps_per_frame` steps; stop where all has become NaN or infinite."""
    frames = out.shape[1]
    for frame in range(frames):
        for _ in range(steps_per_frame):
            for stage in range(stages):
                square_passes(work, plan, build)
                _spectral_pass(work, state, plan, tables, special, step, stage, build)
            step += 1
        physical[:] = work
        inverse_passes(physical, plan, 0, build)
        _write_tiles(physical, out, frame, build)
        if _lost(physical):
            out[:, frame:] = np.nan
            return


@njit(cache=True, nogil=True)
def load_state_in_registers(work: Any, state: Any, tables: Any, special: Any, step: Any, build: Any) -> None:
    """`load_state` for a transform that fits in registers."""
    _in_registers(work, state, tables, special, step, LOAD, build)


@njit(cache=True, nogil=True)
def load_history_in_registers(
    work: Any, state: Any, tables: Any, special: Any, step: Any, build: Any
) -> None:
    """`load_history` for a transform that fits in registers."""
    _in_registers(work, state, tables, special, step, REMEMBER, build)


@njit(cache=True, nogil=True)
def run_in_registers(
    work: Any, state: Any, out: Any, tables: Any, special: Any, step: Any, steps_per_frame: Any, build: Any
) -> None:
    """`run` for a transform that fits in registers."""
    for frame in range(out.shape[1]):
        for _ in range(steps_per_frame):
            _in_registers(work, state, tables, special, step, STEP, build)
            step += 1
        _in_registers(work, state, tables, special, step, SHOW, build)
        _write_tiles(work, out, frame, build)
        if _lost(work):
            out[:, frame:] = np.nan
            return
