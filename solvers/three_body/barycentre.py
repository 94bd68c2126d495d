"""Into the frame in which the barycentre rests at the origin, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..methods.compiled import compiled

__all__ = ["centred", "moved_back"]


@compiled()
def centred(x: Any, y: Any, vx: Any, vy: Any, mass: Any, place: Any, speed: Any, centre: Any) -> None:
    """Write complex positions and velocities relative to the barycentre, (samples, bodies), and the
    barycentre's own, (samples, 2).
    """
    samples, bodies = mass.shape
    for i in range(samples):
        whole, at, moving = 0.0, 0.0 + 0.0j, 0.0 + 0.0j
        for b in range(bodies):
            whole += mass[i, b]
            at += mass[i, b] * (x[i, b] + 1j * y[i, b])
            moving += mass[i, b] * (vx[i, b] + 1j * vy[i, b])
        centre[i, 0], centre[i, 1] = at / whole, moving / whole
        for b in range(bodies):
            place[i, b] = x[i, b] + 1j * y[i, b] - centre[i, 0]
            speed[i, b] = vx[i, b] + 1j * vy[i, b] - centre[i, 1]


@compiled()
def moved_back(found: Any, centre: Any, times: Any, x: Any, y: Any, vx: Any, vy: Any, known: Any) -> None:
    """Write x, y, vx, vy, (samples, frames, bodies) each, and how many frames of each sample are known.

    `found` is (samples, frames, 4 bodies): x, y of each body in turn, then velocities. A frame is known where
    all of it is finite, and so are those before; after that all is NaN.
    """
    samples, frames, columns = found.shape
    bodies = columns // 4
    for i in range(samples):
        fine = True
        known[i] = frames
        for f in range(frames):
            if fine:
                for c in range(columns):
                    fine = fine and np.isfinite(found[i, f, c])
                if not fine:
                    known[i] = f
            at = centre[i, 0] + centre[i, 1] * times[f]
            for b in range(bodies):
                x[i, f, b] = found[i, f, 2 * b] + at.real if fine else np.nan
                y[i, f, b] = found[i, f, 2 * b + 1] + at.imag if fine else np.nan
                vx[i, f, b] = found[i, f, 2 * (bodies + b)] + centre[i, 1].real if fine else np.nan
                vy[i, f, b] = found[i, f, 2 * (bodies + b) + 1] + centre[i, 1].imag if fine else np.nan
