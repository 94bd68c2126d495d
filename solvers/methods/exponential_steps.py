"""What an exponential integrator does to the wavenumbers, as code emitted around registers that hold them.

The nonlinear term is a factor per wavenumber times the transform S of u^2; the factor is part of the weights.

- Runge-Kutta: four stages in the manner of Cox & Matthews (2002) and Krogstad (2005), with real propagators
  over half a step and a whole one and weights a_ij, b_i:
  u_2 = half v + a21 S_1,  u_3 = half v + a31 S_1 + a32 S_2,  u_4 = full v + a41 S_1 + a43 S_3,
  v' = full v + b1 S_1 + b2 (S_2 + S_3) + b4 S_4.
- Multistep: v' = sum_i linear_i v_{n-i} + sum_j nonlinear_j S_{n-j}.
- Compensated: v' = v + d with d = (P - 1) v + sum_j nonlinear_j S_{n-j} + P carry, and the carry is what the
  sum v + d loses to round-off (Kahan, Commun. ACM 8 (1965), doi:10.1145/363707.363723).
"""

from __future__ import annotations

from typing import Protocol

from llvmlite import ir

from .across_lanes import lanes_forward, lanes_inverse, pair_forward, pair_inverse
from .builds import Build, Rows
from .butterflies import conjugate_multiply, multiply
from .vectors import Vector

__all__ = [
    "LOAD",
    "REMEMBER",
    "STEP",
    "Memory",
    "Tables",
    "arrays",
    "constants",
    "forward",
    "inverse",
    "update",
    "weights",
]

Complex = tuple[Vector, Vector]

STEP = 0
"""Stages 0 to 3 are those of a Runge-Kutta step; a multistep scheme has stage 0 only."""
LOAD = 4
"""Of an intake: take the transform as that of the solution itself."""
REMEMBER = 5
"""Of an intake: take the transform as that of the power at an earlier step."""


def weights(build: Build) -> list[tuple[str, bool]]:
    """The weights of a scheme in the order of the tables, and whether each is linear."""
    if not build.linear:
        return []
    if build.nonlinear:
        return [(f"linear{i}", True) for i in range(build.linear)] + [
            (f"nonlinear{j}", False) for j in range(build.nonlinear)
        ]
    inner = ["a21", "a31", "a41", "b1", "a32", "b2", "a43", "b4"]
    return [("half", True), ("full", True), *((name, False) for name in inner)]


def constants(build: Build) -> list[str]:
    """The complex constants that follow the weights in the tables."""
    if not build.forced:
        return []
    return ["constant"] if build.nonlinear else ["second", "third", "fourth", "total"]


def arrays(build: Build) -> list[str]:
    """What is kept between evaluations, one array each."""
    if build.nonlinear:
        histories = [f"v{i}" for i in range(build.linear)] + [f"s{j}" for j in range(build.nonlinear)]
        return histories + ["carry"] * build.compensated
    return ["v", "third", "fourth", "total"]


class Weight:
    """One coefficient of one slot: real, imaginary, complex, or a 2 x 2 matrix on (real, imaginary)."""

    def __init__(self, kind: str, numbers: list[Vector]) -> None:
        self.kind = kind
        self.numbers = numbers

    def of(self, z: Complex) -> Complex:
        """The product."""
        n = self.numbers
        if self.kind == "real":
            return z[0] * n[0], z[1] * n[0]
        if self.kind == "imaginary":
            return -(z[1] * n[0]), z[0] * n[0]
        if self.kind == "complex":
            return multiply(z, (n[0], n[1]))
        return z[0] * n[0] + z[1] * n[1], z[0] * n[2] + z[1] * n[3]

    def onto(self, total: Complex, z: Complex) -> Complex:
        """total plus the product."""
        n = self.numbers
        if self.kind == "real":
            return total[0] + z[0] * n[0], total[1] + z[1] * n[0]
        if self.kind == "imaginary":
            return total[0] - z[1] * n[0], total[1] + z[0] * n[0]
        if self.kind == "complex":
            first = total[0] + z[0] * n[0], total[1] + z[1] * n[0]
            return first[0] - z[1] * n[1], first[1] + z[0] * n[1]
        first = total[0] + z[0] * n[0], total[1] + z[0] * n[2]
        return first[0] + z[1] * n[1], first[1] + z[1] * n[3]


class Memory(Protocol):
    """Where a slot's values are kept between evaluations."""

    def get(self, name: str) -> Complex: ...

    def put(self, name: str, value: Complex) -> None: ...


