"""Fourier transforms of lists, as plain recursions over anything that adds and multiplies.

On numbers or arrays they compute; on `vectors.Vector` they emit straight-line code. A complex value is a pair
(real, imaginary). Everything is the split radix of Duhamel & Hollmann (1984), doi:10.1049/el:19840012: a
real transform of N points falls into a real one of N/2 points (the even wavenumbers) and a complex one of
N/4 points (the wavenumbers 1, 5, 9, ..., which stand for the odd ones, a real signal's others being their
conjugates), so that no step is spent on packing. A factor of 3 or 5 has no divisor in common with the rest
and is split off without twiddles (Good 1958), doi:10.1111/j.2517-6161.1958.tb00300.x. Nothing is brought
into order: the inverse undoes the forward transform's order, and who multiplies by a function of the
wavenumber permutes that function instead.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = [
    "complex_forward",
    "complex_inverse",
    "conjugate_multiply",
    "multiply",
    "odd_factor",
    "order",
    "real_forward",
    "real_inverse",
    "real_order",
]

Complex = tuple[Any, Any]

_FIFTHS = (
    math.cos(2 * math.pi / 5),
    math.cos(4 * math.pi / 5),
    math.sin(2 * math.pi / 5),
    math.sin(4 * math.pi / 5),
)
COSINES = {3: (1.0, -0.5, -0.5), 5: (1.0, _FIFTHS[0], _FIFTHS[1], _FIFTHS[1], _FIFTHS[0])}
"""Of 0, 1, 2, ... thirds or fifths of a turn."""
SINES = {
    3: (0.0, math.sqrt(0.75), -math.sqrt(0.75)),
    5: (0.0, _FIFTHS[2], _FIFTHS[3], -_FIFTHS[3], -_FIFTHS[2]),
}


def odd_factor(points: int) -> int:
    """The largest odd divisor; the transforms take 1, 3 or 5."""
    return points // (points & -points)


def order(points: int) -> list[int]:
    """The wavenumbers in the order in which `complex_forward` leaves them."""
    if (odd := odd_factor(points)) > 1:
        return [_common(k, points // odd, j, odd) for k in order(points // odd) for j in range(odd)]
    if points == 1:
        return [0]
    if points == 2:
        return [0, 1]
    quarter = order(points // 4)
    return [2 * k for k in order(points // 2)] + [4 * k + 1 for k in quarter] + [4 * k + 3 for k in quarter]


def real_order(points: int) -> list[int]:
    """The wavenumbers that `real_forward` leaves, modulo the points; the first pair is 0 and points/2."""
    if (odd := odd_factor(points)) > 1:
        even = points // odd
        first = [_common(k, even, j, odd) for j in range(1, odd // 2 + 1) for k in (0, even // 2)]
        return [0, *first, *(_common(k, even, j, odd) for k in real_order(even)[1:] for j in range(odd))]
    if points == 2:
        return [0]
    return [2 * k for k in real_order(points // 2)] + [4 * k + 1 for k in order(points // 4)]


def _common(k: int, points: int, j: int, odd: int) -> int:
    """The number below points * odd that is k modulo points and j modulo odd."""
    return next(n for n in range(k, points * odd, points) if n % odd == j)


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


def _folded(x: list[Any]) -> tuple[Any, list[Any], list[Any]]:
    """x[0], the sums x[j] + x[-j] and the differences x[j] - x[-j] of an odd number of values."""
    half = range(1, len(x) // 2 + 1)
    return x[0], [x[j] + x[-j] for j in half], [x[j] - x[-j] for j in half]


def _total(x: list[Any]) -> Any:
    return sum(x[1:], x[0])


def _waves(first: Any, even: list[Any], odd: list[Any]) -> tuple[list[Any], list[Any]]:
    """first + sum_j even_j cos(2 pi j k / n) and sum_j odd_j sin(2 pi j k / n), for n = 3 or 5.

    j and k run from 1 to (n - 1) / 2.
    """
    half = range(1, len(even) + 1)
    points = 2 * len(even) + 1
    cosines, sines = [], []
    for k in half:
        turns = [j * k % points for j in half]
        cosines.append(_total([first, *(e * COSINES[points][t] for e, t in zip(even, turns, strict=True))]))
        sines.append(_total([o * SINES[points][t] for o, t in zip(odd, turns, strict=True)]))
    return cosines, sines


def _odd_forward(z: list[Complex]) -> list[Complex]:
    """`complex_forward` of 3 or 5 points, in the order of the wavenumbers."""
    (a, even_a, odd_a), (b, even_b, odd_b) = (_folded([v[i] for v in z]) for i in (0, 1))
    zero = _total([a, *even_a]), _total([b, *even_b])
    cosines_a, sines_a = _waves(a, even_a, odd_a)
    cosines_b, sines_b = _waves(b, even_b, odd_b)
    low = [(c + t, d - s) for c, s, d, t in zip(cosines_a, sines_a, cosines_b, sines_b, strict=True)]
    high = [(c - t, d + s) for c, s, d, t in zip(cosines_a, sines_a, cosines_b, sines_b, strict=True)]
    return [zero, *low, *reversed(high)]


def _odd_inverse(z: list[Complex]) -> list[Complex]:
    """3 or 5 times the inverse of `_odd_forward`."""
    first, *rest = _odd_forward(z)
    return [first, *reversed(rest)]


def _odd_real_forward(x: list[Any]) -> tuple[Any, list[Complex]]:
    """Wavenumber 0, and 1 to half of 3 or 5, of as many reals."""
    first, even, odd = _folded(x)
    cosines, sines = _waves(first, even, odd)
    return _total([first, *even]), [(c, -s) for c, s in zip(cosines, sines, strict=True)]


def _odd_real_inverse(first: Any, doubled: list[Complex]) -> list[Any]:
    """3 or 5 times the reals, from wavenumber 0 and twice the others."""
    real, imaginary = [z[0] for z in doubled], [z[1] for z in doubled]
    cosines, sines = _waves(first, real, imaginary)
    low = [c - s for c, s in zip(cosines, sines, strict=True)]
    high = [c + s for c, s in zip(cosines, sines, strict=True)]
    return [_total([first, *real]), *low, *reversed(high)]


def _strands(points: int) -> list[list[int]]:
    """The indices of the shorter transforms, as many as the odd factor, that a transform falls into."""
    odd = odd_factor(points)
    even = points // odd
    return [[(odd * n + even * strand) % points for n in range(even)] for strand in range(odd)]


def _woven(strands: list[list[Any]]) -> list[Any]:
    """The values in their order again."""
    points = len(strands) * len(strands[0])
    out: list[Any] = [None] * points
    for indices, values in zip(_strands(points), strands, strict=True):
        for n, value in zip(indices, values, strict=True):
            out[n] = value
    return out


def complex_forward(z: list[Complex]) -> list[Complex]:
    """sum_n z[n] exp(-2 pi i k n / N), wavenumbers k in the order of `order(N)`."""
    points = len(z)
    if odd_factor(points) > 1:
        strands = [complex_forward([z[n] for n in strand]) for strand in _strands(points)]
        return [v for same in zip(*strands, strict=True) for v in _odd_forward(list(same))]
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
    if (factor := odd_factor(points)) > 1:
        groups = [_odd_inverse(z[at : at + factor]) for at in range(0, points, factor)]
        return _woven([complex_inverse(list(strand)) for strand in zip(*groups, strict=True)])
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
    if odd_factor(len(x)) > 1:
        strands = [real_forward([x[n] for n in strand]) for strand in _strands(len(x))]
        sums, *rest = zip(*strands, strict=True)
        (even, evens), (odd, odds) = (_odd_real_forward([pair[i] for pair in sums]) for i in (0, 1))
        both = [z for a, b in zip(evens, odds, strict=True) for z in (_sum(a, b), _difference(a, b))]
        return [(even, odd), *both, *(v for same in rest for v in _odd_forward(list(same)))]
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
    if (factor := odd_factor(len(z))) > 1:
        doubled = [(_sum(a, b), _difference(a, b)) for a, b in zip(z[1:factor:2], z[2:factor:2], strict=True)]
        sums = [_odd_real_inverse(z[0][i], [pair[i] for pair in doubled]) for i in (0, 1)]
        groups = [_odd_inverse(z[at : at + factor]) for at in range(factor, len(z), factor)]
        strands = zip(zip(*sums, strict=True), *groups, strict=True)
        return _woven([real_inverse(list(strand)) for strand in strands])
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
