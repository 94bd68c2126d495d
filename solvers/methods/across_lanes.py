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

from .vectors import Vector

__all__ = ["bit_reversed", "lanes_forward", "lanes_inverse", "pair_forward", "pair_inverse"]

Complex = tuple[Vector, Vector]


def bit_reversed(count: int) -> list[int]:
    """0 to count - 1 with the bits in reverse."""
    bits = count.bit_length() - 1
    return [int(f"{i:0{bits}b}"[::-1], 2) for i in range(count)]


def _signs(half: int, count: int) -> list[float]:
    return [-1.0 if i & half else 1.0 for i in range(count)]


def _partner(half: int, count: int) -> list[int]:
    return [i ^ half for i in range(count)]


def _turns(half: int, count: int) -> tuple[list[float], list[float]]:
    angles = [math.pi * (i % half) / half if i & half else 0.0 for i in range(count)]
    return [math.cos(a) for a in angles], [-math.sin(a) for a in angles]


def lanes_forward(z: Complex) -> Complex:
    """sum over lanes l of z[l] exp(-2 pi i k l / W), lane i holding k = bit_reversed(W)[i]."""
    real, imaginary = z
    count = real.count
    half = count // 2
    while half:
        partner, sign = _partner(half, count), real.constant(_signs(half, count))
        real = real * sign + real.shuffle(partner)
        imaginary = imaginary * sign + imaginary.shuffle(partner)
        if half > 1:
            cosine, sine = (real.constant(t) for t in _turns(half, count))
            real, imaginary = real * cosine - imaginary * sine, imaginary * cosine + real * sine
        half //= 2
    return real, imaginary


def lanes_inverse(z: Complex) -> Complex:
    """W times the inverse of `lanes_forward`."""
    real, imaginary = z
    count = real.count
    half = 1
    while half < count:
        if half > 1:
            cosine, sine = (real.constant(t) for t in _turns(half, count))
            real, imaginary = real * cosine + imaginary * sine, imaginary * cosine - real * sine
        partner, sign = _partner(half, count), real.constant(_signs(half, count))
        real = real * sign + real.shuffle(partner)
        imaginary = imaginary * sign + imaginary.shuffle(partner)
        half *= 2
    return real, imaginary


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
    real, imaginary = lanes_forward(z)
    mirror = _mirror(count)
    other_real, other_imaginary = real.shuffle(mirror), imaginary.shuffle(mirror)
    cosine, sine = _halves(count)
    sums = real + other_real
    odd_real, odd_imaginary = imaginary + other_imaginary, other_real - real
    c, s = first.constant(cosine), first.constant(sine)
    s_first = first.constant([0.5, *sine[1:]])
    only_first = first.constant([0.5] + [0.0] * (count - 1))
    return (
        sums * 0.5 + odd_real * c + odd_imaginary * s,
        (imaginary - other_imaginary) * 0.5 + odd_imaginary * c - odd_real * s_first + sums * only_first,
    )


def pair_inverse(z: Complex) -> Complex:
    """The two rows back from `pair_forward`, W times, wavenumbers 0 and W counted twice."""
    real, imaginary = z
    count = real.count
    mirror = _mirror(count)
    other_real, other_imaginary = real.shuffle(mirror), imaginary.shuffle(mirror)
    cosine, sine = _halves(count)
    sums, differences = real + other_real, real - other_real
    odd = imaginary + other_imaginary
    c, s = real.constant(cosine), real.constant(sine)
    c_first = real.constant([-0.5, *cosine[1:]])
    s_first = real.constant([0.5, *sine[1:]])
    only_first = real.constant([0.5] + [0.0] * (count - 1))
    packed = lanes_inverse(
        (
            sums * 0.5 - odd * c_first - differences * s,
            (imaginary - other_imaginary) * 0.5 + differences * c - odd * s_first + sums * only_first,
        )
    )
    woven = [i // 2 + count * (i % 2) for i in range(2 * count)]
    return packed[0].shuffle(woven[:count], packed[1]), packed[0].shuffle(woven[count:], packed[1])
