"""The Kuramoto-Sivashinsky equation: flame fronts, falling films, and the smallest chaos that a PDE has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..contract import PERIODIC, Axis, Field, Queries, SolverError
from ..methods.spectral_system import SpectralSystem
from ..pointwise import Pointwise
from .equations import equations_of
from .exact import growth_rate, largest_exponent

__all__ = ["KuramotoSivashinsky"]


@dataclass(frozen=True)
class KuramotoSivashinsky(SpectralSystem):
    """u_t + u u_x + u_xx + u_xxxx = forcing cos(2 pi x / forcing_wavelength), periodic on [0, length).

    Chaotic for lengths from about 22 on (with windows of order at some shorter and nearby ones); below
    2 pi every start decays. The mean of u is conserved and only shifts the frame of motion.

    Attributes:
        length: of the periodic line; 22 is the standard small chaotic case, 200 the large one of Pathak
            (2018).
        points: grid points on which queries and solutions live; even, at least 8. About 3 per unit length
            resolve the attractor to five digits, 6 to round-off.
        forcing: amplitude of the inhomogeneous forcing of Pathak et al. (2018), 0.01 there.
        forcing_wavelength: wavelength of that forcing; must divide the length.

    Raises `SolverError` for parameters that make no sense.

    Reference: Kuramoto & Tsuzuki, Prog. Theor. Phys. 55 (1976), doi:10.1143/PTP.55.356; Sivashinsky, Acta
    Astronaut. 4 (1977), doi:10.1016/0094-5765(77)90096-0; Pathak, Hunt, Girvan, Lu & Ott, Phys. Rev. Lett.
    120, 024102 (2018), doi:10.1103/PhysRevLett.120.024102.

    >>> KuramotoSivashinsky(22.0, 64).grid
    (64,)
    """

    name: ClassVar[str] = "kuramoto_sivashinsky"
    title: ClassVar[str] = "Kuramoto-Sivashinsky"

    length: float = 22.0
    points: int = 64
    _: KW_ONLY
    forcing: float = 0.0
    forcing_wavelength: float = 100.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.length) and self.length > 0):
            raise SolverError(f"length must be positive and finite, got {self.length}")
        if self.points != int(self.points) or self.points < 8 or self.points % 2:
            raise SolverError(f"points must be an even whole number of at least 8, got {self.points}")
        if not np.isfinite(self.forcing):
            raise SolverError(f"forcing must be finite, got {self.forcing}")
        if self.forcing != 0:
            waves = self.length / self.forcing_wavelength if self.forcing_wavelength > 0 else 0.0
            if round(waves) < 1 or abs(waves - round(waves)) > 1e-9 * waves:
                raise SolverError(
                    f"the forcing must fit the periodic domain: length ({self.length:g}) must be a whole "
                    f"multiple of forcing_wavelength ({self.forcing_wavelength:g})"
                )

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """One periodic axis x."""
        spacing = self.length / self.points
        return (Axis("x", tuple(spacing * i for i in range(self.points)), ends=PERIODIC),)

    @property
    def grid(self) -> tuple[int, ...]:
        """Points along x."""
        return (self.points,)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The velocity u."""
        return (Field("u", meaning="velocity (slope of the front)"),)

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """The initial u."""
        return (Field("u", meaning="initial velocity"),)

    @property
    def lyapunov_exponent(self) -> float:
        """The largest, per unit time; measured at lengths 22, 36, 60, 100 and 200 only.

        `exact.largest_exponent` says what is done at other lengths. The forcing's influence is neglected.
        """
        return largest_exponent(self.length).value

    @property
    def characteristic_time(self) -> float:
        """The Lyapunov time, 1 / `lyapunov_exponent`."""
        return 1 / self.lyapunov_exponent

    def growth(self, wavenumber: Any, number: Any = None) -> Any:
        """Of infinitesimal waves: k^2 - k^4."""
        return growth_rate(wavenumber)

    def forced_wave(self) -> tuple[int, float] | None:
        """See `SpectralSystem`."""
        return (round(self.length / self.forcing_wavelength), self.forcing) if self.forcing else None

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """See `System`; the start is the trigonometric polynomial through u."""
        return equations_of(self, query, horizon=horizon)

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """Smooth random states of zero mean and variance about one, away from the attractor.

        Each is a sum of the unstable waves (k < 1) with normal random amplitudes. The same generator draws
        the same function on every grid that can hold it. Let it run for some 200 time units to reach the
        attractor.
        """
        waves = max(1, int(self.length / (2 * np.pi)))
        x = 2 * np.pi / self.points * np.arange(self.points)
        held = min(waves, self.points // 2 - 1)
        phases = np.multiply.outer(np.arange(1, held + 1), x)
        u = np.empty((len(generators), self.points))
        for i, generator in enumerate(generators):
            amplitude = generator.standard_normal((waves, 2))[:held] / np.sqrt(waves)
            u[i] = amplitude[:, 0] @ np.cos(phases) + amplitude[:, 1] @ np.sin(phases)
        return {"u": u}
