"""One pass of radix 8 of a long real transform, over anything that adds and multiplies; see `butterflies`."""

from __future__ import annotations

import math
from typing import Any

from .butterflies import Complex, conjugate_multiply, multiply

__all__ = ["eight_forward", "eight_inverse"]


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
    first = a[0] + b[0], a[1] + b[1]
    apart = a[0] - b[0], a[1] - b[1]
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
