"""Compiled steps of jets through an activation and back: each number is read and written once.

Arrays are (neurons, streams, points): a value, then for each direction its derivatives of order 1, 2, ...
What is dear of the activation, an exponential or a tanh, is computed before and comes in as an array or two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..solvers.methods.compiled import compiled

__all__ = ["KINDS", "back", "through"]

KINDS = {"tanh": 0, "gelu": 1, "silu": 2, "sine": 3}
"""Of activations: what `one` and `two` are is tanh; the normal distribution and its density; the logistic
function; sine and cosine."""
BLOCK = 256
"""Points at a time, whose derivatives of the activation stay in the first cache."""


@compiled(inline="always")
def _slopes(kind: Any, x: Any, one: Any, two: Any, f: Any, count: Any, points: Any) -> None:
    """The activation's value and derivatives, as many as are counted, (count, points), into f."""
    # whatever is decided within a loop would keep it from running on all lanes at once
    if kind == 0:
        for b in range(points):
            p = one[b]
            s = 1.0 - p * p
            f[0, b], f[1, b], f[2, b] = p, s, -2.0 * p * s
        if count > 3:
            for b in range(points):
                f[3, b] = f[1, b] * (6.0 * one[b] * one[b] - 2.0)
        if count > 4:
            for b in range(points):
                p = one[b]
                f[4, b] = p * f[1, b] * (16.0 - 24.0 * p * p)
        if count > 5:
            for b in range(points):
                p, s = one[b], f[1, b]
                f[5, b] = s * (16.0 - 120.0 * p * p * s)
    elif kind == 1:
        for b in range(points):
            v, p, q = x[b], one[b], two[b]
            f[0, b], f[1, b], f[2, b] = v * p, p + v * q, q * (2.0 - v * v)
        if count > 3:
            for b in range(points):
                v, q = x[b], two[b]
                f[3, b] = q * v * (v * v - 4.0)
        if count > 4:
            for b in range(points):
                square = x[b] * x[b]
                f[4, b] = two[b] * ((7.0 - square) * square - 4.0)
        if count > 5:
            for b in range(points):
                v = x[b]
                square = v * v
                f[5, b] = two[b] * v * ((square - 11.0) * square + 18.0)
    elif kind == 2:
        for b in range(points):
            v, p = x[b], one[b]
            a = p * (1.0 - p)
            f[0, b], f[1, b], f[2, b] = v * p, v * a + p, v * a * (1.0 - 2.0 * p) + 2.0 * a
        if count > 3:
            for b in range(points):
                p = one[b]
                a = p * (1.0 - p)
                f[3, b] = x[b] * a * (1.0 - 6.0 * a) + 3.0 * a * (1.0 - 2.0 * p)
        if count > 4:
            for b in range(points):
                p = one[b]
                a = p * (1.0 - p)
                f[4, b] = a * (x[b] * (1.0 - 2.0 * p) * (1.0 - 12.0 * a) + 4.0 * (1.0 - 6.0 * a))
        if count > 5:
            for b in range(points):
                p = one[b]
                a = p * (1.0 - p)
                odd = 5.0 * (1.0 - 2.0 * p) * (1.0 - 12.0 * a)
                f[5, b] = a * (x[b] * (1.0 + a * (120.0 * a - 30.0)) + odd)
    else:
        for b in range(points):
            f[0, b], f[1, b], f[2, b] = one[b], two[b], -one[b]
        if count > 3:
            for b in range(points):
                f[3, b] = -two[b]
        if count > 4:
            for b in range(points):
                f[4, b] = one[b]
        if count > 5:
            for b in range(points):
                f[5, b] = two[b]


@compiled()
def through(kind: Any, z: Any, one: Any, two: Any, orders: Any, out: Any) -> None:
    """The streams of the activation of z into `out`.

    Args:
        kind: see `KINDS`.
        z, out: (neurons, streams, points).
        one, two: (neurons, points), see `KINDS`.
        orders: (directions,) highest derivative along each, at most 4.
    """
    neurons, _, points = z.shape
    highest = 0
    for order in orders:
        highest = max(highest, order)
    f = np.empty((6, BLOCK), dtype=z.dtype)
    for k in range(neurons):
        for start in range(0, points, BLOCK):
            stop = min(start + BLOCK, points)
            n = stop - start
            _slopes(kind, z[k, 0, start:stop], one[k, start:stop], two[k, start:stop], f, highest + 1, n)
            for b in range(n):
                out[k, 0, start + b] = f[0, b]
            first = 1
            for order in orders:
                if order > 0:
                    h1, o1 = z[k, first, start:stop], out[k, first, start:stop]
                    for b in range(n):
                        o1[b] = f[1, b] * h1[b]
                if order > 1:
                    h2, o2 = z[k, first + 1, start:stop], out[k, first + 1, start:stop]
                    for b in range(n):
                        o2[b] = f[1, b] * h2[b] + f[2, b] * h1[b] * h1[b]
                if order > 2:
                    h3, o3 = z[k, first + 2, start:stop], out[k, first + 2, start:stop]
                    for b in range(n):
                        h = h1[b]
                        o3[b] = f[1, b] * h3[b] + h * (3.0 * f[2, b] * h2[b] + f[3, b] * h * h)
                if order > 3:
                    h4, o4 = z[k, first + 3, start:stop], out[k, first + 3, start:stop]
                    for b in range(n):
                        h, g = h1[b], h2[b]
                        square = h * h
                        o4[b] = (
                            f[1, b] * h4[b]
                            + f[2, b] * (4.0 * h * h3[b] + 3.0 * g * g)
                            + square * (6.0 * f[3, b] * g + f[4, b] * square)
                        )
                first += order


