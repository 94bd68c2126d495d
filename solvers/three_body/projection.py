"""States that do not have the energy and spin that they must have, moved to the nearest ones that do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries
from .system import PAIRS, ThreeBody

__all__ = ["restored"]

Array = NDArray[np.float64]


def restored(
    system: ThreeBody,
    values: Mapping[str, NDArray[Any]],
    queries: Queries,
    *,
    stiffness: float = 3.0,
    rounds: int = 30,
) -> dict[str, Array]:
    """`x`, `y`, `vx`, `vy`, (samples, times, 3) each, with the energy and angular momentum of their queries.

    Newton's method with two multipliers: each round moves a state along the gradients of both invariants to
    where, to first order, they are right. So the change is the least one, but for terms of second order, if
    that of a position counts `stiffness` times that of a velocity: positions are what is wanted, and known
    best. No position moves by more than half the distance between the two nearest bodies in a round; a state
    that cannot be mended in the given number of rounds keeps what is left of its error.

    Breen et al. (2020), doi:10.1093/mnras/staa713, section 3, restore the energy in this sense.
    """
    state = np.stack([np.asarray(values[name], dtype=np.float64) for name in ("x", "y", "vx", "vy")])
    mass = np.asarray(queries["mass"], dtype=np.float64)[:, None]
    start = system.invariants(
        {name: np.asarray(queries[name])[:, None] for name in ("x", "y", "vx", "vy")}, queries
    )
    # by mass: what moves is momentum that bodies exchange, and the barycentre stays where it is
    weight = np.array([stiffness**-2, stiffness**-2, 1.0, 1.0])[:, None, None, None] / mass
    with np.errstate(all="ignore"):
        for _ in range(rounds):
            energy, spin, slopes, nearest = _invariants(system, state, mass)
            missing = np.stack([start["energy"] - energy, start["angular_momentum"] - spin])
            done = (np.abs(missing[0]) <= 1e-14 * np.abs(start["energy"])) & (np.abs(missing[1]) <= 1e-14)
            if done.all():
                break
            aa, bb, ab = (
                (weight * slopes[i] * slopes[j]).sum(axis=(0, -1)) for i, j in ((0, 0), (1, 1), (0, 1))
            )
            # where the two gradients are parallel (all at rest), mend the energy alone
            both = aa * bb - ab * ab > 1e-12 * aa * bb
            determinant = np.where(both, aa * bb - ab * ab, 1.0)
            first = np.where(both, (bb * missing[0] - ab * missing[1]) / determinant, missing[0] / aa)
            second = np.where(both, (aa * missing[1] - ab * missing[0]) / determinant, 0.0)
            move = weight * (first[..., None] * slopes[0] + second[..., None] * slopes[1])
            farthest = np.abs(move[:2]).max(axis=(0, -1))
            move *= np.minimum(1.0, 0.5 * nearest / farthest)[..., None]
            state = np.where(np.isfinite(move) & ~done[..., None], state + move, state)
    return dict(zip(("x", "y", "vx", "vy"), state, strict=True))


def _invariants(
    system: ThreeBody, state: Array, mass: Array
) -> tuple[Array, Array, tuple[Array, Array], Array]:
    """Energy and angular momentum (samples, times), their gradients by the state, and the least distance."""
    x, y, vx, vy = state
    energy = 0.5 * (mass * (vx**2 + vy**2)).sum(axis=-1)
    spin = (mass * (x * vy - y * vx)).sum(axis=-1)
    by_energy = np.stack([np.zeros_like(x), np.zeros_like(y), mass * vx, mass * vy])
    by_spin = np.stack([mass * vy, -mass * vx, -mass * y, mass * x])
    nearest = np.full(energy.shape, np.inf)
    for i, j in PAIRS:
        dx, dy = x[..., i] - x[..., j], y[..., i] - y[..., j]
        distance = np.sqrt(dx**2 + dy**2 + system.softening**2)
        product = mass[..., i] * mass[..., j]
        energy = energy - product / distance
        nearest = np.minimum(nearest, distance)
        pull = product / distance**3
        by_energy[0, ..., i] += pull * dx
        by_energy[0, ..., j] -= pull * dx
        by_energy[1, ..., i] += pull * dy
        by_energy[1, ..., j] -= pull * dy
    return energy, spin, (by_energy, by_spin), nearest
