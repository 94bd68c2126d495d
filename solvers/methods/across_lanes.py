"""The last part of a Fourier transform along one trajectory: across the lanes of a row, in registers.

With N points in rows of W lanes (point n = W m + l), a transform along the rows leaves, for each wavenumber
of the rows, W values in the lanes; a twist by exp(-2 pi i l k / N) and a transform of W points across the
lanes finish it. The lanes are left in bit-reversed order. Row pair 0, the partial sums over even and odd
rows, holds a real signal of 2 W points and is transformed as such, so that every wavenumber is held once:
holding conjugate pairs lets rounding errors make them differ, and the difference grows until the solution is
lost.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .butterflies import conjugate_multiply, multiply
from .vectors import Vector

__all__ = ["bit_reversed", "lanes_forward", "lanes_inverse", "pair_forward", "pair_inverse"]

Complex = tuple[Vector, Vector]
Array = NDArray[Any]


def bit_reversed(count: int) -> list[int]:
    """0 to count - 1 with the bits in reverse."""
    bits = count.bit_length() - 1
    return [int(f"{i:0{bits}b}"[::-1], 2) for i in range(count)]


def _signs(half: int, count: int) -> list[float]:
    return [-1.0 if i & half else 1.0 for i in range(count)]


def _partner(half: int, count: int) -> list[int]:
    return [i ^ half for i in range(count)]


def _turns(half: int, count: int) -> tuple[list[float], list[float]]:
    """exp(-i pi (l mod half) / half) in the upper half of each group of 2 half lanes, else 1."""
    angles = [math.pi * (i % half) / half if i & half else 0.0 for i in range(count)]
    return [math.cos(a) for a in angles], [-math.sin(a) for a in angles]


def _add_partner(z: Complex, half: int) -> Complex:
    """z[l] + z[l + half] in the lower lane of each pair and z[l] - z[l + half] in the upper."""
    partner, sign = _partner(half, z[0].count), z[0].constant(_signs(half, z[0].count))
    return z[0] * sign + z[0].shuffle(partner), z[1] * sign + z[1].shuffle(partner)


def _turn(z: Complex, half: int, *, forward: bool) -> Complex:
    """z times `_turns`, or their conjugates."""
    real, imaginary = z
    count = real.count
    if half == 1:
        return z
    if half == 2:  # only 1 and -i occur
        quarter = [i & 3 == 3 for i in range(count)]
        swap = [i + count if q else i for i, q in enumerate(quarter)]
        if forward:
            return real.shuffle(swap, imaginary), imaginary.shuffle(swap, -real)
        return real.shuffle(swap, -imaginary), imaginary.shuffle(swap, real)
    cosine, sine = (real.constant(t) for t in _turns(half, count))
    return (multiply if forward else conjugate_multiply)(z, (cosine, sine))


def lanes_forward(z: Complex) -> Complex:
    """sum over lanes l of z[l] exp(-2 pi i k l / W), lane i holding k = bit_reversed(W)[i]."""
    half = z[0].count // 2
    while half:
        z = _turn(_add_partner(z, half), half, forward=True)
        half //= 2
    return z


def lanes_inverse(z: Complex) -> Complex:
    """W times the inverse of `lanes_forward`."""
    half = 1
    while half < z[0].count:
        z = _add_partner(_turn(z, half, forward=False), half)
        half *= 2
    return z


def _mirror(count: int) -> list[int]:
    """The lane that holds -k, for each lane."""
    order = bit_reversed(count)
    return [order.index(-k % count) for k in order]


def _halves(count: int) -> tuple[list[float], list[float]]:
    """Half the cosine and sine of 2 pi k / (2 W) in the order of the lanes."""
    angles = [math.pi * k / count for k in bit_reversed(count)]
    return [math.cos(a) / 2 for a in angles], [math.sin(a) / 2 for a in angles]


def pair_forward(pair: Complex) -> Complex:
    """The real transform of 2 W points, given as two rows: wavenumbers 0 to W - 1 in bit-reversed lanes.

    Wavenumbers 0 and W are real; they share lane 0.
    """
    first, second = pair
    count = first.count
    z = (
        first.shuffle(list(range(0, 2 * count, 2)), second),
        first.shuffle(list(range(1, 2 * count, 2)), second),
    )
    cosine, sine = (np.array(t) for t in _halves(count))
    first_lane = np.arange(count) == 0
    # with a + ib in a lane and a' + ib' in its mirror: wavenumber k is the sum of the two's even part and
    # exp(-i pi k / W) times their odd part; lane 0 gets a + b and a - b
    alone = np.where(first_lane, 0.5, 0.0)
    tilted = np.where(first_lane, 0.5, sine)
    return _with_mirror(
        lanes_forward(z),
        (0.5 - sine, 0.5 + sine, cosine, cosine),
        (alone - cosine, alone + cosine, 0.5 - tilted, -0.5 - tilted),
    )


def pair_inverse(z: Complex) -> Complex:
    """The two rows back from `pair_forward`, W times, wavenumbers 0 and W counted twice."""
    count = z[0].count
    cosine, sine = (np.array(t) for t in _halves(count))
    first_lane = np.arange(count) == 0
    alone = np.where(first_lane, 0.5, 0.0)
    tilted = np.where(first_lane, 0.5, sine)
    turned = np.where(first_lane, -0.5, cosine)
    packed = lanes_inverse(
        _with_mirror(
            z,
            (0.5 - sine, 0.5 + sine, -turned, -turned),
            (alone + cosine, alone - cosine, 0.5 - tilted, -0.5 - tilted),
        )
    )
    woven = [i // 2 + count * (i % 2) for i in range(2 * count)]
    return packed[0].shuffle(woven[:count], packed[1]), packed[0].shuffle(woven[count:], packed[1])


def _with_mirror(z: Complex, real: tuple[Array, ...], imaginary: tuple[Array, ...]) -> Complex:
    """The lanes' a + ib and their mirror's a' + ib', each part a sum over (a, a', b, b') of these weights."""
    mirror = _mirror(z[0].count)
    parts = [z[0], z[1], z[0].shuffle(mirror), z[1].shuffle(mirror)]  # the mirror comes late: last
    out = []
    for weights in (real, imaginary):
        a, a_mirror, b, b_mirror = (z[0].constant(w.tolist()) for w in weights)
        out.append(parts[0] * a + parts[1] * b + parts[2] * a_mirror + parts[3] * b_mirror)
    return out[0], out[1]
