"""The vortices at the highest peaks of Q or Okubo-Weiss in a field, compiled."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled
from .circulation import around_circles, from_integrals, tried_radii, within
from .gradients import turning_of
from .peaks import highest, middle_of, nearest_of, peaks, round_off, spread
from .smoothing import gaussian_weights, smooth
from .splines import MARGIN, spline

__all__ = ["RINGS", "Sought", "seek", "sought"]

Array = NDArray[np.float64]
RINGS = (1.5, 2.5, 3.5, 4.5, 6.0, 8.0)
"""Radii, in cells, of the circles of circulation; as far as they reach no other peak, at least four."""
FEWEST = 4
LEAST, MOST = 0.8, 0.15
"""Of core radii: in cells, and in sides of the square."""


class Sought(NamedTuple):
    """What a search needs to know, for compiled code.

    Attributes:
        spacing: of cells.
        by_q: whether by Q, or else by Okubo-Weiss.
        threshold: in units of the criterion's standard deviation over the field.
        weights: see `gaussian_weights`.
        radii: (rings,) of the circles.
        tried, shapes: core radii, and what is `within` the circles.
    """

    spacing: float
    by_q: bool
    threshold: float
    weights: Array
    radii: Array
    tried: Array
    shapes: Array


@lru_cache
def sought(*, points: int, by_q: bool, threshold: float, smoothing: float) -> Sought:
    """For a square of so many points along each side."""
    spacing = 1 / points
    radii, tried = spacing * np.array(RINGS), tried_radii(LEAST * spacing, MOST)
    return Sought(
        spacing, by_q, float(threshold), gaussian_weights(smoothing), radii, tried, within(tried, radii)
    )


@compiled()
def seek(u: Array, v: Array, what: Sought, out: Array) -> int:
    """How many vortices were found in velocities (y, x), and into `out` (most, 5) how sure each is, its x, y,
    circulation and core radius; the surest first, and no more than there is room for.
    """
    spacing = what.spacing
    turning, places = np.empty_like(u), np.empty((u.size, 2), np.int64)
    if what.weights.size > 1:
        smooth_u, smooth_v = np.empty_like(u), np.empty_like(v)
        smooth(u, what.weights, smooth_u)
        smooth(v, what.weights, smooth_v)
        turning_of(smooth_u, smooth_v, spacing, what.by_q, turning)
    else:
        turning_of(u, v, spacing, what.by_q, turning)
    threshold = what.threshold * spread(turning)
    count = peaks(turning, threshold, round_off(u, v, spacing), places)
    chosen = np.empty(len(out), np.int64)
    found = highest(turning, places, count, chosen)
    if not found:
        return 0
    shape = (u.shape[0] + 2 * MARGIN, u.shape[1] + 2 * MARGIN)
    splines = np.empty(shape), np.empty(shape)
    spline(u, splines[0])
    spline(v, splines[1])
    integrals = np.empty(len(RINGS))
    for k in range(found):
        row, column = places[chosen[k]]
        y, x = middle_of(turning, row, column)
        nearest = nearest_of(places, count, chosen[k], spacing) / spacing
        # a circle beyond the edge is no circle, and one around another vortex is another's
        edge = min(x, y, u.shape[1] - 1 - x, u.shape[0] - 1 - y) + 0.5
        inside = 0
        for ring in RINGS:
            inside += ring <= min(edge, 0.6 * nearest)
        rings = max(FEWEST, inside)
        middle = (x + 0.5) * spacing, (y + 0.5) * spacing
        radii, own = what.radii[:rings], integrals[:rings]
        around_circles(splines[0], splines[1], middle, radii, spacing, own)
        circulation, radius = from_integrals(own, radii, what.tried, what.shapes[:, :rings], True)
        height = turning[row, column]
        out[k, 0], out[k, 1], out[k, 2] = height / (height + threshold), middle[0], middle[1]
        out[k, 3], out[k, 4] = circulation, radius
    return found


@compiled()
def seek_in_all(u: Array, v: Array, what: Sought, out: Array) -> None:
    """`seek` in each of some fields (samples, y, x), into `out` (samples, most, 5), zero where nothing is."""
    for sample in range(len(u)):
        out[sample, seek(u[sample], v[sample], what, out[sample]) :] = 0.0
