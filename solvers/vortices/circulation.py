"""Circulation and core radius of a vortex by integrals of the velocity around circles, compiled."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled
from .splines import MARGIN

__all__ = ["CANDIDATES", "around_circles", "from_integrals", "tried_radii", "within"]

Array = NDArray[np.float64]
ANGLES = 32
CANDIDATES = 48
"""Core radii that are tried."""
COSINES = np.cos(2 * np.pi * np.arange(ANGLES) / ANGLES)
SINES = np.sin(2 * np.pi * np.arange(ANGLES) / ANGLES)


@compiled(fastmath={"contract"})
def around_circles(
    u: Array, v: Array, middle: tuple[float, float], radii: Array, spacing: float, out: Array
) -> None:
    """Integrals of the velocity along circles about `middle` (x, y) into `out`, one for each radius.

    Uniform flow and strain contribute nothing, and a vortex outside only what its core brings in. `u` and
    `v` are coefficients (x, y) of cubic splines, see `spline`; places farther out than these are taken at
    their end.
    """
    x_first, y_first = middle[0] / spacing - 0.5 + MARGIN, middle[1] / spacing - 0.5 + MARGIN
    x_most, y_most = u.shape[0] - 2.000001, u.shape[1] - 2.000001
    for k in range(radii.size):
        radius, turned = radii[k] / spacing, 0.0
        for i in range(ANGLES):
            x = min(max(x_first + radius * COSINES[i], 1.0), x_most)
            y = min(max(y_first + radius * SINES[i], 1.0), y_most)
            column, row = int(x), int(y)
            across, along = _weights(x - column), _weights(y - row)
            along_x = along_y = 0.0
            for j in range(4):
                one, two = u[column - 1 + j], v[column - 1 + j]
                along_x += across[j] * (
                    along[0] * one[row - 1]
                    + along[1] * one[row]
                    + along[2] * one[row + 1]
                    + along[3] * one[row + 2]
                )
                along_y += across[j] * (
                    along[0] * two[row - 1]
                    + along[1] * two[row]
                    + along[2] * two[row + 1]
                    + along[3] * two[row + 2]
                )
            turned += along_y * COSINES[i] - along_x * SINES[i]
        out[k] = 2 * math.pi * radii[k] * turned / ANGLES


@compiled(inline="always")
def _weights(t: float) -> tuple[float, float, float, float]:
    """Of the four coefficients around a place that is t beyond the second."""
    s = 1 - t
    return s * s * s / 6, 2 / 3 - 0.5 * t * t * (1 + s), 2 / 3 - 0.5 * s * s * (1 + t), t * t * t / 6


@lru_cache
def tried_radii(least: float, most: float) -> Array:
    """(candidates,) core radii, evenly in the logarithm."""
    return np.asarray(np.geomspace(least, most, CANDIDATES))


def within(tried: Array, radii: Array) -> Array:
    """(candidates, radii) how much of its circulation a vortex of each core radius has within each circle."""
    return np.asarray(-np.expm1(-((radii / tried[:, None]) ** 2)))


@compiled()
def from_integrals(
    integrals: Array, radii: Array, tried: Array, shapes: Array, shear: bool
) -> tuple[float, float]:
    """Circulation and core radius, among `tried` and between them, that fit integrals over circles best.

    An integral over a circle is circulation (1 - exp(-r^2 / radius^2)) and, with `shear`, what a flow that
    turns everywhere alike adds, in proportion to r^2. Both are linear; the core radius is the best of a few,
    refined by a parabola. `shapes` are those `within` the circles.
    """
    # the noise of an integral grows like the root of its length, and what the model leaves out grows more
    weights = 1 / radii
    targets, shares = weights * integrals, weights * (radii / radii[-1]) ** 2
    if not shear or radii.size < 4:
        shares[:] = 0.0
    found, wrong = np.empty(tried.size), np.empty(tried.size)
    best = 0
    for k in range(tried.size):
        found[k], wrong[k] = _linear(shapes[k], weights, shares, targets)
        best = k if wrong[k] < wrong[best] else best
    if not 0 < best < tried.size - 1:
        return found[best], tried[best]
    before, here, after = wrong[best - 1], wrong[best], wrong[best + 1]
    bend = before - 2 * here + after
    shift = min(max(0.5 * (before - after) / bend, -0.5), 0.5) if bend > 0 else 0.0
    radius = tried[best] * (tried[1] / tried[0]) ** shift
    own = np.empty(radii.size)
    for i in range(radii.size):
        own[i] = -math.expm1(-((radii[i] / radius) ** 2))
    return _linear(own, weights, shares, targets)[0], radius


@compiled(inline="always")
def _linear(shapes: Array, weights: Array, shares: Array, targets: Array) -> tuple[float, float]:
    """Of a core radius the circulation that fits best, and the squares that are left."""
    own = mixed = other = first = second = 0.0
    for i in range(shapes.size):
        shape, share = shapes[i] * weights[i], shares[i]
        own += shape * shape
        mixed += shape * share
        other += share * share
        first += shape * targets[i]
        second += share * targets[i]
    least = 1e-12 * (own + other)
    own, other = own + least, other + least
    inverse = 1 / (own * other - mixed * mixed)
    circulation, turning = (
        (other * first - mixed * second) * inverse,
        (own * second - mixed * first) * inverse,
    )
    wrong = 0.0
    for i in range(shapes.size):
        wrong += (circulation * shapes[i] * weights[i] + turning * shares[i] - targets[i]) ** 2
    return circulation, wrong