@compiled()
def back(kind: Any, z: Any, one: Any, two: Any, orders: Any, gradient: Any, out: Any) -> None:
    """The gradient by z into `out`, from that by the streams of the activation of z; see `through`.

    The n-th derivative of f(h) depends on the m-th of h by n over m times the (n - m)-th derivative of f'(h).
    """
    neurons, _, points = z.shape
    highest = 0
    for order in orders:
        highest = max(highest, order)
    f = np.empty((6, BLOCK), dtype=z.dtype)
    for k in range(neurons):
        for start in range(0, points, BLOCK):
            stop = min(start + BLOCK, points)
            n = stop - start
            _slopes(kind, z[k, 0, start:stop], one[k, start:stop], two[k, start:stop], f, highest + 2, n)
            g0, o0 = gradient[k, 0, start:stop], out[k, 0, start:stop]
            for b in range(n):
                o0[b] = f[1, b] * g0[b]
            first = 1
            for order in orders:
                if order == 1:
                    h1, g1 = z[k, first, start:stop], gradient[k, first, start:stop]
                    o1 = out[k, first, start:stop]
                    for b in range(n):
                        o1[b] = f[1, b] * g1[b]
                        o0[b] += f[2, b] * h1[b] * g1[b]
                elif order > 1:
                    h1, h2 = z[k, first, start:stop], z[k, first + 1, start:stop]
                    g1, g2 = gradient[k, first, start:stop], gradient[k, first + 1, start:stop]
                    o1, o2 = out[k, first, start:stop], out[k, first + 1, start:stop]
                    for b in range(n):
                        h = h1[b]
                        one_on = f[2, b] * h
                        two_on = f[3, b] * h * h + f[2, b] * h2[b]
                        o0[b] += one_on * g1[b] + two_on * g2[b]
                        o1[b] = f[1, b] * g1[b] + 2.0 * one_on * g2[b]
                        o2[b] = f[1, b] * g2[b]
                    if order > 2:
                        h3, g3 = z[k, first + 2, start:stop], gradient[k, first + 2, start:stop]
                        o3 = out[k, first + 2, start:stop]
                        for b in range(n):
                            h, c = h1[b], h2[b]
                            one_on = f[2, b] * h
                            two_on = f[3, b] * h * h + f[2, b] * c
                            three_on = f[4, b] * h * h * h + 3.0 * f[3, b] * h * c + f[2, b] * h3[b]
                            o0[b] += three_on * g3[b]
                            o1[b] += 3.0 * two_on * g3[b]
                            o2[b] += 3.0 * one_on * g3[b]
                            o3[b] = f[1, b] * g3[b]
                    if order > 3:
                        h4, g4 = z[k, first + 3, start:stop], gradient[k, first + 3, start:stop]
                        o4 = out[k, first + 3, start:stop]
                        for b in range(n):
                            h, c, d = h1[b], h2[b], h3[b]
                            square = h * h
                            one_on = f[2, b] * h
                            two_on = f[3, b] * square + f[2, b] * c
                            three_on = f[4, b] * square * h + 3.0 * f[3, b] * h * c + f[2, b] * d
                            four_on = (
                                f[5, b] * square * square
                                + 6.0 * f[4, b] * square * c
                                + f[3, b] * (4.0 * h * d + 3.0 * c * c)
                                + f[2, b] * h4[b]
                            )
                            o0[b] += four_on * g4[b]
                            o1[b] += 4.0 * three_on * g4[b]
                            o2[b] += 6.0 * two_on * g4[b]
                            o3[b] += 4.0 * one_on * g4[b]
                            o4[b] = f[1, b] * g4[b]
                first += order
