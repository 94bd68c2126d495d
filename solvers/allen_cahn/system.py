"""The equation of Allen and Cahn: two phases that part, and fronts between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import PERIODIC, Axis, Field, Queries, SolverError, Symmetry
from ..methods.line_symmetries import mirrored, turned
from ..methods.spectral_system import SpectralSystem
from ..pointwise import Pointwise
from .equations import equations_of, standard_start

__all__ = ["AllenCahn"]


@dataclass(frozen=True)
class AllenCahn(SpectralSystem):
    """u_t = diffusivity u_xx + rate (u - u^3), periodic on [-1, 1).

    Everything goes to 1 or -1 within a few times 1 / rate; fronts of width (2 diffusivity / rate)^1/2 stay.
    The standard start is x^2 cos(pi x), with diffusivity 0.0001 and rate 5: the problem of Raissi et al.
    (2019). It has a kink at the ends, which diffusion rounds off at once. A query is (samples, points) `u`.
    Nothing is conserved.

    Attributes:
        points: grid points on which queries and answers live; even, at least 8. They need not resolve fronts,
            but between them a start is the trigonometric polynomial: of the standard start's kink, 2048
            points leave an answer that is 4e-7 away in the mean, 512 points one that is 8e-6 away.
        diffusivity, rate: positive.
        waves: cosines and sines whose random sum is the start, at most 1 in size; 0 for the standard start.

    Raises `SolverError` for parameters that make no sense.

    Reference: Allen & Cahn, Acta Metall. 27 (1979), doi:10.1016/0001-6160(79)90196-2; Raissi, Perdikaris &
    Karniadakis, J. Comput. Phys. 378 (2019), doi:10.1016/j.jcp.2018.10.045.

    >>> AllenCahn(128).grid
    (128,)
    """

    name: ClassVar[str] = "allen_cahn"
    title: ClassVar[str] = "Allen-Cahn"
    sharp: ClassVar[bool] = True
    power: ClassVar[int] = 3
    length: ClassVar[float] = 2.0  # type: ignore[misc]

    points: int = 2048
    _: KW_ONLY
    diffusivity: float = 1e-4
    rate: float = 5.0
    waves: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.points, int) or self.points < 8 or self.points % 2:
            raise SolverError(f"points must be an even whole number of at least 8, got {self.points}")
        if not (0 < self.diffusivity < np.inf and 0 < self.rate < np.inf):
            raise SolverError(
                f"diffusivity and rate must be positive and finite, got {self.diffusivity} and {self.rate}"
            )
        if not isinstance(self.waves, int) or not 0 <= self.waves < self.points // 2:
            raise SolverError(
                f"waves must be a whole number from 0 to {self.points // 2 - 1}, which {self.points} points "
                f"hold; got {self.waves}"
            )

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """One periodic axis x."""
        return (Axis("x", tuple(self.places().tolist()), ends=PERIODIC),)

    def places(self) -> NDArray[np.float64]:
        """(points,) x of the grid."""
        return 2.0 * np.arange(self.points) / self.points - 1.0

    @property
    def fields(self) -> tuple[Field, ...]:
        """The phase u."""
        return (Field("u", meaning="phase"),)

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """The initial u."""
        return (Field("u", meaning="initial phase"),)

    @property
    def characteristic_time(self) -> float:
        """In which a small u grows by a factor e."""
        return 1 / self.rate

    def growth(self, wavenumber: Any, number: Any) -> Any:
        """See `SpectralSystem`."""
        return self.rate - self.diffusivity * wavenumber**2

    def factor(self, wavenumber: Any) -> Any:
        """See `SpectralSystem`."""
        return -self.rate + 0 * wavenumber

    def nonlinear(self, u: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        """See `SpectralSystem`."""
        return -self.rate * u**3

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """The standard start, or sums of waves with random amplitudes that fall with the wavenumber."""
        x = self.places()
        u = np.empty((len(generators), self.points))
        k = np.arange(1, self.waves + 1)
        phase, fine = np.pi * np.multiply.outer(x, k), np.pi * np.multiply.outer(np.linspace(-1, 1, 4096), k)
        for i, generator in enumerate(generators):
            if not self.waves:
                u[i] = standard_start(torch.from_numpy(x)).numpy()
                continue
            a, b = generator.standard_normal((2, self.waves)) / k
            largest = np.abs(np.cos(fine) @ a + np.sin(fine) @ b).max()
            u[i] = (np.cos(phase) @ a + np.sin(phase) @ b) / largest
        return {"u": u}

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, NDArray[np.float64]]:
        """None."""
        return {}

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """See `System`; a start that is not the standard one is the trigonometric polynomial through u."""
        return equations_of(self, query, horizon=horizon)

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Left and right exchanged; the sign of u turned round."""
        return (mirrored, turned)
