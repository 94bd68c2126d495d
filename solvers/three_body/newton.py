"""Newton's equations of any number of bodies in a plane, a trajectory per lane; singular at collisions.

A state has the rows x, y of each body in turn, then vx, vy of each, then time. With a time transformation
the independent variable is s of dt = ds / U, with U the sum of m_i m_j / distance: steps in s shorten by
themselves when two bodies meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled
from ..methods.lanes import fill, fma, load, sqrt, store

__all__ = ["accelerations", "constants_of", "derivative", "floors", "imbalance", "states_of"]


@compiled()
def accelerations(y: Any, out: Any, row: Any, constants: Any, bodies: Any) -> Any:
    """Write ax, ay of all bodies to the rows of `out` from `row` on; returns U.

    y is (4 bodies + 1, 8), constants (bodies + 3, 8): see `constants_of`.
    """
    zero = fill(0.0, 8)
    for k in range(2 * bodies):
        store(out, row + k, zero)
    whole = zero
    soft = load(constants, bodies, 8)
    for i in range(bodies):
        xi, yi, mi = load(y, 2 * i, 8), load(y, 2 * i + 1, 8), load(constants, i, 8)
        ax, ay = load(out, row + 2 * i, 8), load(out, row + 2 * i + 1, 8)
        for j in range(i + 1, bodies):
            dx, dy, mj = load(y, 2 * j, 8) - xi, load(y, 2 * j + 1, 8) - yi, load(constants, j, 8)
            near = 1.0 / sqrt(fma(dx, dx, fma(dy, dy, soft)))
            pull = near * near * near
            whole = fma(mi * mj, near, whole)
            ax, ay = fma(mj * pull, dx, ax), fma(mj * pull, dy, ay)
            back = mi * pull
            store(out, row + 2 * j, load(out, row + 2 * j, 8) - back * dx)
            store(out, row + 2 * j + 1, load(out, row + 2 * j + 1, 8) - back * dy)
        store(out, row + 2 * i, ax)
        store(out, row + 2 * i + 1, ay)
    return whole


@compiled()
def derivative(y: Any, out: Any, row: Any, constants: Any, bodies: Any, transformed: Any) -> None:
    """Write dy/dt, or dy/ds, to the rows of `out` from `row` on."""
    rate = accelerations(y, out, row + 2 * bodies, constants, bodies)
    rate = 1.0 / rate if transformed else fill(1.0, 8)
    for k in range(2 * bodies):
        store(out, row + k, rate * load(y, 2 * bodies + k, 8))
        store(out, row + 2 * bodies + k, rate * load(out, row + 2 * bodies + k, 8))
    store(out, row + 4 * bodies, rate)


@compiled()
def imbalance(y: Any, constants: Any, lane: Any) -> float:
    """How far the energy of one lane's state is from the start's, in parts of the start's kinetic energy and
    potential.
    """
    bodies = constants.shape[0] - 3
    energy, potential = constants[bodies + 1, lane], 0.0
    for i in range(bodies):
        vx, vy = y[2 * bodies + 2 * i, lane], y[2 * bodies + 2 * i + 1, lane]
        energy += 0.5 * constants[i, lane] * (vx * vx + vy * vy)
        for j in range(i):
            dx, dy = y[2 * i, lane] - y[2 * j, lane], y[2 * i + 1, lane] - y[2 * j + 1, lane]
            distance = np.sqrt(dx * dx + dy * dy + constants[bodies, lane])
            potential += constants[i, lane] * constants[j, lane] / distance
    off = abs(energy - potential) / constants[bodies + 2, lane]
    return off if off < np.inf else np.inf


def states_of(x: NDArray[np.complex128], v: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(samples, 4 bodies + 1) at time 0 from complex positions and velocities, each (samples, bodies)."""
    both = np.ascontiguousarray(np.concatenate([x, v], axis=1, dtype=np.complex128))
    return np.concatenate([both.view(np.float64), np.zeros((len(x), 1))], axis=1)


def constants_of(
    x: NDArray[np.complex128], v: NDArray[np.complex128], mass: NDArray[np.float64], softening: float
) -> NDArray[np.float64]:
    """(samples, bodies + 3) masses, square of the softening length, less the energy, the sum of the kinetic
    energy and the potential.
    """
    kinetic = 0.5 * (mass * (v.real**2 + v.imag**2)).sum(axis=1)
    binding = -kinetic
    with np.errstate(divide="ignore"):
        for i in range(x.shape[1]):
            for j in range(i):
                distance = np.abs(x[:, i] - x[:, j])
                distance = np.hypot(distance, softening) if softening else distance
                binding += mass[:, i] * mass[:, j] / distance
    soft = np.full(len(mass), softening**2)
    return np.concatenate([mass, np.stack([soft, binding, binding + 2 * kinetic], axis=1)], axis=1)


def floors(x: NDArray[np.complex128], mass: NDArray[np.float64], softening: float) -> NDArray[np.float64]:
    """(samples, 2 bodies + 1) sizes of positions, velocities, time below which errors count as absolute."""
    samples, bodies = x.shape
    size = np.hypot(np.abs(x).max(axis=1), softening)
    whole = mass.sum(axis=1)
    found = np.empty((samples, 2 * bodies + 1))
    found[:, :bodies] = 0.3 * size[:, None]
    found[:, bodies : 2 * bodies] = 0.3 * np.sqrt(whole / size)[:, None]
    found[:, -1] = 0.1 * np.sqrt(size**3 / whole)
    return found
