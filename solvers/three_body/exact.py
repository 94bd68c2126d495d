"""Starts of three bodies of which the future is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries

__all__ = ["FIGURE_EIGHT_PERIOD", "binary", "figure_eight", "kepler", "lagrange"]

FIGURE_EIGHT_PERIOD = 6.32591398292621
"""After which the three bodies of `figure_eight` are where they were."""


def kepler(
    times: NDArray[np.float64], *, pull: float, eccentricity: float
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """q and dq/dt of q'' = -pull q / |q|^3, started at q = 1 with a velocity across: (times,) complex each.

    The start is where the distance is largest. Raises `ValueError` for an eccentricity that is not in [0, 1).
    """
    if not 0 <= eccentricity < 1:
        raise ValueError(f"eccentricity must lie in [0, 1), got {eccentricity}")
    size = 1 / (1 + eccentricity)
    rate = np.sqrt(pull / size**3)
    mean = rate * np.asarray(times) + np.pi
    angle = mean + eccentricity * np.sin(mean)
    for _ in range(50):
        angle = angle - (angle - eccentricity * np.sin(angle) - mean) / (1 - eccentricity * np.cos(angle))
    across = np.sqrt(1 - eccentricity**2)
    place = -size * (np.cos(angle) - eccentricity + 1j * across * np.sin(angle))
    speed = rate / (1 - eccentricity * np.cos(angle))
    return place, -size * speed * (-np.sin(angle) + 1j * across * np.cos(angle))


def lagrange(
    times: NDArray[np.float64],
    *,
    mass: tuple[float, float, float] = (1.0, 1.0, 1.0),
    side: float = 1.0,
    eccentricity: float = 0.0,
) -> dict[str, NDArray[np.float64]]:
    """The equilateral triangle that stays one, turning and breathing: x, y, vx, vy, each (times, 3).

    Every body runs on a Kepler ellipse about the barycentre. Unstable unless one mass is far larger than the
    others. Lagrange, Essai sur le probleme des trois corps (1772).
    """
    masses = np.array(mass)
    corners = side * np.exp(2j * np.pi * np.arange(3) / 3) / np.sqrt(3)
    corners = corners - (masses * corners).sum() / masses.sum()
    q, rate = kepler(times, pull=masses.sum() / side**3, eccentricity=eccentricity)
    return _named(np.multiply.outer(q, corners), np.multiply.outer(rate, corners))


def binary(
    times: NDArray[np.float64], *, separation: float = 1.0, eccentricity: float = 0.0, distance: float = 100.0
) -> dict[str, NDArray[np.float64]]:
    """Two bodies of masses 1 and 3 on their ellipse, a third without mass at rest far away: (times, 3) each.

    The barycentre of the two rests at the origin. With a third mass of 1e-6 the place of one relative to the
    other is right within 1e-12 t^2; the third's own fall is left out.
    """
    q, rate = kepler(times, pull=4 / separation**3, eccentricity=eccentricity)
    parts = separation * np.array([0.75, -0.25])
    place = np.concatenate([np.multiply.outer(q, parts), np.full((len(q), 1), distance)], axis=1)
    speed = np.concatenate([np.multiply.outer(rate, parts), np.zeros((len(q), 1))], axis=1)
    return _named(place, speed)


def figure_eight() -> Queries:
    """Three equal masses that chase each other along one eight, for ever: a query of one sample.

    Chenciner & Montgomery, Ann. Math. 152 (2000), doi:10.2307/2661357; the start is due to Simo.
    """
    first, last = 0.97000435669734 - 0.24308753153583j, -0.93240737144104 - 0.86473146092102j
    place, speed = np.array([[first, -first, 0]]), np.array([[-last / 2, -last / 2, last]])
    return {**_named(place, speed), "mass": np.ones((1, 3))}


def _named(place: NDArray[np.complex128], speed: NDArray[np.complex128]) -> dict[str, NDArray[np.float64]]:
    return {"x": place.real, "y": place.imag, "vx": speed.real, "vy": speed.imag}
