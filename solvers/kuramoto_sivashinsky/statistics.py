"""What a long run is summed up in: the power spectrum and the energy budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..methods.fourier import derivative, wavenumbers
from .system import KuramotoSivashinsky

__all__ = ["EnergyBudget", "energy_budget", "power_spectrum"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnergyBudget:
    """Means over x, each of the shape of u without its last axis: d(energy)/dt = rate.

    Attributes:
        energy: <u^2> / 2.
        production: <u_x^2>, by the unstable second derivative.
        dissipation: <u_xx^2>, by the fourth.
        forcing: <u forcing>.
    """

    energy: Array
    production: Array
    dissipation: Array
    forcing: Array

    @property
    def rate(self) -> Array:
        """d(energy)/dt; the advection u u_x only moves energy between waves."""
        return self.production - self.dissipation + self.forcing


def energy_budget(u: Array, system: KuramotoSivashinsky) -> EnergyBudget:
    """The terms of the energy balance of u (..., points), on any grid."""
    slope = derivative(u, length=system.length)
    curvature = derivative(u, length=system.length, order=2)
    return EnergyBudget(
        energy=(u**2).mean(axis=-1) / 2,
        production=(slope**2).mean(axis=-1),
        dissipation=(curvature**2).mean(axis=-1),
        forcing=(u * system.forcing_values(u.shape[-1])).mean(axis=-1),
    )


def power_spectrum(u: Array, system: KuramotoSivashinsky) -> tuple[Array, Array]:
    """Wavenumbers and the mean power of each wave of u (..., points), both (points // 2 + 1,).

    The powers of all waves add up to <u^2>, the mean over x and every leading axis.
    """
    points = u.shape[-1]
    power = np.abs(scipy.fft.rfft(u) / points) ** 2
    power[..., 1:-1] *= 2  # each stands for a wave and its conjugate
    return wavenumbers(system.length, points), power.reshape(-1, points // 2 + 1).mean(axis=0)
