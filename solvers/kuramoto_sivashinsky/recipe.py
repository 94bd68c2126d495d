"""What a run is made of: the equation in Fourier space, a scheme's coefficients, and a lattice of steps.

The steps form a lattice: n * step for n = 0, 1, 2, ... An output time on the lattice is read off; between
two lattice points a copy of the state takes one shortened step of the same scheme and order. The lattice
never notices, so the answer at one time does not depend on which other times were asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods.exponential import Multistep, RungeKutta
from .fourier import wavenumbers
from .system import KuramotoSivashinsky

__all__ = ["Operator", "Recipe", "kept_modes", "lattice", "spectral_operator"]

Array = NDArray[Any]

ON_LATTICE = 1e-9
"""An output time within this fraction of a step (or of itself) counts as a lattice point."""


@dataclass(frozen=True, eq=False)
class Operator:
    """v' = linear v + gradient * transform(u^2) + forcing, arrays (modes,) in the scaling of `rfft`."""

    points: int
    linear: Array
    gradient: Array
    forcing: Array | None


def spectral_operator(system: KuramotoSivashinsky, points: int, dtype: str, dealias: str) -> Operator:
    """The equation on a grid, in double precision or, for 'longdouble', in extended.

    The Nyquist mode keeps its strong damping (with its wavenumber set to zero, as some scripts have it, a
    sawtooth would stay for ever) and gets no nonlinear term.
    """
    real = np.longdouble if dtype == "longdouble" else np.float64
    k = wavenumbers(system.length, points, dtype=real)
    kept = np.arange(len(k)) < kept_modes(points, dealias)
    forcing = None
    if system.forcing:
        forcing = np.zeros(len(k), dtype=np.result_type(real, np.complex64))
        wave = round(system.length / system.forcing_wavelength)
        if wave < len(k) and kept[wave]:
            forcing[wave] = real(system.forcing) * points / 2
    return Operator(points, k**2 - k**4, np.where(kept, -0.5j * k, 0), forcing)


def kept_modes(points: int, dealias: str) -> int:
    """How many modes, counted from 0, take part in the nonlinear term: never the Nyquist mode."""
    return -(-points // 3) if dealias == "2/3" else points // 2


@dataclass(frozen=True, eq=False)
class Recipe:
    """Everything an engine needs to run.

    Attributes:
        operator: the equation.
        dtype: of the state.
        step: in time.
        scheme: (linear, step, fraction of that step) -> coefficients.
        terms: nonlinear terms that a multistep scheme remembers; 1 for a single-step scheme.
        start: a single-step scheme for the first `terms - 1` steps of a multistep scheme ...
        start_substeps: ... and of how many small steps each of those is made.
        compensated: carry what round-off cuts from a multistep scheme's steps to the next.
    """

    operator: Operator
    dtype: str
    step: float
    scheme: Callable[[Array, float, float], RungeKutta | Multistep]
    terms: int = 1
    start: Callable[[Array, float, float], RungeKutta] | None = None
    start_substeps: int = 1
    compensated: bool = False

    def coefficients(self, fraction: float) -> RungeKutta | Multistep:
        """Those of a step shortened to a fraction."""
        return self.scheme(self.operator.linear, self.step, fraction)

    def starter(self) -> Recipe:
        """The recipe of the small steps at the start."""
        assert self.start is not None
        return Recipe(self.operator, self.dtype, self.step / self.start_substeps, self.start)


def lattice(times: NDArray[np.float64], step: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each time the last lattice point at or before it, and how far beyond it the time is, in steps."""
    position = times / step
    nearest = np.round(position)
    on = np.abs(position - nearest) <= ON_LATTICE * np.maximum(1.0, position)
    point = np.where(on, nearest, np.floor(position))
    return point.astype(np.int64), np.where(on, 0.0, position - point)
