"""Circulation and core radius of a vortex by integrals of the velocity around circles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

__all__ = ["around_circles", "from_integrals"]

Array = NDArray[np.float64]
ANGLES = 32
CANDIDATES = 48
"""Core radii that are tried."""


def around_circles(u: Array, v: Array, *, middle: tuple[float, float], radii: Array, spacing: float) -> Array:
    """(radii,) integrals of the velocity along circles about `middle` (x, y), by cubic splines.

    Uniform flow and strain contribute nothing, and a vortex outside only what its core brings in.
    """
    angle = 2 * np.pi * np.arange(ANGLES) / ANGLES
    x = (middle[0] + np.outer(radii, np.cos(angle))) / spacing - 0.5
    y = (middle[1] + np.outer(radii, np.sin(angle))) / spacing - 0.5
    # only the cells around it are interpolated
    reach = 4
    low = np.maximum(np.floor([y.min(), x.min()]).astype(int) - reach, 0)
    high = np.ceil([y.max(), x.max()]).astype(int) + reach + 1
    part = slice(low[0], max(high[0], low[0] + 2)), slice(low[1], max(high[1], low[1] + 2))
    at = np.stack([y - low[0], x - low[1]])
    along = [map_coordinates(w[part], at, order=3, mode="nearest") for w in (u, v)]
    turned = along[1] * np.cos(angle) - along[0] * np.sin(angle)
    return np.asarray(2 * np.pi * radii * turned.mean(axis=1))


def from_integrals(
    integrals: Array, radii: Array, *, least: float, most: float, shear: bool = True
) -> tuple[float, float]:
    """Circulation and core radius, between `least` and `most`, that fit integrals over circles best.

    An integral over a circle is circulation (1 - exp(-r^2 / radius^2)) and, with `shear`, what a flow that
    turns everywhere alike adds, in proportion to r^2. Both are linear; the core radius is the best of a few,
    refined by a parabola.
    """
    tried = np.geomspace(least, most, CANDIDATES)
    found, wrong = _linear(tried, integrals, radii, shear=shear)
    best = int(wrong.argmin())
    if not 0 < best < CANDIDATES - 1:
        return float(found[best]), float(tried[best])
    before, here, after = wrong[best - 1 : best + 2]
    bend = before - 2 * here + after
    shift = float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend > 0 else 0.0
    radius = tried[best : best + 1] * (tried[1] / tried[0]) ** shift
    found, _ = _linear(radius, integrals, radii, shear=shear)
    return float(found[0]), float(radius[0])


def _linear(tried: Array, integrals: Array, radii: Array, *, shear: bool) -> tuple[Array, Array]:
    """Of each core radius the circulation that fits best, and the squares that are left."""
    shapes = -np.expm1(-((radii / tried[:, None]) ** 2))
    weights = 1 / radii  # the noise of an integral grows like the root of its length, the model's error more
    target = weights * integrals
    columns = [weights * shapes]
    if shear and len(radii) > 3:
        columns.append(np.broadcast_to(weights * (radii / radii.max()) ** 2, shapes.shape))
    matrix = np.stack(columns, axis=-1)
    normal = np.swapaxes(matrix, 1, 2) @ matrix
    normal += 1e-12 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(len(columns))
    found = np.linalg.solve(normal, (np.swapaxes(matrix, 1, 2) @ target)[..., None])[..., 0]
    wrong = ((np.einsum("kri,ki->kr", matrix, found) - target) ** 2).sum(axis=1)
    return np.asarray(found[:, 0], dtype=np.float64), wrong
