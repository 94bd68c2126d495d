"""The exact solution of Poisson's equation: each product of sines of the source has its own answer."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, check_times
from ..methods.sine_polynomials import amplitudes, values_of
from .steady_answer import steady_answer
from .system import Poisson

__all__ = ["SineSeries"]

EPSILON = 2 * np.finfo(np.float64).eps
"""Round-off of a transform, in parts of the largest number that goes in: twice what was found, or more."""


@dataclass(frozen=True)
class SineSeries(Solver):
    """u = sum of f_kl / (pi^2 (k^2 + l^2)) sin(k pi x) sin(l pi y), of the sines that the grid holds: exact
    but for round-off, and as cheap as two discrete sine transforms.

    The estimate is a bound of that round-off, relative to the largest value.

    Courant & Hilbert, Methods of Mathematical Physics 1 (1953), doi:10.1002/9783527617210.
    """

    system: Poisson

    @property
    def label(self) -> str:
        """`Sine series`."""
        return "Sine series"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        self.system.check_queries(queries)
        begin = clock.perf_counter()
        f = np.asarray(queries["f"], dtype=np.float64)
        squares = (np.pi * np.arange(1, self.system.points - 1)) ** 2
        both = squares[:, None] + squares
        with np.errstate(over="ignore", invalid="ignore"):
            u = values_of(amplitudes(f, dimensions=2) / both, self.system.points, dimensions=2)
        seconds = clock.perf_counter() - begin
        size, largest = np.abs(f).max(axis=(1, 2)), np.abs(u).max(axis=(1, 2))
        with np.errstate(invalid="ignore"):
            # what the first transform leaves in each wave, and what the last one does
            lost = size * np.sqrt((1 / both**2).sum()) + largest
            estimate = np.where(largest == 0, 0.0, EPSILON * lost / np.where(largest == 0, 1.0, largest))
        return steady_answer(u, times, seconds=seconds, error_estimate=estimate)
