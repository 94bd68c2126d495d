"""The plain engine: NumPy and SciPy's real transforms, any grid, any precision, nothing compiled.

It computes what the compiled engine cannot (grids of points that it does not take, extended precision) and is
what the compiled engine is checked against; the two share coefficients only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .exponential import Multistep, RungeKutta
from .spectral_recipe import Recipe, lattice
from .spectral_system import Operator

__all__ = ["PlainEngine", "runge_kutta_step"]

Array = NDArray[Any]


class PlainEngine:
    """Runs a recipe. It keeps coefficients, no state, so one engine serves any number of runs."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.operator = Nonlinear(recipe.operator, recipe.dtype)
        self.coefficients = lru_cache(maxsize=64)(self._coefficients)
        self.starter = PlainEngine(recipe.starter()) if recipe.start is not None else None

    def frames(self, initial: Array, times: NDArray[np.float64]) -> Array:
        """u (samples, times, points) from u (samples, points) at time 0; infinite or NaN where it blew up."""
        points = self.recipe.operator.points
        frames = np.full((len(initial), len(times), points), np.nan, dtype=self.recipe.dtype)
        spectrum = scipy.fft.rfft(initial.astype(self.recipe.dtype, copy=False))
        run = self._single_step if self.starter is None else self._multistep
        with np.errstate(over="ignore", invalid="ignore"):
            for i, state in enumerate(run(spectrum, *lattice(times, self.recipe.step))):
                frames[:, i] = scipy.fft.irfft(state, n=points)
                if not np.isfinite(frames[:, i]).any():
                    break
        return frames

    def _single_step(
        self, spectrum: Array, lattice_points: NDArray[np.int64], fractions: NDArray[np.float64]
    ) -> Iterator[Array]:
        here = 0
        for target, fraction in zip(lattice_points, fractions, strict=True):
            spectrum = self.advance(spectrum, 1.0, steps=target - here)
            here = target
            yield self.advance(spectrum, fraction) if fraction else spectrum

    def advance(self, spectrum: Array, fraction: float, *, steps: int = 1) -> Array:
        """Steps of a single-step scheme, each shortened to a fraction."""
        scheme = self.coefficients(fraction)
        assert isinstance(scheme, RungeKutta)
        for _ in range(steps):
            spectrum = runge_kutta_step(spectrum, scheme, self.operator)
        return spectrum

    def _multistep(
        self, spectrum: Array, lattice_points: NDArray[np.int64], fractions: NDArray[np.float64]
    ) -> Iterator[Array]:
        here, past = 0, [self.operator(spectrum)]  # newest first
        carry = np.zeros_like(spectrum)
        for target, fraction in zip(lattice_points, fractions, strict=True):
            while here < target:
                if here < self.recipe.terms - 1:
                    spectrum = self._start(spectrum, 1.0)
                else:
                    spectrum, carry = self._combine(spectrum, past, 1.0, carry)
                    past.pop()
                past.insert(0, self.operator(spectrum))
                here += 1
            if not fraction:
                yield spectrum
            elif here < self.recipe.terms - 1:
                yield self._start(spectrum, fraction)
            else:
                yield self._combine(spectrum, past, fraction, carry)[0]

    def _combine(
        self, spectrum: Array, past: list[Array], fraction: float, carry: Array
    ) -> tuple[Array, Array]:
        """The next spectrum, and what round-off cut from it (left as it was where that is not asked for)."""
        scheme = self.coefficients(fraction)
        assert isinstance(scheme, Multistep)
        change = (scheme.increment if self.recipe.compensated else scheme.propagator) * spectrum
        for weight, term in zip(scheme.weights, past, strict=True):
            change += weight * term
        if not self.recipe.compensated:
            return change, carry
        change += scheme.propagator * carry
        result = spectrum + change
        return result, change - (result - spectrum)

    def _start(self, spectrum: Array, fraction: float) -> Array:
        assert self.starter is not None
        return self.starter.advance(spectrum, fraction, steps=self.recipe.start_substeps)

    def _coefficients(self, fraction: float) -> RungeKutta | Multistep:
        return self.recipe.coefficients(fraction).astype(self.recipe.dtype)


def runge_kutta_step(spectrum: Array, scheme: RungeKutta, nonlinear: Nonlinear) -> Array:
    """One step of v' = linear v + nonlinear(v) in Fourier space."""
    terms = [nonlinear(spectrum)]
    for propagator, weights in zip(scheme.propagators, scheme.stages, strict=True):
        stage = propagator * spectrum
        for weight, term in zip(weights, terms, strict=True):
            if weight is not None:
                stage += weight * term
        terms.append(nonlinear(stage))
    result = scheme.propagator * spectrum
    for weight, term in zip(scheme.weights, terms, strict=True):
        result += weight * term
    return np.asarray(result)


class Nonlinear:
    """The nonlinear term and the forcing: one pair of transforms, (..., modes) -> (..., modes)."""

    def __init__(self, operator: Operator, dtype: str) -> None:
        kind = np.result_type(dtype, np.complex64)
        self.points = operator.points
        self.factor, self.power = operator.factor.astype(kind), operator.power
        self.forcing = None if operator.forcing is None else operator.forcing.astype(kind)

    def __call__(self, spectrum: Array) -> Array:
        u = scipy.fft.irfft(spectrum, n=self.points)
        u = reduce(np.multiply, [u] * self.power)  # NumPy's own power takes fifty times as long
        result = scipy.fft.rfft(u)
        result *= self.factor
        if self.forcing is not None:
            result += self.forcing
        return np.asarray(result)
