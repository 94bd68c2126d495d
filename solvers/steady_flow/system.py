"""Steady flow past obstacles in a channel: from a shape and a viscosity to fields and forces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from ..contract import Axis, Field, Queries, SolverError, Symmetry, System
from ..pointwise import Pointwise
from .equations import equations_of
from .geometry import Family, obstacle, thinnest
from .residual import imbalances

__all__ = ["SteadyFlow"]

FAMILIES: tuple[Family, ...] = ("ellipse", "polygon", "airfoil", "blob")


@dataclass(frozen=True)
class SteadyFlow(System):
    """u . grad u = -grad p + viscosity laplace u, div u = 0, around solids at rest that hold the fluid.

    The channel is 1 high; the mean speed at its inflow and the fluid's density are 1, too. Through the
    outflow momentum leaves freely. The flow is steady while the Reynolds number of the obstacle, its height
    across the flow over the viscosity, is at most 45; beyond, queries are refused.

    A query is (samples, rows, columns) `distance`, the signed distance from the middle of each cell to the
    nearest solid's surface, negative within; in between it is interpolated bilinearly, and where it is zero
    is the wall: what a solver answers on other grids is the flow about this very shape. And (samples,)
    `viscosity`.

    The answer is staggered, as in Harlow & Welch (1965), so that what flows into a cell flows out of it to
    the last bit: of each cell `u` through its right side, `v` through its upper side, `p` in its middle, the
    stream function `psi` at its upper right corner, with u = dpsi/dy, v = -dpsi/dx. And `drag` and `lift`,
    the forces on all solids. `faces` gives the sides at the inflow and the lower wall, too.

    Attributes:
        rows, columns: square cells across and along the channel.
        walls: whether the channel's walls hold the fluid (`no_slip`, parabolic inflow) or let it pass
            (`slip`, even inflow, as far from any wall).
        families: shapes that are drawn: ellipse, polygon, airfoil (NACA four-digit), blob, car (a
            silhouette), pair (two ellipses).
        least_reynolds, most_reynolds: of the obstacle; drawn between them, uniform in the logarithm.
        smallest, largest: what is drawn has its larger side, height or length, between these.

    Raises `SolverError` for parameters that make no sense.

    >>> SteadyFlow(32, 64).grid
    (32, 64)
    """

    name: ClassVar[str] = "steady_flow"
    title: ClassVar[str] = "Steady flow"

    rows: int = 64
    columns: int = 128
    _: KW_ONLY
    walls: Literal["no_slip", "slip"] = "no_slip"
    families: tuple[Family, ...] = FAMILIES
    least_reynolds: float = 1.0
    most_reynolds: float = 40.0
    smallest: float = 0.14
    largest: float = 0.35

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            cells = getattr(self, name)
            if cells != int(cells) or cells < 8:
                raise SolverError(f"{name} must be a whole number of at least 8, got {cells}")
        if self.walls not in ("no_slip", "slip"):
            raise SolverError(f"walls must be no_slip or slip, got {self.walls!r}")
        unknown = [name for name in self.families if name not in get_args(Family)]
        if unknown or not self.families:
            raise SolverError(f"families must be out of {get_args(Family)}, got {self.families}")
        if not 0 < self.least_reynolds <= self.most_reynolds <= STEADY_UNTIL:
            raise SolverError(
                f"Reynolds numbers must be positive, ascending and at most {STEADY_UNTIL:g}, up to which "
                f"flows are steady; got {self.least_reynolds} to {self.most_reynolds}"
            )
        if not 0.08 <= self.smallest <= self.largest <= 0.6 or self.largest < 0.1:
            raise SolverError(
                "smallest and largest must ascend from 0.08, largest from 0.1, to 0.6 of the channel's "
                f"height; got {self.smallest} to {self.largest}"
            )

    @property
    def spacing(self) -> float:
        """Side of a cell."""
        return 1 / self.rows

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """y from wall to wall, x from inflow to outflow; middles of cells."""
        y, x = ((np.arange(n) + 0.5) * self.spacing for n in (self.rows, self.columns))
        return (
            Axis("y", tuple(y.tolist()), ends=("wall", "wall")),
            Axis("x", tuple(x.tolist()), ends=("inflow", "outflow")),
        )

    @property
    def fields(self) -> tuple[Field, ...]:
        """Velocity, pressure, stream function; and the two forces."""
        return (
            Field("u", meaning="velocity along x, through the right side of each cell"),
            Field("v", meaning="velocity along y, through the upper side of each cell"),
            Field("p", meaning="pressure in the middle of each cell, 0 at the outflow"),
            Field("psi", meaning="stream function at the upper right corner of each cell"),
            Field("drag", axes=(), meaning="force on all solids along x"),
            Field("lift", axes=(), meaning="force on all solids along y"),
        )

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """The geometry and the viscosity."""
        return (
            Field("distance", varies_in_time=False, meaning="signed distance to solids, negative within"),
            Field("viscosity", axes=(), varies_in_time=False, meaning="kinematic viscosity"),
        )

    @property
    def characteristic_time(self) -> float:
        """In which the fluid crosses the height of the channel."""
        return 1.0

    def inflow(self, rows: int | None = None) -> NDArray[np.float64]:
        """(rows + 1,) stream function at the inflow, 0 at the lower wall, 1 at the upper one."""
        y = np.linspace(0, 1, 1 + (self.rows if rows is None else rows))
        return y**2 * (3 - 2 * y) if self.walls == "no_slip" else y

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """An obstacle clear of the walls, and a Reynolds number, for each generator.

        The same generator draws the same shape on every grid.
        """
        distance = np.empty((len(generators), *self.grid))
        viscosity = np.empty(len(generators))
        for i, generator in enumerate(generators):
            shape = obstacle(
                generator,
                self._family(generator),
                smallest=self.smallest,
                largest=self.largest,
                length=self.columns / self.rows,
            )
            distance[i] = shape.distance(*self.middles())
            bounds = np.log([self.least_reynolds, self.most_reynolds])
            viscosity[i] = shape.height / np.exp(generator.uniform(*bounds))
        return {"distance": distance, "viscosity": viscosity}

    def families_of(self, generators: Sequence[np.random.Generator]) -> list[str]:
        """Which family `draw` would draw from each generator; none of them is changed."""
        return [self._family(deepcopy(generator)) for generator in generators]

    def _family(self, generator: np.random.Generator) -> Family:
        return self.families[generator.integers(len(self.families))]

    def middles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and y, (rows, columns), of the middles of all cells."""
        y, x = (np.array(axis.values) for axis in self.axes)
        return tuple(np.meshgrid(x, y))

    def check_queries(self, queries: Queries) -> int:
        """See `System`; viscosities must be positive."""
        samples = super().check_queries(queries)
        wrong = np.flatnonzero(np.asarray(queries["viscosity"]) <= 0)
        if len(wrong):
            raise SolverError(f"viscosity must be positive; it is not in samples {wrong[:5].tolist()}")
        return samples

    def heights(self, queries: Queries) -> NDArray[np.float64]:
        """(samples,) height of the solids across the flow, from lowest to highest; 0 where there is none.

        To the surface, between cells by the distance.
        """
        lowest = np.asarray(queries["distance"], dtype=np.float64).min(axis=2)
        found = np.zeros(len(lowest))
        for i, row in enumerate(lowest):
            inside = np.flatnonzero(row < 0)
            if len(inside):
                ends = [(inside[0], -1), (inside[-1], 1)]
                beyond = 0.0
                for at, step in ends:
                    other = at + step
                    apart = row[other] - row[at] if 0 <= other < len(row) else np.inf
                    beyond += min(1.0, -row[at] / apart)
                found[i] = (inside[-1] - inside[0] + beyond) * self.spacing
        return found

    def objections(self, queries: Queries) -> list[str]:
        """Why each sample cannot be solved; an empty text where it can."""
        found = []
        numbers = self.heights(queries) / np.asarray(queries["viscosity"], dtype=np.float64)
        for distance, reynolds in zip(np.asarray(queries["distance"]), numbers, strict=True):
            solid = distance < 0
            said = ""
            if solid.all():
                said = "are all solid; distances are negative within solids only"
            elif solid[0].any() or solid[-1].any():
                said = "have a solid that touches a wall of the channel; leave a cell between"
            elif solid[:, 0].any() or solid[:, -1].any():
                said = "have a solid at the inflow or the outflow; move it inside"
            elif ndimage.label(~solid)[1] > 1:
                said = "have fluid that is shut in; fill such pockets with solid"
            elif thinnest(distance, self.spacing) < 0.5 * self.spacing:
                said = f"have a solid nowhere a cell thick; take more rows than {self.rows}, or a thicker one"
            elif reynolds > STEADY_UNTIL:
                said = (
                    f"have an obstacle's Reynolds number above {STEADY_UNTIL:g}, where flows are not steady"
                )
            found.append(said)
        return found

    def faces(self, values: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """u (..., rows, columns + 1) and v (..., rows + 1, columns) through all sides, the inflow's and the
        lower wall's before those that `values` hold.
        """
        u, v = (np.asarray(values[name], dtype=np.float64) for name in ("u", "v"))
        speed = np.broadcast_to(np.diff(self.inflow()) * self.rows, u.shape[:-1])
        return (
            np.concatenate([speed[..., None], u], axis=-1),
            np.concatenate([np.zeros_like(v[..., :1, :]), v], axis=-2),
        )

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """See `System`; time plays no part."""
        return equations_of(self, query)

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """The mirror image of the channel, its walls exchanged."""
        return (self._mirrored,)

    def _mirrored(self, named: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Fields are (..., rows, columns). What lies at upper sides lies at lower ones afterwards: the row at
        the upper wall, which is known, becomes the one before the first. What is said of a field under
        another name, `guess/psi`, say, is mirrored as that field.
        """
        found = {}
        for name, values in named.items():
            field = name.rpartition("/")[2]
            if field in ("distance", "u", "p"):
                found[name] = np.ascontiguousarray(values[..., ::-1, :])
            elif field in ("v", "psi"):
                whole = 1.0 if field == "psi" else 0.0
                inner, wall = values[..., -2::-1, :], values[..., -1:, :]
                found[name] = whole - np.concatenate([inner, whole - wall], axis=-2)
            elif field == "lift":
                found[name] = -values
            else:
                found[name] = values
        return found

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, NDArray[np.float64]]:
        """Each (samples, times) and zero for an exact answer: `divergence`, the largest of any cell; `flux`,
        by how much the flow through a cross-section differs from the inflow's, at most; `slip`, the largest
        speed through the side of a cell both of whose ends are within a solid (0 without a query).
        """
        u, v = self.faces(values)
        divergence = (np.diff(u, axis=-1) + np.diff(v, axis=-2)) * self.rows
        flux = u.mean(axis=-2) - 1
        found = {
            "divergence": np.abs(divergence).max(axis=(-2, -1)),
            "flux": np.abs(flux).max(axis=-1),
        }
        if "distance" in queries:
            inside = self.corners(np.asarray(queries["distance"], dtype=np.float64))[:, None] < 0
            within = (
                (inside[..., 1:, :] & inside[..., :-1, :], u),
                (inside[..., 1:] & inside[..., :-1], v),
            )
            speeds = [np.where(solid, np.abs(speed), 0.0).max(axis=(-2, -1)) for solid, speed in within]
            found["slip"] = np.maximum(*speeds)
        return found

    def between(self, distance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distances (..., rows, columns) at the sides of the cells, as in `faces`; at the channel's own ends
        those of the cells there.
        """
        wide = np.concatenate([distance[..., :1], distance, distance[..., -1:]], axis=-1)
        tall = np.concatenate([distance[..., :1, :], distance, distance[..., -1:, :]], axis=-2)
        return 0.5 * (wide[..., 1:] + wide[..., :-1]), 0.5 * (tall[..., 1:, :] + tall[..., :-1, :])

    def corners(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances (..., rows, columns) at the corners of all cells, (..., rows + 1, columns + 1)."""
        at_u, _ = self.between(distance)
        tall = np.concatenate([at_u[..., :1, :], at_u, at_u[..., -1:, :]], axis=-2)
        return 0.5 * (tall[..., 1:, :] + tall[..., :-1, :])

    def residual(
        self,
        values: Mapping[str, torch.Tensor],
        queries: Mapping[str, torch.Tensor],
        *,
        interval: float = 1.0,
    ) -> dict[str, torch.Tensor]:
        """`momentum_x` and `momentum_y` at the right and upper sides of cells in the fluid, `divergence` in
        cells, `slip_x` and `slip_y` at sides within solids; each (samples, times, rows, columns), zero where
        it does not apply. Steady: the interval plays no part.

        Of the exact flow, momentum is missing in proportion to the square of the spacing, and more beside
        curved walls; of `StreamNewton`'s answers on this grid nothing is.
        """
        return imbalances(self, values, queries)


STEADY_UNTIL = 45.0
"""Reynolds number of the obstacle. A cylinder in the open sheds vortices from some 47 on, Williamson, Annu.
Rev. Fluid Mech. 28 (1996), doi:10.1146/annurev.fl.28.010196.002401; other shapes may somewhat earlier, which
is not checked."""
