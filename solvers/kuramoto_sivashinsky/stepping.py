"""Time stepping in Fourier space with SciPy's real transforms, and output at any time.

The steps form a lattice: n * step for n = 0, 1, 2, ... An output time on the lattice is read off; between
two lattice points a copy of the state takes one shortened step of the same scheme and order. The lattice
never notices, so the answer at one time does not depend on which other times were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..methods.exponential import Multistep, RungeKutta

__all__ = ["MultistepStepper", "Operator", "RungeKuttaStepper", "Stepper", "lattice_position"]

Array = NDArray[Any]
RungeKuttaScheme = Callable[[NDArray[np.float64], float], RungeKutta]
MultistepScheme = Callable[[NDArray[np.float64], float, float], Multistep]
"""(linear, step, fraction of the last step) -> coefficients."""

ON_LATTICE = 1e-9
"""An output time within this fraction of a step counts as a lattice point."""


@dataclass(frozen=True, eq=False)
class Operator:
    """The equation in Fourier space: v' = linear v + gradient * transform(u^2) + forcing, arrays (modes,)."""

    points: int
    linear: NDArray[np.float64]
    gradient: NDArray[np.complex128]
    forcing: NDArray[np.complex128]
    dtype: str

    def nonlinear(self, spectrum: Array) -> Array:
        """One pair of transforms: (samples, modes) -> (samples, modes)."""
        u = scipy.fft.irfft(spectrum, n=self.points)
        u *= u
        result = scipy.fft.rfft(u)
        result *= self._gradient
        if self._forced:
            result += self._forcing
        return np.asarray(result)

    def __post_init__(self) -> None:
        complex_type = np.complex64 if self.dtype == "float32" else np.complex128
        object.__setattr__(self, "_gradient", self.gradient.astype(complex_type))
        object.__setattr__(self, "_forcing", self.forcing.astype(complex_type))
        object.__setattr__(self, "_forced", bool(self.forcing.any()))

    _gradient: Array = field(init=False, repr=False)
    _forcing: Array = field(init=False, repr=False)
    _forced: bool = field(init=False, repr=False)


class Stepper(Protocol):
    """A scheme with its coefficients; it keeps no state, so one stepper serves any number of runs."""

    def run(self, spectrum: Array, times: NDArray[np.float64]) -> Iterator[Array]:
        """The spectrum (samples, modes) at each of the increasing times."""


def lattice_position(time: float, step: float) -> tuple[int, float]:
    """The last lattice point at or before a time, and how far beyond it the time is, in steps."""
    position = time / step
    nearest = round(position)
    if abs(position - nearest) <= ON_LATTICE * max(1.0, position):
        return nearest, 0.0
    return int(position), position - int(position)


@dataclass(frozen=True, eq=False)
class RungeKuttaStepper:
    """A four-stage exponential Runge-Kutta scheme at a fixed step: four transform pairs a step."""

    operator: Operator
    scheme: RungeKuttaScheme
    step: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", lru_cache(maxsize=64)(self._coefficients))

    coefficients: Callable[[float], RungeKutta] = field(init=False, repr=False)

    def run(self, spectrum: Array, times: NDArray[np.float64]) -> Iterator[Array]:
        """See `Stepper`."""
        here = 0
        for time in times:
            lattice, fraction = lattice_position(time, self.step)
            for _ in range(lattice - here):
                spectrum = self.advance(spectrum, 1.0)
            here = lattice
            yield self.advance(spectrum, fraction) if fraction else spectrum

    def advance(self, spectrum: Array, fraction: float) -> Array:
        """One step, shortened to a fraction of it."""
        scheme = self.coefficients(fraction)
        terms = [self.operator.nonlinear(spectrum)]
        for propagator, weights in zip(scheme.propagators, scheme.stages, strict=True):
            stage = propagator * spectrum
            for weight, term in zip(weights, terms, strict=True):
                if weight is not None:
                    stage += weight * term
            terms.append(self.operator.nonlinear(stage))
        result = scheme.propagator * spectrum
        for weight, term in zip(scheme.weights, terms, strict=True):
            result += weight * term
        return result

    def _coefficients(self, fraction: float) -> RungeKutta:
        made = self.scheme(self.operator.linear, fraction * self.step)
        cast = self.operator.dtype
        return RungeKutta(
            propagators=tuple(a.astype(cast) for a in made.propagators),
            stages=tuple(tuple(None if a is None else a.astype(cast) for a in row) for row in made.stages),
            propagator=made.propagator.astype(cast),
            weights=tuple(a.astype(cast) for a in made.weights),
        )


@dataclass(frozen=True, eq=False)
class MultistepStepper:
    """A multistep scheme at a fixed step: one transform pair a step.

    Its first `order - 1` steps are made of `start_substeps` small Runge-Kutta steps each.
    """

    operator: Operator
    scheme: MultistepScheme
    step: float
    order: int
    start: RungeKuttaScheme
    start_substeps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", lru_cache(maxsize=64)(self._coefficients))
        starter = RungeKuttaStepper(self.operator, self.start, self.step / self.start_substeps)
        object.__setattr__(self, "starter", starter)

    coefficients: Callable[[float], Multistep] = field(init=False, repr=False)
    starter: RungeKuttaStepper = field(init=False, repr=False)

    def run(self, spectrum: Array, times: NDArray[np.float64]) -> Iterator[Array]:
        """See `Stepper`."""
        here, past = 0, [self.operator.nonlinear(spectrum)]  # newest first
        for time in times:
            lattice, fraction = lattice_position(time, self.step)
            while here < lattice:
                if here < self.order - 1:
                    spectrum = self._start(spectrum, 1.0)
                else:
                    spectrum = self._combine(spectrum, past, 1.0)
                    past.pop()
                past.insert(0, self.operator.nonlinear(spectrum))
                here += 1
            if not fraction:
                yield spectrum
            elif here < self.order - 1:
                yield self._start(spectrum, fraction)
            else:
                yield self._combine(spectrum, past, fraction)

    def _combine(self, spectrum: Array, past: list[Array], fraction: float) -> Array:
        scheme = self.coefficients(fraction)
        result = scheme.propagator * spectrum
        for weight, term in zip(scheme.weights, past, strict=True):
            result += weight * term
        return result

    def _start(self, spectrum: Array, fraction: float) -> Array:
        for _ in range(self.start_substeps):
            spectrum = self.starter.advance(spectrum, fraction)
        return spectrum

    def _coefficients(self, fraction: float) -> Multistep:
        made = self.scheme(self.operator.linear, self.step, fraction)
        cast = self.operator.dtype
        return Multistep(made.propagator.astype(cast), made.weights.astype(cast))
