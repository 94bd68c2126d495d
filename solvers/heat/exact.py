"""The exact solution of the equation of heat: each sine of the start decays by itself."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, Status, check_times
from ..methods.sine_polynomials import amplitudes, values_of
from .system import Heat

__all__ = ["SineSeries"]

EPSILON = 2 * np.finfo(np.float64).eps
"""Round-off of a transform, in parts of the largest number that goes in: twice what was found, or more."""


@dataclass(frozen=True)
class SineSeries(Solver):
    """u = sum of a_k exp(-diffusivity (k pi / length)^2 t) sin(k pi x / length), of the sines that the grid
    holds: exact but for round-off, at any time, and as cheap as two discrete sine transforms.

    The estimate is a bound of that round-off, relative to the largest value at the last time. It is large
    where nearly all of the start has decayed: slow waves that a start should not hold are there as round-off,
    and are what is left. Where all has become zero it is zero, too.

    Carslaw & Jaeger, Conduction of Heat in Solids (1959), 3.3.
    """

    system: Heat

    @property
    def label(self) -> str:
        """`Sine series`."""
        return "Sine series"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        start = np.asarray(queries["u"], dtype=np.float64)
        diffusivity = np.asarray(queries["diffusivity"], dtype=np.float64)
        squares = (np.pi / self.system.length * np.arange(1, self.system.points - 1)) ** 2
        decayed = diffusivity[:, None, None] * times[:, None] * squares
        decay = np.exp(-decayed)
        with np.errstate(over="ignore", invalid="ignore"):
            waves = amplitudes(start)[:, None] * decay
            values = values_of(waves, self.system.points)
        finite = np.isfinite(values).all(axis=(1, 2))
        values[~finite] = np.nan
        seconds = clock.perf_counter() - begin
        return Solution(
            times=times,
            values={"u": values},
            status=np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8),
            seconds=np.full(samples, seconds / max(samples, 1)),
            error_estimate=_round_off(start, waves[:, -1], values[:, -1], decayed[:, -1]),
            notes=() if finite.all() else (f"{(~finite).sum()} of {samples} samples are too large to sum",),
        )


def _round_off(
    start: NDArray[np.float64],
    waves: NDArray[np.float64],
    values: NDArray[np.float64],
    decayed: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(samples,) of the largest value: what the first transform leaves in each wave, decayed as that, and the
    exponential's own; and what the last transform leaves.
    """
    largest = np.abs(values).max(axis=1)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        first = np.abs(start).max(axis=1)[:, None] * np.exp(-decayed)
        lost = np.sqrt((first**2 + (waves * decayed) ** 2).sum(axis=1))
        return np.asarray(np.where(largest == 0, 0.0, EPSILON * (lost / largest + 1)))