class Tables:
    """The weights of all slots in memory: (slots, numbers, 1 or lanes), and those of slot 0."""

    def __init__(self, build: Build, ordinary: Rows, special: Rows) -> None:
        self.build = build
        self.ordinary = ordinary
        self.special = special
        per_weight = 2 if build.mixing else 1
        self.offsets: dict[str, int] = {}
        offset = 2 if build.across else 0
        for name, _ in weights(build):
            self.offsets[name] = offset
            offset += per_weight
        for name in constants(build):
            self.offsets[f"+{name}"] = offset
            offset += 2
        self.numbers = offset
        self.linear = dict(weights(build))

    def _read(self, rows: Rows, index: ir.Value, offset: int) -> Vector:
        return rows.load(index, offset=offset) if self.build.across else rows.spread(index, offset=offset)

    def twist(self, slot: ir.Value) -> Complex:
        """exp(-2 pi i l k / N) for the lanes l of a slot."""
        index = self._index(slot)
        return self._read(self.ordinary, index, 0), self._read(self.ordinary, index, 1)

    def _index(self, slot: ir.Value) -> ir.Value:
        return self.ordinary.builder.mul(slot, ir.Constant(slot.type, self.numbers))

    def weight(self, slot: ir.Value | None, name: str) -> Weight:
        """A weight of a slot; None is slot 0, which also holds the highest wavenumber."""
        if slot is None:
            start = 4 * list(self.linear).index(name)
            zero = ir.IntType(64)(0)
            return Weight("matrix", [self._read(self.special, zero, start + i) for i in range(4)])
        index, offset = self._index(slot), self.offsets[name]
        if self.build.mixing:
            return Weight("complex", [self._read(self.ordinary, index, offset + i) for i in range(2)])
        return Weight(
            "real" if self.linear[name] else "imaginary", [self._read(self.ordinary, index, offset)]
        )

    def constant(self, slot: ir.Value | None, name: str) -> Complex:
        """A constant of a slot."""
        index = ir.IntType(64)(0) if slot is None else self._index(slot)
        offset = self.offsets[f"+{name}"]
        return self._read(self.ordinary, index, offset), self._read(self.ordinary, index, offset + 1)


def update(stage: int, s: Complex, memory: Memory, tables: Tables, *, slot: ir.Value | None) -> Complex:
    """What follows the transform of a power at one slot: the spectrum whose values are wanted next."""
    build = tables.build

    def weight(name: str) -> Weight:
        return tables.weight(slot, name)

    def forced(z: Complex, name: str) -> Complex:
        if not build.forced:
            return z
        constant = tables.constant(slot, name)
        return z[0] + constant[0], z[1] + constant[1]

    if build.nonlinear:
        memory.put("s0", s)
        v = memory.get("v0")
        total = weight("linear0").of(v)
        if build.compensated:
            carry = memory.get("carry")
            kept = weight("linear0").onto(carry, carry)
            total = total[0] + kept[0], total[1] + kept[1]
        for i in range(1, build.linear):
            total = weight(f"linear{i}").onto(total, memory.get(f"v{i}"))
        for j in range(build.nonlinear - 1, 0, -1):
            total = weight(f"nonlinear{j}").onto(total, memory.get(f"s{j}"))
        total = weight("nonlinear0").onto(forced(total, "constant"), s)
        if build.compensated:
            increment, total = total, (v[0] + total[0], v[1] + total[1])
            memory.put("carry", (increment[0] - (total[0] - v[0]), increment[1] - (total[1] - v[1])))
        memory.put("new", total)
        return total
    if stage == 0:
        v = memory.get("v")
        half, full = weight("half").of(v), weight("full").of(v)
        memory.put("third", forced(weight("a31").onto(half, s), "third"))
        memory.put("fourth", forced(weight("a41").onto(full, s), "fourth"))
        memory.put("total", forced(weight("b1").onto(full, s), "total"))
        return forced(weight("a21").onto(half, s), "second")
    if stage == 1:
        memory.put("total", weight("b2").onto(memory.get("total"), s))
        return weight("a32").onto(memory.get("third"), s)
    if stage == 2:
        memory.put("total", weight("b2").onto(memory.get("total"), s))
        return weight("a43").onto(memory.get("fourth"), s)
    value = weight("b4").onto(memory.get("total"), s)
    memory.put("v", value)
    return value


# between rows and slots ----------------------------------------------------------------------------------


def forward(z: list[Complex], slots: list[ir.Value | None], tables: Tables) -> list[Complex]:
    """From wavenumbers of the rows, in registers, to slots; across the lanes where that is the build.

    A slot of None is slot 0, whose two values are the partial sums that `real_forward` leaves.
    """
    out = []
    for value, slot in zip(z, slots, strict=True):
        if tables.build.across:
            done = pair_forward(value) if slot is None else lanes_forward(multiply(value, tables.twist(slot)))
        else:
            done = (value[0] + value[1], value[0] - value[1]) if slot is None else value
        out.append(done)
    return out


def inverse(z: list[Complex], slots: list[ir.Value | None], tables: Tables) -> list[Complex]:
    """The way back from `forward`."""
    out = []
    for value, slot in zip(z, slots, strict=True):
        if tables.build.across:
            done = (
                pair_inverse(value)
                if slot is None
                else conjugate_multiply(lanes_inverse(value), tables.twist(slot))
            )
        else:
            done = (value[0] + value[1], value[0] - value[1]) if slot is None else value
        out.append(done)
    return out
