"""How the error of a long forecast depends on the weights of an exponential multistep scheme."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..solvers.methods.lane_exponential import run_multistep
from ..solvers.methods.lane_tables import MultistepTables

__all__ = ["Corrections", "Scheme", "resampled", "sensitivities"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scheme:
    """v_{n+1} = propagator v_n + i flux sum_j weights_j (u^2)^_{n-j} on a grid of `points`.

    Reflection symmetry makes propagator and weights real. `propagator`, `flux` and `wavenumbers` are
    (modes,), `weights` (delays, modes), for modes 0 to points/2.
    """

    points: int
    wavenumbers: Array
    propagator: Array
    weights: Array
    flux: Array

    @cached_property
    def tables(self) -> MultistepTables:
        """For the compiled kernel that the solvers run on, too."""
        return MultistepTables(self.propagator[None], 1j * self.flux * self.weights)

    def run(self, history: NDArray[Any], frames: int, *, every: int) -> NDArray[Any]:
        """(samples, frames, grid), `every` steps apart, from (samples, delays, grid), in its precision.

        Computes on `points` and answers on the history's grid.
        """
        grid = history.shape[2]
        inner = np.ascontiguousarray(resampled(history, self.points))
        out = run_multistep(inner, self.tables, steps_per_frame=every, frames=frames)
        return resampled(out, grid)


@dataclass(frozen=True, eq=False)
class Corrections:
    """Directions in which the weights may move: weights_j += sum_i coefficient_ji functions_i."""

    scheme: Scheme
    functions: Array
    """(functions, modes)"""

    @classmethod
    def smooth(cls, scheme: Scheme, *, functions: int, cutoff: float, data: Array) -> Corrections:
        """Chebyshev polynomials in k^2 on [0, cutoff], zero beyond it and at the ends of the spectrum.

        Modes that the data do not excite, relative to the largest, by more than round-off are left alone.
        """
        k = scheme.wavenumbers
        angle = np.arccos(np.clip(2 * (k / cutoff) ** 2 - 1, -1, 1))
        amplitude = np.sqrt((np.abs(scipy.fft.rfft(data)) ** 2).mean(axis=(0, 1)))
        kept = (k > 0) & (k < cutoff) & (amplitude > 1e-13 * amplitude.max())
        kept[-1] = False
        return cls(scheme, np.cos(np.arange(functions)[:, None] * angle) * kept)

    @property
    def count(self) -> int:
        """Unknowns."""
        return len(self.scheme.weights) * len(self.functions)

    def solve(self, factor: Array, *, ridge: float) -> Scheme:
        """The scheme with the least forecast error, from the triangular factor of `sensitivities`."""
        matrix, target = factor[:, :-1], factor[:, -1]
        size = np.sqrt((matrix**2).sum(axis=0))
        size[size == 0] = 1.0
        stacked = np.vstack([matrix / size, np.sqrt(ridge) * np.eye(self.count)])
        right = np.concatenate([target, np.zeros(self.count)])
        moved = np.linalg.lstsq(stacked, right, rcond=1e-15)[0] / size
        change = moved.reshape(len(self.scheme.weights), -1) @ self.functions
        return replace(self.scheme, weights=self.scheme.weights + change)


def sensitivities(
    scheme: Scheme,
    corrections: Corrections,
    windows: Array,
    *,
    checks: Sequence[int],
    advance: Callable[[int], object],
    batch: int = 8,
) -> Array:
    """Triangular factor R of the least-squares problem of forecast errors, (unknowns + 1, unknowns + 1).

    `windows` (windows, delays + steps, points) are true trajectories. At each step the scheme, applied to
    the truth, leaves a residual that is linear in the corrections; all residuals are carried on by the
    scheme's own tangent dynamics about the truth. At the steps in `checks` the rows

        error of the forecast = last column - the other columns times coefficients

    enter R by QR, so that nothing is squared and memory stays that of `batch` windows. `advance` is told of
    every batch that is done.
    """
    delays, modes = scheme.weights.shape
    unknowns = corrections.count
    factor = np.zeros((0, unknowns + 1))
    flux = 1j * scheme.flux
    for first in range(0, len(windows), batch):
        part = windows[first : first + batch]
        state = scipy.fft.rfft(part)
        square = flux * scipy.fft.rfft(part**2)
        error = np.zeros((len(part), unknowns + 1, modes), dtype=complex)
        carried = [np.zeros_like(error) for _ in range(delays)]
        for step in range(1, part.shape[1] - delays + 1):
            now = step + delays - 2
            if step > 1:
                product = part[:, None, now] * scipy.fft.irfft(error, n=scheme.points)
                carried = [2 * flux * scipy.fft.rfft(product), *carried[:-1]]
            error = scheme.propagator * error
            for weights, term in zip(scheme.weights, carried, strict=True):
                error += weights * term
            terms = square[:, [now - j for j in range(delays)]]
            features = terms[:, :, None] * corrections.functions
            error[:, :unknowns] += features.reshape(len(part), unknowns, modes)
            residual = state[:, now + 1] - scheme.propagator * state[:, now]
            residual -= (scheme.weights * terms).sum(axis=1)
            residual[:, [0, -1]] = 0.0
            error[:, unknowns] += residual
            if step in checks:
                rows = np.concatenate([error.real, error.imag], axis=2)
                rows = rows.transpose(0, 2, 1).reshape(-1, unknowns + 1)
                factor = np.asarray(np.linalg.qr(np.vstack([factor, rows]), mode="r"), dtype=np.float64)
        advance(len(part))
    return factor


def resampled(values: NDArray[Any], points: int) -> NDArray[Any]:
    """Fourier interpolation of (..., grid) to `points`; the Nyquist mode of the coarser grid is dropped."""
    grid = values.shape[-1]
    if grid == points:
        return values
    spectrum = scipy.fft.rfft(values)
    kept = min(grid, points) // 2
    other = np.zeros((*values.shape[:-1], points // 2 + 1), dtype=spectrum.dtype)
    other[..., :kept] = spectrum[..., :kept]
    return np.asarray(scipy.fft.irfft(other, n=points) * (points / grid)).astype(values.dtype, copy=False)
