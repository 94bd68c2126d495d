"""One motion of three bodies, followed in words of a given length."""

from __future__ import annotations

import math
import time as clock
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .series import (
    ENERGY_LANES,
    SCALE_LANES,
    STATE,
    empty_series,
    imbalance,
    most_orders,
    move,
    sample,
    step,
    workspace,
)
from .words import DIGIT_BITS, EXTRA, digits_of, whole_number

__all__ = ["Run", "Start", "follow"]

GUARD_BITS = 12
"""Of a word, below the tolerance of a step."""
ORDERS_PER_BIT = 0.44
"""The order of the series for each bit of the tolerance. log(2) / 2 = 0.35 would be best, did a step cost
just the square of its order."""
MOST_WHOLE = 8
"""Digits above 1 that are tried where fewer do not do."""
PATIENCE = 20
"""Times that a step is tried again with a smaller unit of s."""
MOST_IMBALANCE = 1e-3
"""Share of the energy's parts that a state may miss."""

Vector = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Start:
    """The exact initial state, in units (powers of two) in which G = 1 and the bodies are about 1 apart.

    Attributes:
        position, velocity, mass: of each body.
        length, time: the units.
    """

    position: tuple[Vector, ...]
    velocity: tuple[Vector, ...]
    mass: tuple[Fraction, ...]
    length: Fraction
    time: Fraction

    @classmethod
    def of(
        cls, position: NDArray[np.float64], velocity: NDArray[np.float64], mass: NDArray[np.float64]
    ) -> Start:
        """From positions and velocities (bodies, 2) and masses (bodies,), in the system's units."""
        size = max(float(np.hypot(*(position[i] - position[i - 1]))) for i in range(3))
        length = round(math.log2(size))
        # the unit of time, sqrt(length^3 / mass), must be a power of two
        whole = length + 2 * round((math.log2(mass.mean()) - length) / 2)
        time = (3 * length - whole) // 2

        def vectors(rows: NDArray[np.float64], unit: int) -> tuple[Vector, ...]:
            return tuple(
                (Fraction(x) / Fraction(2) ** unit, Fraction(y) / Fraction(2) ** unit) for x, y in rows
            )

        masses = tuple(Fraction(float(m)) / Fraction(2) ** whole for m in mass)
        units = Fraction(2) ** length, Fraction(2) ** time
        return cls(vectors(position, length), vectors(velocity, length - time), masses, *units)

    def in_units(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Times in the unit of time, which may be beyond all float64."""
        exponent = self.time.denominator.bit_length() - self.time.numerator.bit_length()
        with np.errstate(over="ignore"):  # then it is never reached
            return np.asarray(np.ldexp(times, exponent))

    def barycentre(self, vectors: tuple[Vector, ...]) -> NDArray[np.float64]:
        """(2,) mean of a vector of each body, weighted with the masses, rounded once."""
        return np.array(
            [
                float(sum(m * v[c] for m, v in zip(self.mass, vectors, strict=True)) / sum(self.mass))
                for c in (0, 1)
            ]
        )

    def regularised(self, bits: int) -> tuple[list[Fraction], Fraction]:
        """u and Q (see `series`), real parts before imaginary ones, and the energy without the barycentre's;
        to an absolute accuracy of about 2^-bits.
        """
        m, total = self.mass, sum(self.mass, Fraction(0))
        state, energy = [Fraction(0)] * (STATE - 1), Fraction(0)
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            (x, y), (vx, vy) = (
                (end[0] - begin[0], end[1] - begin[1])
                for begin, end in (
                    (self.position[i], self.position[j]),
                    (self.velocity[i], self.velocity[j]),
                )
            )
            distance = _root(x * x + y * y, bits)
            large = _root((distance + abs(x)) / 2, bits)
            small = y / (2 * large)
            ux, uy = (large, small) if x >= 0 else (abs(small), large if y >= 0 else -large)
            # of all momenta of the pairs that make up those of the bodies, the least
            qx, qy = vx / total, vy / total
            parts = ux, uy, 2 * (ux * qx + uy * qy), 2 * (ux * qy - uy * qx)
            state[k], state[3 + k], state[6 + k], state[9 + k] = parts
            energy += m[i] * m[j] * ((vx * vx + vy * vy) / (2 * total) - 1 / distance)
        return state, energy

    def physical(
        self, states: NDArray[np.float64], times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions and velocities (times, bodies, 2), in the system's units, of u and Q in rows."""
        u, q = states[:, :3] + 1j * states[:, 3:6], states[:, 6:9] + 1j * states[:, 9:]
        r = u**2
        with np.errstate(divide="ignore", invalid="ignore"):
            p = q * u / (2 * np.abs(u) ** 2)
        m = np.array([float(mass) for mass in self.mass])
        length, speed = float(self.length), float(self.length / self.time)
        place, drift = self.barycentre(self.position), self.barycentre(self.velocity)
        found = []
        for pair, whole, still in ((r, m.sum(), place), (p, 1.0, drift)):
            ahead, behind = np.roll(pair, -1, axis=1), np.roll(pair, -2, axis=1)
            z = (np.roll(m, -2) * ahead - np.roll(m, -1) * behind) / whole
            found.append(np.stack([z.real, z.imag], axis=-1) + still)
        with np.errstate(invalid="ignore"):
            found[0] += self.in_units(times)[:, None, None] * drift
        return found[0] * length, found[1] * speed


@dataclass(frozen=True)
class Run:
    """What came of following a motion.

    Attributes:
        position, velocity: (times, bodies, 2), NaN where it did not come to.
        known: how many times it came to.
        steps: taken.
        closest: the smallest distance of two bodies, in the system's unit of length.
        too_large: whether it ended early because a number did not fit into its word.
        whole: digits of the words above 1.
        state: u, Q and the time after the last step, in units of 2^-fraction bits.
    """

    position: NDArray[np.float64]
    velocity: NDArray[np.float64]
    known: int
    steps: int
    closest: float
    too_large: bool
    whole: int
    state: tuple[int, ...]


def _root(value: Fraction, bits: int) -> Fraction:
    """Square root, to an absolute accuracy of 2^-bits."""
    return Fraction(math.isqrt((value.numerator << (2 * bits)) // value.denominator), 1 << bits)


def _words(numbers: list[Fraction], below: int, digits: int) -> NDArray[np.float64]:
    """(digits, numbers), of which as many digits are below 1 as `below` says."""
    rows = [digits_of(round(number * (1 << DIGIT_BITS * below)), digits) for number in numbers]
    return np.array(rows).T


def _constants(mass: tuple[Fraction, ...], energy: Fraction) -> tuple[list[Fraction], list[Fraction]]:
    """What the energies E are made of, and what is multiplied by the unit of s; see `series`."""
    made_of, multiplied = [], []
    for k in range(3):
        others = mass[(k + 1) % 3] + mass[(k + 2) % 3]
        made_of += [others / (4 * mass[k]), -energy / math.prod(mass), -2 / mass[k]]
    multiplied += [m / 4 for m in (*mass, *mass)] + [m / 2 for m in mass]
    multiplied += [(sum(mass) - m) / 4 for m in mass] + [Fraction(1)]
    return made_of, multiplied


def follow(
    start: Start,
    times: NDArray[np.float64],
    *,
    bits: int,
    deadline: float,
    most_steps: int,
    whole: int = 1,
) -> Run:
    """The motion from the start through the times (times,), in words of so many bits below 1 or some more and
    of `whole` digits above, or as many as it takes.

    It ends early at the deadline (of `time.perf_counter`), after `most_steps`, where numbers grow out of all
    words, and where the state has lost its energy, so that it need not go through motions that mean nothing.
    """
    fraction = -(-bits // DIGIT_BITS)
    while True:
        try:
            run = _follow(start, times, fraction, whole, deadline, most_steps)
        except OverflowError:
            pass
        else:
            if not run.too_large or clock.perf_counter() >= deadline or whole >= MOST_WHOLE:
                return run
        whole += 1


def _follow(
    start: Start, times: NDArray[np.float64], fraction: int, whole: int, deadline: float, most_steps: int
) -> Run:
    """As `follow`, with so many digits below 1 and above; raises `OverflowError` where a start needs more."""
    digits = fraction + whole
    state, energy = start.regularised(DIGIT_BITS * fraction + 64)
    made_of, multiplied = _constants(start.mass, energy)
    constants = np.zeros((1, digits, ENERGY_LANES))
    constants[0, :, : len(made_of)] = _words(made_of, fraction, digits)
    scales = np.zeros((digits + EXTRA, SCALE_LANES))
    scales[:, : len(multiplied)] = _words(multiplied, fraction + EXTRA, digits + EXTRA)
    tolerance_bits = DIGIT_BITS * fraction - GUARD_BITS
    orders = min(math.ceil(ORDERS_PER_BIT * tolerance_bits), most_orders(digits))
    values = empty_series(orders, digits)
    values[0, :, : STATE - 1] = _words(state, fraction, digits)
    work, after = workspace(orders, digits), np.empty((digits, STATE))
    scaled_times = start.in_units(times)
    states = np.full((len(times), STATE - 1), np.nan)
    mass = np.array([float(m) for m in start.mass])
    unit, known, steps, closest, failures = _first_unit(start), 0, 0, np.inf, 0
    while known < len(times) and steps < most_steps and failures < PATIENCE:
        if clock.perf_counter() >= deadline:
            break
        length = step(values, work, constants, scales, fraction, unit, 2.0**-tolerance_bits)
        if length < 0 or move(values, length, after):
            unit, failures = unit / 8, PATIENCE if length == -2 else failures + 1
            continue
        known, nearest = sample(values, fraction, length, scaled_times, known, states)
        closest, steps, failures = min(closest, nearest), steps + 1, 0
        values[0, :, :STATE] = after
        if imbalance(values, fraction, mass, float(energy)) > MOST_IMBALANCE:
            break
        unit *= 2.0 if length == 1.0 else 1.4 * length
    position, velocity = start.physical(states, times)
    reached = tuple(whole_number(row) for row in values[0, :, :STATE].T)
    closest *= float(start.length)
    return Run(position, velocity, known, steps, closest, failures == PATIENCE, whole, reached)


def _first_unit(start: Start) -> float:
    """Of s: a small share of the shortest of the pairs' own times."""
    shortest, product = np.inf, 1.0
    for i, j in ((1, 2), (2, 0), (0, 1)):
        r = math.hypot(*(float(a - b) for a, b in zip(start.position[i], start.position[j], strict=True)))
        v = math.hypot(*(float(a - b) for a, b in zip(start.velocity[i], start.velocity[j], strict=True)))
        shortest = min(shortest, r / (v + math.sqrt(float(start.mass[i] + start.mass[j]) / r)))
        product *= r
    return shortest / product
