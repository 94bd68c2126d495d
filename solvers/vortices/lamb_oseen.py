"""The velocity of Lamb-Oseen vortices, and how it changes with place, circulation and core radius."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLUMNS", "background", "velocity", "velocity_and_slopes"]

Array = NDArray[np.float64]
COLUMNS = ("x", "y", "circulation", "radius")
"""Of a table of vortices, (vortices, 4)."""


def velocity(vortices: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """u and v of a table of vortices at places of one shape.

    Around each, v_theta = circulation / (2 pi r) (1 - exp(-r^2 / radius^2)): within its core it turns like a
    solid body, far away like a point vortex. Nothing cancels at its middle, where it rests.

    Reference: Lamb, Hydrodynamics, 6th edition (1932), section 334a; Saffman, Vortex Dynamics (1992),
    doi:10.1017/CBO9780511624063.
    """
    u, v = np.zeros_like(x), np.zeros_like(x)
    for x0, y0, circulation, radius in vortices:
        across, along = x - x0, y - y0
        turning = circulation * _swirl((across**2 + along**2) / radius**2) / (2 * np.pi * radius**2)
        u -= along * turning
        v += across * turning
    return u, v


def velocity_and_slopes(vortices: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """u and v one after the other, (2 places,), and their slopes, (2 places, 4 vortices): of each vortex by
    x, y, circulation and the logarithm of the radius.
    """
    places = len(x)
    values, slopes = np.zeros(2 * places), np.empty((4 * len(vortices), 2 * places))
    for k, (x0, y0, circulation, radius) in enumerate(vortices):
        across, along, unit = x - x0, y - y0, 1 / (2 * np.pi * radius**2)
        share = (across**2 + along**2) / radius**2
        decay = np.exp(-share)
        swirl = _swirl(share)
        small = share < 1e-4
        bend = np.where(small, 0.5 - share / 3, (swirl - decay) / np.where(small, 1.0, share))
        turning = circulation * unit * swirl
        # by the middle's place: the distance shrinks, so the swirl grows
        grows = 2 * circulation * unit / radius**2 * bend
        own = slopes[4 * k : 4 * k + 4]
        own[0, :places], own[0, places:] = -along * across * grows, across * across * grows - turning
        own[1, :places], own[1, places:] = turning - along * along * grows, across * along * grows
        own[2, :places], own[2, places:] = -along * unit * swirl, across * unit * swirl
        shrinks = -2 * circulation * unit * decay
        own[3, :places], own[3, places:] = -along * shrinks, across * shrinks
        values += circulation * own[2]
    return values, slopes.T


def background(x: Array, y: Array) -> Array:
    """(2 places, 6): uniform flow, shear and strain, all that is linear in the place; u first, then v."""
    linear = np.stack([np.ones_like(x), x - 0.5, y - 0.5], axis=1)
    nothing = np.zeros_like(linear)
    return np.block([[linear, nothing], [nothing, linear]])


def _swirl(share: Array) -> Array:
    """(1 - exp(-s)) / s, which is 1 at 0."""
    safe = np.maximum(share, 1e-300)
    return np.asarray(-np.expm1(-safe) / safe)
