"""Fourier transforms of lists, as plain recursions over anything that adds and multiplies.

On numbers or arrays they compute; on `vectors.Vector` they emit straight-line code. A complex value is a pair
(real, imaginary). Everything is the split radix of Duhamel & Hollmann (1984), doi:10.1049/el:19840012: a
real transform of N points falls into a real one of N/2 points (the even wavenumbers) and a complex one of
N/4 points (the wavenumbers 1, 5, 9, ..., which stand for the odd ones, a real signal's others being their
conjugates), so that no step is spent on packing. Nothing is brought into order: the inverse undoes the
forward transform's order, and who multiplies by a function of the wavenumber permutes that function instead.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = [
    "complex_forward",
    "complex_inverse",
    "conjugate_multiply",
    "eight_forward",
    "eight_inverse",
    "multiply",
    "order",
    "real_forward",
    "real_inverse",
    "real_order",
]

Complex = tuple[Any, Any]


def order(points: int) -> list[int]:
    """The wavenumbers in the order in which `complex_forward` leaves them."""
    if points == 1:
        return [0]
    if points == 2:
        return [0, 1]
    quarter = order(points // 4)
    return [2 * k for k in order(points // 2)] + [4 * k + 1 for k in quarter] + [4 * k + 3 for k in quarter]


def real_order(points: int) -> list[int]:
    """The wavenumbers that `real_forward` leaves, modulo the points; the first pair is 0 and points/2."""
    if points == 2:
        return [0]
    return [2 * k for k in real_order(points // 2)] + [4 * k + 1 for k in order(points // 4)]


def multiply(z: Complex, factor: Complex) -> Complex:
    """The product of two complex values."""
    return z[0] * factor[0] - z[1] * factor[1], z[0] * factor[1] + z[1] * factor[0]


def conjugate_multiply(z: Complex, factor: Complex) -> Complex:
    """z times the conjugate of factor."""
    return z[0] * factor[0] + z[1] * factor[1], z[1] * factor[0] - z[0] * factor[1]


def rotate(z: Complex, turns: int, points: int) -> Complex:
    """z exp(-2 pi i turns / points), without products where the angle is a quarter turn."""
    turns %= points
    if turns == 0:
        return z
    if 4 * turns == points:
        return z[1], -z[0]
    if 2 * turns == points:
        return -z[0], -z[1]
    if 4 * turns == 3 * points:
        return -z[1], z[0]
    if 8 * turns % points == 0:  # an eighth: two sums and two products
        half = math.sqrt(0.5)
        if 8 * turns == points:
            return (z[0] + z[1]) * half, (z[1] - z[0]) * half
        if 8 * turns == 3 * points:
            return (z[1] - z[0]) * half, (z[0] + z[1]) * -half
        if 8 * turns == 5 * points:
            return (z[0] + z[1]) * -half, (z[0] - z[1]) * half
        return (z[0] - z[1]) * half, (z[0] + z[1]) * half
    angle = 2 * math.pi * turns / points
    return multiply(z, (math.cos(angle), -math.sin(angle)))


def _sum(a: Complex, b: Complex) -> Complex:
    return a[0] + b[0], a[1] + b[1]


def _difference(a: Complex, b: Complex) -> Complex:
    return a[0] - b[0], a[1] - b[1]


def complex_forward(z: list[Complex]) -> list[Complex]:
    """sum_n z[n] exp(-2 pi i k n / N), wavenumbers k in the order of `order(N)`."""
    points = len(z)
    if points == 1:
        return z
    if points == 2:
        return [_sum(*z), _difference(*z)]
    quarter = points // 4
    even = [_sum(z[n], z[n + 2 * quarter]) for n in range(2 * quarter)]
    ones, threes = [], []
    for n in range(quarter):
        a = _difference(z[n], z[n + 2 * quarter])
        b = _difference(z[n + quarter], z[n + 3 * quarter])
        ones.append(rotate((a[0] + b[1], a[1] - b[0]), n, points))
        threes.append(rotate((a[0] - b[1], a[1] + b[0]), 3 * n, points))
    return complex_forward(even) + complex_forward(ones) + complex_forward(threes)


def complex_inverse(z: list[Complex]) -> list[Complex]:
    """The sum over wavenumbers, given in the order of `order(N)`: N times the inverse of the forward."""
    points = len(z)
    if points == 1:
        return z
    if points == 2:
        return [_sum(*z), _difference(*z)]
    quarter = points // 4
    even = complex_inverse(z[: 2 * quarter])
    ones = complex_inverse(z[2 * quarter : 3 * quarter])
    threes = complex_inverse(z[3 * quarter :])
    out = list(even) + list(even)
    for n in range(quarter):
        a, b = rotate(ones[n], -n, points), rotate(threes[n], -3 * n, points)
        both, odd = _sum(a, b), _difference(a, b)
        out[n], out[n + 2 * quarter] = _sum(even[n], both), _difference(even[n], both)
        middle = even[n + quarter]
        out[n + quarter] = (middle[0] - odd[1], middle[1] + odd[0])
        out[n + 3 * quarter] = (middle[0] + odd[1], middle[1] - odd[0])
    return out


def real_forward(x: list[Any]) -> list[Complex]:
    """The transform of N >= 2 reals as N/2 pairs.

    The first pair is the two partial sums over even and over odd n, whose sum and difference are wavenumbers
    0 and N/2. Each other pair is a complex wavenumber, in the order of `real_order`.
    """
    if len(x) == 2:
        return [(x[0], x[1])]
    quarter = len(x) // 4
    half = [x[n] + x[n + 2 * quarter] for n in range(2 * quarter)]
    odd = [
        rotate((x[n] - x[n + 2 * quarter], x[n + 3 * quarter] - x[n + quarter]), n, len(x))
        for n in range(quarter)
    ]
    return real_forward(half) + complex_forward(odd)


def real_inverse(z: list[Complex]) -> list[Any]:
    """The way back from `real_forward`: N/2 times the reals."""
    if len(z) == 1:
        return [z[0][0], z[0][1]]
    quarter = len(z) // 2
    half = real_inverse(z[:quarter])
    odd = complex_inverse(z[quarter:])
    out = half + half
    for n in range(quarter):
        real, imaginary = rotate(odd[n], -n, 4 * quarter)
        out[n], out[n + 2 * quarter] = half[n] + real, half[n] - real
        middle = half[n + quarter]
        out[n + quarter], out[n + 3 * quarter] = middle - imaginary, middle + imaginary
    return out


def eight_forward(x: list[Any], turns: list[Complex]) -> list[Any]:
    """One pass of a long real transform over the eight points n, n + N/8, ..., for one n < N/8.

    `turns` are exp(-2 pi i n k / N) for k = 1, 2, 5. Returns two points of the real transform of N/4 points
    that is left, and one point each (real, imaginary) of three complex transforms of N/8 points; these give
    the wavenumbers 8k + 2, 8k + 1 and 8k + 5.
    """
    once, twice, five = turns
    s = [x[j] + x[j + 4] for j in range(4)]
    d = [x[j] - x[j + 4] for j in range(4)]
    half = math.sqrt(0.5)
    real, imaginary = (d[1] - d[3]) * half, (d[1] + d[3]) * half
    a = multiply((d[0] + real, -(d[2] + imaginary)), once)
    b = multiply((d[0] - real, imaginary - d[2]), five)
    c = multiply((s[0] - s[2], s[3] - s[1]), twice)
    return [s[0] + s[2], s[1] + s[3], *c, *a, *b]


def eight_inverse(y: list[Any], turns: list[Complex]) -> list[Any]:
    """The pass that undoes `eight_forward`; returns the eight points."""
    once, twice, five = turns
    c = conjugate_multiply((y[2], y[3]), twice)
    a = conjugate_multiply((y[4], y[5]), once)
    b = conjugate_multiply((y[6], y[7]), five)
    s = [y[0] + c[0], y[1] - c[1], y[0] - c[0], y[1] + c[1]]
    half = math.sqrt(0.5)
    first = _sum(a, b)
    apart = _difference(a, b)
    real, imaginary = (apart[0] - apart[1]) * half, (apart[0] + apart[1]) * half
    return [
        s[0] + first[0],
        s[1] + real,
        s[2] - first[1],
        s[3] - imaginary,
        s[0] - first[0],
        s[1] - real,
        s[2] + first[1],
        s[3] + imaginary,
    ]
