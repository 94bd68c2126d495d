"""The lid-driven cavity: steady flow in a square whose upper wall moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import Axis, Field, Queries, SolverError, System
from ..pointwise import Pointwise
from .equations import equations_of

__all__ = ["Cavity"]


@dataclass(frozen=True)
class Cavity(System):
    """u . grad u = -grad p + viscosity laplace u, div u = 0, in the unit square; the lid moves with speed 1.

    A query is (samples,) `viscosity`, the inverse of the Reynolds number. In the upper corners, where lid and
    walls meet, velocity is not defined and pressure infinite.

    The answer is given in the middles of cells: velocities `u` and `v`, and the stream function `psi` (zero
    on the walls), with u = dpsi/dy, v = -dpsi/dx.

    Attributes:
        cells: along each side, at least 8; they say where answers are given, not how they are found.
        least_reynolds, most_reynolds: drawn between them, uniform in the logarithm; at most 1000.

    Raises `SolverError` for parameters that make no sense.

    Reference: Ghia, Ghia & Shin, J. Comput. Phys. 48 (1982), doi:10.1016/0021-9991(82)90058-4; Botella &
    Peyret, Comput. Fluids 27 (1998), doi:10.1016/S0045-7930(98)00002-4.

    >>> Cavity(16).grid
    (16, 16)
    """

    name: ClassVar[str] = "cavity"
    title: ClassVar[str] = "Lid-driven cavity"

    cells: int = 32
    _: KW_ONLY
    least_reynolds: float = 100.0
    most_reynolds: float = 100.0

    def __post_init__(self) -> None:
        if self.cells != int(self.cells) or self.cells < 8:
            raise SolverError(f"cells must be a whole number of at least 8, got {self.cells}")
        if not 0 < self.least_reynolds <= self.most_reynolds <= MOST_REYNOLDS:
            raise SolverError(
                f"Reynolds numbers must be positive, ascending and at most {MOST_REYNOLDS:g}, got "
                f"{self.least_reynolds} to {self.most_reynolds}"
            )

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """y from the lower wall to the lid, x from wall to wall; middles of cells."""
        line = tuple(((np.arange(self.cells) + 0.5) / self.cells).tolist())
        return (Axis("y", line, ends=("wall", "wall")), Axis("x", line, ends=("wall", "wall")))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Velocity and stream function."""
        return (
            Field("u", meaning="velocity along x"),
            Field("v", meaning="velocity along y"),
            Field("psi", meaning="stream function"),
        )

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """The viscosity."""
        return (Field("viscosity", axes=(), varies_in_time=False, meaning="kinematic viscosity"),)

    @property
    def characteristic_time(self) -> float:
        """In which the lid passes over the cavity."""
        return 1.0

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """A Reynolds number for each generator."""
        bounds = np.log([self.least_reynolds, self.most_reynolds])
        return {"viscosity": np.exp([-generator.uniform(*bounds) for generator in generators])}

    def check_queries(self, queries: Queries) -> int:
        """See `System`; Reynolds numbers must be positive and at most 1000."""
        samples = super().check_queries(queries)
        viscosity = np.asarray(queries["viscosity"], dtype=np.float64)
        wrong = np.flatnonzero(~(viscosity * MOST_REYNOLDS >= 1 - 1e-9))
        if len(wrong):
            raise SolverError(
                f"viscosity must be at least {1 / MOST_REYNOLDS:g}; it is not in samples {wrong[:5].tolist()}"
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
        interval: float = 1.0,
    ) -> dict[str, torch.Tensor]:
        """`vorticity`, the curl of momentum, and `velocity_x`, `velocity_y`, by how much the velocities are
        not the slopes of psi; away from walls, each (samples, times, cells - 4, cells - 4).
        Steady: the interval plays no part.

        Second order: of the exact flow it falls with the square of the spacing away from the upper corners.
        """
        u, v, psi = (values[name] for name in ("u", "v", "psi"))
        h = 1 / self.cells
        speed_x, speed_y = _slope(psi, -2, h), -_slope(psi, -1, h)
        omega = -_laplacian(psi, h)
        inner = (..., slice(1, -1), slice(1, -1))
        viscosity = queries["viscosity"].to(psi)[:, None, None, None]
        carried = speed_x[inner] * _slope(omega, -1, h) + speed_y[inner] * _slope(omega, -2, h)
        off = (..., slice(2, -2), slice(2, -2))
        return {
            "vorticity": carried - viscosity * _laplacian(omega, h),
            "velocity_x": u[off] - speed_x[inner],
            "velocity_y": v[off] - speed_y[inner],
        }

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """See `System`; time plays no part."""
        return equations_of(self, query)


MOST_REYNOLDS = 1000.0
"""Up to which grids of some hundred cells find the flow."""


def _slope(values: torch.Tensor, axis: int, spacing: float) -> torch.Tensor:
    """Along an axis, at inner places."""
    inner, n = values.transpose(axis, -1)[..., 1:-1, :], values.shape[axis]
    return (inner[..., 2:] - inner[..., : n - 2]).transpose(axis, -1) / (2 * spacing)


def _laplacian(values: torch.Tensor, spacing: float) -> torch.Tensor:
    """At inner nodes."""
    middle = values[..., 1:-1, 1:-1]
    around = values[..., 2:, 1:-1] + values[..., :-2, 1:-1] + values[..., 1:-1, 2:] + values[..., 1:-1, :-2]
    return (around - 4 * middle) / spacing**2
