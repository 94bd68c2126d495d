"""Burgers' equation: waves that steepen until viscosity holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import PERIODIC, Axis, Field, Queries, SolverError, Symmetry
from ..methods.line_symmetries import mirrored_and_turned
from ..methods.spectral_system import SpectralSystem
from ..pointwise import Pointwise
from .equations import equations_of

__all__ = ["Burgers"]


@dataclass(frozen=True)
class Burgers(SpectralSystem):
    """u_t + u u_x = viscosity u_xx, periodic on [-length / 2, length / 2).

    The standard start is -sin(2 pi x / length), which becomes a shock at x = 0; with length 2 and viscosity
    0.01 / pi it is the problem of Raissi et al. (2019). It is odd, and so are all starts that are drawn: they
    stay zero at both ends, as with walls there. A query is (samples, points) `u` and (samples,) `viscosity`.
    The mean of u is conserved.

    Attributes:
        points: grid points on which queries and answers live; even, at least 8. They need not resolve a
            shock: solvers that compute on more answer with values at these. Residual and mean are those of
            the waves that they hold: where they do not resolve u, these are not what the exact u has.
        length: of the periodic line.
        least_viscosity, most_viscosity: drawn between them, uniform in the logarithm.
        waves: sines whose random sum is the start; 0 for the standard start.

    Raises `SolverError` for parameters that make no sense.

    Reference: Burgers, Adv. Appl. Mech. 1 (1948), doi:10.1016/S0065-2156(08)70100-5; Raissi, Perdikaris &
    Karniadakis, J. Comput. Phys. 378 (2019), doi:10.1016/j.jcp.2018.10.045.

    >>> Burgers(128).grid
    (128,)
    """

    name: ClassVar[str] = "burgers"
    title: ClassVar[str] = "Burgers"
    sharp: ClassVar[bool] = True
    number: ClassVar[str] = "viscosity"

    points: int = 256
    _: KW_ONLY
    length: float = 2.0
    least_viscosity: float = 0.01 / np.pi
    most_viscosity: float = 0.01 / np.pi
    waves: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.points, int) or self.points < 8 or self.points % 2:
            raise SolverError(f"points must be an even whole number of at least 8, got {self.points}")
        if not (np.isfinite(self.length) and self.length > 0):
            raise SolverError(f"length must be positive and finite, got {self.length}")
        if not 0 < self.least_viscosity <= self.most_viscosity < np.inf:
            raise SolverError(
                "viscosities must be positive, finite and ascend, got "
                f"{self.least_viscosity} to {self.most_viscosity}"
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
        return self.length * (np.arange(self.points) / self.points - 0.5)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The velocity u."""
        return (Field("u", meaning="velocity"),)

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """The initial u, and the viscosity."""
        return (
            Field("u", meaning="initial velocity"),
            Field("viscosity", axes=(), varies_in_time=False, meaning="kinematic viscosity"),
        )

    @property
    def characteristic_time(self) -> float:
        """In which the standard start becomes a shock where there is no viscosity."""
        return self.length / (2 * np.pi)

    def growth(self, wavenumber: Any, number: Any) -> Any:
        """Of waves without the nonlinear term: they decay with viscosity (`number`) times k^2."""
        return -number * wavenumber**2

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """Odd starts of height 1, and a viscosity, for each generator.

        The same generator draws the same function on every grid.
        """
        phase = 2 * np.pi / self.length * self.places()
        k = np.arange(1, self.waves + 1)
        # their height is measured on a grid that does not depend on ours
        dense = np.sin(np.multiply.outer(np.linspace(0, np.pi, 8 * self.waves + 1), k))
        u, viscosity = np.empty((len(generators), self.points)), np.empty(len(generators))
        for i, generator in enumerate(generators):
            bounds = np.log([self.least_viscosity, self.most_viscosity])
            viscosity[i] = np.exp(generator.uniform(*bounds))
            if not self.waves:
                u[i] = -np.sin(phase)
                continue
            amplitudes = generator.standard_normal(self.waves) / k
            u[i] = np.sin(np.multiply.outer(phase, k)) @ amplitudes / np.abs(dense @ amplitudes).max()
        return {"u": u, "viscosity": viscosity}

    def check_queries(self, queries: Queries) -> int:
        """See `System`; viscosities must be positive."""
        samples = super().check_queries(queries)
        wrong = np.flatnonzero(np.asarray(queries["viscosity"]) <= 0)
        if len(wrong):
            raise SolverError(f"viscosity must be positive; it is not in samples {wrong[:5].tolist()}")
        return samples

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """See `System`; the start is the trigonometric polynomial through u."""
        return equations_of(self, query, horizon=horizon)

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Left and right exchanged, with the sign of u."""
        return (mirrored_and_turned,)
