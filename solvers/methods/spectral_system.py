"""Systems that the spectral solvers solve: a periodic line, a linear part by waves, a power of u besides."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import Queries, SolverError, System
from .fourier import wavenumbers
from .time_derivative import time_derivative

__all__ = ["Operator", "SpectralSystem", "kept_modes", "spectral_operator"]

Array = NDArray[Any]


class SpectralSystem(System):
    """u_t = linear u + factor u^power + forcing, periodic in x; queries hold `u` at the start, answers `u`.

    The factor goes by waves, too; as it stands here the term is that of fluids, - u u_x.

    Attributes:
        length: of the line.
        points: of the grid on which queries and answers live.
        sharp: whether the grid may be too coarse for an answer, which then is that of a finer grid at its
            points; else it has the waves that the grid can hold.
        number: the field of a query on which the linear part depends; empty where all samples are alike.
        power: of u in the nonlinear term; what is neither 2 nor 3 runs on the plain engine, some ten times
            slower.
    """

    length: float
    points: int
    sharp: ClassVar[bool] = False
    number: ClassVar[str] = ""
    power: ClassVar[int] = 2

    @abstractmethod
    def growth(self, wavenumber: Any, number: Any) -> Any:
        """The linear part: growth rates of waves, in their precision, for samples of this number; of arrays
        and of tensors.
        """

    def factor(self, wavenumber: Any) -> Any:
        """Of the power, by waves: of arrays and of tensors."""
        return -0.5j * wavenumber

    def nonlinear(self, u: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        """The same term, at the points, from u and u_x."""
        return -u * slope

    def numbers(self, queries: Queries) -> NDArray[np.float64] | None:
        """(samples,) of each the number on which its linear part depends; None where all are alike."""
        return np.asarray(queries[self.number], dtype=np.float64) if self.number else None

    def forced_wave(self) -> tuple[int, float] | None:
        """How many waves of the forcing fit the line, and the amplitude of its cosine; None for none."""
        return None

    def forcing_values(self, points: int | None = None) -> NDArray[np.float64]:
        """(points,) the forcing on a grid, by default the system's."""
        points = self.points if points is None else points
        wave, amplitude = self.forced_wave() or (0, 0.0)
        return np.asarray(amplitude * np.cos(2 * np.pi * wave * np.arange(points) / points))

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, NDArray[np.float64]]:
        """The mean of u, (samples, times), which the equation conserves (the forcing has none)."""
        return {"mean": np.asarray(values["u"], dtype=np.float64).mean(axis=-1)}

    def residual(
        self,
        values: Mapping[str, torch.Tensor],
        queries: Mapping[str, torch.Tensor],
        *,
        interval: float,
    ) -> dict[str, torch.Tensor]:
        """`momentum`: u_t - nonlinear - linear u - forcing, for u (samples, times, points).

        `values` are frames at times `interval` apart; of the query `number` is needed. Space derivatives are
        spectral. The time derivative is that of the polynomial through five neighbouring frames (one-sided
        at the ends; through all frames where there are fewer), so the residual of an exact solution falls
        with the fourth power of the interval. Any grid with an even number of points will do, not only the
        system's.

        Raises `SolverError` for fewer than two frames or an interval that is not positive.
        """
        u = values["u"]
        if u.ndim != 3 or u.shape[1] < 2 or u.shape[2] % 2:
            raise SolverError(
                f"u must be (samples, times, points) with at least 2 times and an even number of points, "
                f"got {tuple(u.shape)}"
            )
        if not interval > 0:
            raise SolverError(f"interval must be positive, got {interval}")
        points = u.shape[-1]
        k = torch.as_tensor(wavenumbers(self.length, points), dtype=u.dtype, device=u.device)
        number = queries[self.number].to(u)[:, None, None] if self.number else None
        spectrum = torch.fft.rfft(u)
        slope = torch.fft.irfft(1j * k * spectrum, n=points)  # ignores the Nyquist mode, now imaginary
        linear = torch.fft.irfft(self.growth(k, number) * spectrum, n=points)
        forcing = torch.as_tensor(self.forcing_values(points), dtype=u.dtype, device=u.device)
        return {
            "momentum": time_derivative(u, interval=interval) - self.nonlinear(u, slope) - linear - forcing
        }


@dataclass(frozen=True, eq=False)
class Operator:
    """v' = linear v + factor * transform(u^power) + forcing, arrays (modes,) in the scaling of `rfft`."""

    points: int
    linear: Array
    factor: Array
    forcing: Array | None
    power: int = 2


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
    own = None if number is None else real(number)
    forcing, forced = None, system.forced_wave()
    if forced is not None:
        wave, amplitude = forced
        forcing = np.zeros(len(k), dtype=np.result_type(real, np.complex64))
        if wave < len(k) and kept[wave]:
            forcing[wave] = real(amplitude) * points / 2
    return Operator(points, system.growth(k, own), np.where(kept, system.factor(k), 0), forcing, system.power)


def kept_modes(points: int, dealias: str) -> int:
    """How many modes, counted from 0, take part in the nonlinear term: never the Nyquist mode."""
    return -(-points // 3) if dealias == "2/3" else points // 2
