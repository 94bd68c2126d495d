"""The equation of heat on a rod whose ends are kept cold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import Axis, Field, Queries, SolverError, Symmetry, System
from ..methods.line_symmetries import mirrored_between_walls, turned
from ..methods.time_derivative import time_derivative
from ..pointwise import Pointwise
from .equations import equations_of

__all__ = ["Heat"]

AT_WALLS = 1e-6
"""Of the largest temperature of a start: so much at a wall is round-off of single precision."""


@dataclass(frozen=True)
class Heat(System):
    """u_t = diffusivity u_xx for 0 <= x <= length, u = 0 at both ends.

    The standard start is sin(pi x / length), which keeps its shape and decays. A query is (samples, points)
    `u`, zero at both ends, and (samples,) `diffusivity`. Between its points a start is the sum of sines
    through them. Nothing is conserved: heat leaves through the ends.

    Attributes:
        points: evenly spaced from end to end, both included; at least 5.
        length: of the rod.
        least_diffusivity, most_diffusivity: drawn between them, uniform in the logarithm.
        waves: sines whose random sum is the start; 0 for the standard start.

    Raises `SolverError` for parameters that make no sense.

    Reference: Carslaw & Jaeger, Conduction of Heat in Solids (1959), 3.3.

    >>> Heat(65).grid
    (65,)
    """

    name: ClassVar[str] = "heat"
    title: ClassVar[str] = "Heat"

    points: int = 129
    _: KW_ONLY
    length: float = 1.0
    least_diffusivity: float = 0.1
    most_diffusivity: float = 0.1
    waves: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.points, int) or self.points < 5:
            raise SolverError(f"points must be a whole number of at least 5, got {self.points}")
        if not (np.isfinite(self.length) and self.length > 0):
            raise SolverError(f"length must be positive and finite, got {self.length}")
        if not 0 < self.least_diffusivity <= self.most_diffusivity < np.inf:
            raise SolverError(
                "diffusivities must be positive, finite and ascend, got "
                f"{self.least_diffusivity} to {self.most_diffusivity}"
            )
        if not isinstance(self.waves, int) or not 0 <= self.waves <= self.points - 2:
            raise SolverError(
                f"waves must be a whole number from 0 to {self.points - 2}, which {self.points} points hold; "
                f"got {self.waves}"
            )

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """One axis x from wall to wall."""
        return (Axis("x", tuple(self.places().tolist()), ends=("wall", "wall")),)

    def places(self) -> NDArray[np.float64]:
        """(points,) x of the grid."""
        return self.length * np.arange(self.points) / (self.points - 1)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The temperature u."""
        return (Field("u", meaning="temperature"),)

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """The initial u, and the diffusivity."""
        return (
            Field("u", meaning="initial temperature"),
            Field("diffusivity", axes=(), varies_in_time=False, meaning="thermal diffusivity"),
        )

    @property
    def characteristic_time(self) -> float:
        """In which the standard start decays by a factor e where the diffusivity is largest."""
        return self.length**2 / (np.pi**2 * self.most_diffusivity)

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """Starts of height 1 whose amplitudes fall as one over the wavenumber, and a diffusivity, for each
        generator.

        The same generator draws the same function on every grid.
        """
        k = np.arange(1, self.waves + 1)
        sines = np.sin(np.multiply.outer(np.pi / self.length * self.places(), k))
        # their height is measured on a grid that does not depend on ours
        dense = np.sin(np.multiply.outer(np.linspace(0, np.pi, 8 * self.waves + 1), k))
        u, diffusivity = np.empty((len(generators), self.points)), np.empty(len(generators))
        for i, generator in enumerate(generators):
            bounds = np.log([self.least_diffusivity, self.most_diffusivity])
            diffusivity[i] = np.exp(generator.uniform(*bounds))
            if not self.waves:
                u[i] = np.sin(np.pi / self.length * self.places())
                continue
            heights = generator.standard_normal(self.waves) / k
            u[i] = sines @ heights / np.abs(dense @ heights).max()
        u[:, [0, -1]] = 0.0  # not the round-off of pi
        return {"u": u, "diffusivity": diffusivity}

    def check_queries(self, queries: Queries) -> int:
        """See `System`; diffusivities must be positive, starts zero at the walls."""
        samples = super().check_queries(queries)
        wrong = np.flatnonzero(np.asarray(queries["diffusivity"]) <= 0)
        if len(wrong):
            raise SolverError(f"diffusivity must be positive; it is not in samples {wrong[:5].tolist()}")
        u = np.abs(np.asarray(queries["u"]))
        warm = np.flatnonzero(u[:, [0, -1]].max(axis=1) > AT_WALLS * u.max(axis=1))
        if len(warm):
            raise SolverError(
                f"u must be zero at both walls, its first and last point; it is not in samples "
                f"{warm[:5].tolist()}"
            )
        return samples

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, NDArray[np.float64]]:
        """None."""
        return {}

    def residual(
        self,
        values: Mapping[str, torch.Tensor],
        queries: Mapping[str, torch.Tensor],
        *,
        interval: float,
    ) -> dict[str, torch.Tensor]:
        """`heat` at inner points (samples, times, points - 2), `walls` (samples, times, 2): u at both ends.

        `heat` is u_t - diffusivity u_xx, by three points in x and `time_derivative` in t; u_t is the mean of
        three neighbours with weights 1, 10, 1, as the difference of second order is of u_xx. So of an exact
        solution what is left falls with the fourth power of the spacing and of the interval; it is that mean
        of the residual, and of the shortest waves it sees two thirds. `values` are frames at times `interval`
        apart; of the query `diffusivity` is needed. Any number of points will do, not only the system's.

        Raises `SolverError` for fewer than two frames or three points, or an interval that is not positive.
        """
        u = values["u"]
        if u.ndim != 3 or u.shape[1] < 2 or u.shape[2] < 3:
            raise SolverError(
                f"u must be (samples, times, points) with at least 2 times and 3 points, got {tuple(u.shape)}"
            )
        if not interval > 0:
            raise SolverError(f"interval must be positive, got {interval}")
        spacing = self.length / (u.shape[-1] - 1)
        diffusivity = queries["diffusivity"].to(u)[:, None, None]
        speed = time_derivative(u, interval=interval)
        mean = (speed[..., :-2] + 10 * speed[..., 1:-1] + speed[..., 2:]) / 12
        bend = torch.diff(u, n=2, dim=-1) / spacing**2
        return {"heat": mean - diffusivity * bend, "walls": torch.stack([u[..., 0], u[..., -1]], dim=-1)}

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """See `System`; the start is the sum of sines through u."""
        return equations_of(self, query, horizon=horizon)

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Left and right exchanged; the sign of u turned round."""
        return (mirrored_between_walls, turned)
