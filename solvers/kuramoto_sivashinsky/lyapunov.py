"""The Lyapunov spectrum: how fast infinitesimal neighbours part, in every direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..contract import SolverError
from ..methods.exponential import krogstad
from ..methods.plain_spectral import Nonlinear, runge_kutta_step
from ..methods.spectral_schemes import Krogstad
from ..methods.spectral_system import spectral_operator
from .system import KuramotoSivashinsky

__all__ = ["LyapunovSpectrum", "kaplan_yorke_dimension", "lyapunov_spectrum"]


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum:
    """Lyapunov exponents per unit time, largest first.

    Attributes:
        exponents: (exponents,) means over the trajectories.
        standard_error: (exponents,) of those means, from the spread between trajectories.
        samples: trajectories.
        time: followed by each.
    """

    exponents: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    samples: int
    time: float

    @property
    def dimension(self) -> float:
        """The Kaplan-Yorke dimension; `SolverError` where too few exponents were computed."""
        return kaplan_yorke_dimension(self.exponents)


def kaplan_yorke_dimension(exponents: NDArray[np.float64]) -> float:
    """The dimension at which volumes neither grow nor shrink, from exponents in falling order.

    Raises `SolverError` where their sum is not negative: then more exponents are needed.
    Reference: Kaplan & Yorke, Lecture Notes in Mathematics 730 (1979), doi:10.1007/BFb0064319.
    """
    total = np.cumsum(exponents)
    if not total[-1] < 0:
        raise SolverError(
            f"{len(exponents)} exponents add up to {total[-1]:.3g}, but the Kaplan-Yorke dimension needs a "
            "negative sum; compute more exponents"
        )
    whole = int(np.argmax(total < 0))
    before = float(total[whole - 1]) if whole else 0.0
    return whole + before / abs(float(exponents[whole]))


def lyapunov_spectrum(
    system: KuramotoSivashinsky,
    *,
    exponents: int,
    time: float,
    samples: int = 4,
    seed: int = 0,
    step: float = 1 / 8,
    interval: float = 2.0,
    transient: float = 500.0,
) -> LyapunovSpectrum:
    """The largest Lyapunov exponents, by tangent dynamics and repeated QR decomposition.

    Perturbations are evolved with the linearised scheme beside their trajectory. A perturbation of the mean
    of u is among them, so of the exponents that the symmetries make zero there are three (shifts in time
    and in space, and a moving frame).

    Arguments:
        exponents: how many, at most the system's points.
        time: to follow each trajectory, after the transient. The error falls with its root.
        samples: trajectories, from random starts.
        seed: of those starts and of the first perturbations.
        step: of Krogstad's scheme.
        interval: between decompositions; 2 is short against the inverse of every exponent that matters.
        transient: left out at the start, for the trajectory and then half of it for the perturbations.

    Raises `SolverError` where the numbers make no sense or a trajectory diverges.
    Reference: Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15 (1980), doi:10.1007/BF02128236.
    """
    if not 1 <= exponents <= system.points:
        raise SolverError(f"exponents must be 1 to {system.points} (the points), got {exponents}")
    if samples < 1 or not time >= interval > 0 or not interval >= step > 0:
        raise SolverError("samples must be positive and step <= interval <= time")
    seeds = np.random.SeedSequence(seed).spawn(samples + 1)
    start = system.draw([np.random.default_rng(s) for s in seeds[1:]])
    relaxed = Krogstad(system, step=step)(start, np.array([max(transient, step)]))
    if not relaxed.solved.all():
        raise SolverError(f"a trajectory diverged: {relaxed.notes[0]}")
    operator = spectral_operator(system, system.points, dtype="float64", dealias="none")
    tangent, scheme = _Tangent(operator, "float64"), krogstad(operator.linear, step)
    values = np.empty((samples, 1 + exponents, system.points))
    values[:, 0] = relaxed.values["u"][:, 0]
    values[:, 1:] = np.random.default_rng(seeds[0]).standard_normal((samples, exponents, system.points))
    values[:, 1:], _ = _orthonormal(values[:, 1:])
    steps, settle, turns = round(interval / step), round(transient / 2 / interval), round(time / interval)
    growth = np.zeros((samples, exponents))
    for turn in range(settle + turns):
        spectrum = scipy.fft.rfft(values)
        for _ in range(steps):
            spectrum = runge_kutta_step(spectrum, scheme, tangent)
        values = scipy.fft.irfft(spectrum, n=system.points)
        values[:, 1:], stretch = _orthonormal(values[:, 1:])
        if turn >= settle:
            growth += np.log(stretch)
    rates = growth / (turns * steps * step)
    error = rates.std(axis=0, ddof=1) / np.sqrt(samples) if samples > 1 else np.full(exponents, np.nan)
    return LyapunovSpectrum(rates.mean(axis=0), error, samples, turns * steps * step)


def _orthonormal(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vectors (samples, vectors, points) made orthonormal in order, and what each was stretched by."""
    q, r = np.linalg.qr(vectors.swapaxes(1, 2))
    return q.swapaxes(1, 2), np.abs(np.diagonal(r, axis1=1, axis2=2))


class _Tangent(Nonlinear):
    """The nonlinear term of row 0, and for every other row its derivative at row 0 times that row."""

    def __call__(self, spectrum: NDArray[Any]) -> NDArray[Any]:
        """(samples, 1 + perturbations, modes) -> the same."""
        u = scipy.fft.irfft(spectrum, n=self.points)
        base = u[:, :1].copy()
        u[:, 1:] *= 2 * base
        u[:, :1] *= base
        result = scipy.fft.rfft(u) * self.factor
        if self.forcing is not None:
            result[:, 0] += self.forcing
        return np.asarray(result)
