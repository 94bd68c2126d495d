"""Systems that the spectral solvers solve: a periodic line, a linear part by waves, and the term u u_x."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, System
from .fourier import wavenumbers

__all__ = ["Operator", "SpectralSystem", "kept_modes", "spectral_operator"]

Array = NDArray[Any]


class SpectralSystem(System):
    """u_t + u u_x = linear u + forcing, periodic in x; queries hold `u` at the start, answers `u`.

    Attributes:
        length: of the line.
        points: of the grid on which queries and answers live.
        sharp: whether the grid may be too coarse for an answer, which then is that of a finer grid at its
            points; else it has the waves that the grid can hold.
    """

    length: float
    points: int
    sharp: ClassVar[bool] = False

    @abstractmethod
    def growth(self, wavenumber: Array, number: float | None) -> Array:
        """The linear part: growth rates of waves, in their precision, for samples of this number."""

    def numbers(self, queries: Queries) -> NDArray[np.float64] | None:
        """(samples,) of each the number on which its linear part depends; None where all are alike."""
        return None

    def forced_wave(self) -> tuple[int, float] | None:
        """How many waves of the forcing fit the line, and the amplitude of its cosine; None for none."""
        return None


@dataclass(frozen=True, eq=False)
class Operator:
    """v' = linear v + gradient * transform(u^2) + forcing, arrays (modes,) in the scaling of `rfft`."""

    points: int
    linear: Array
    gradient: Array
    forcing: Array | None


def spectral_operator(
    system: SpectralSystem, points: int, *, dtype: str, dealias: str, number: float | None = None
) -> Operator:
    """The equation on a grid, in double precision or, for 'longdouble', in extended.

    The Nyquist mode keeps its linear part (with its wavenumber set to zero, as some scripts have it, a
    sawtooth would stay for ever) and gets no nonlinear term.
    """
    real = np.longdouble if dtype == "longdouble" else np.float64
    k = wavenumbers(system.length, points, dtype=real)
    kept = np.arange(len(k)) < kept_modes(points, dealias)
    forcing = None
    forced = system.forced_wave()
    if forced is not None:
        wave, amplitude = forced
        forcing = np.zeros(len(k), dtype=np.result_type(real, np.complex64))
        if wave < len(k) and kept[wave]:
            forcing[wave] = real(amplitude) * points / 2
    return Operator(points, system.growth(k, number), np.where(kept, -0.5j * k, 0), forcing)


def kept_modes(points: int, dealias: str) -> int:
    """How many modes, counted from 0, take part in the nonlinear term: never the Nyquist mode."""
    return -(-points // 3) if dealias == "2/3" else points // 2
