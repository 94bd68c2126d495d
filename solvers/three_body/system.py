"""Three point masses under their mutual gravity, in a plane: Newton's problem that has no solution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import Axis, Field, Queries, SolverError, System
from ..methods.time_derivative import time_derivative
from ..pointwise import Pointwise
from .equations import equations_of
from .exact import figure_eight

__all__ = ["PAIRS", "ThreeBody", "standard_starts"]

PAIRS = ((0, 1), (0, 2), (1, 2))
"""The bodies of each pair."""


def standard_starts(x: NDArray[np.float64], y: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Three equal masses at rest about their barycentre, the first at (1, 0), the second at each (x, y).

    (samples,) each -> query fields (samples, 3).
    """
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    return {
        "x": np.stack([ones, x, -1 - x], axis=1),
        "y": np.stack([zeros, y, -y], axis=1),
        **{name: np.zeros((len(x), 3)) for name in ("vx", "vy")},
        "mass": np.ones((len(x), 3)),
    }


@dataclass(frozen=True)
class ThreeBody(System):
    """x_i'' = -sum_j m_j (x_i - x_j) / (|x_i - x_j|^2 + softening^2)^(3/2), in units in which G = 1.

    The bodies attract each other without end: two that meet head-on pass through infinite speed, and how
    close a third comes to them decides the rest. Nearly all starts end with one body thrown out and two in a
    tight orbit; when, and which, depends on the start so finely that the map of it is a fractal.

    A query is (samples, bodies) positions `x`, `y`, velocities `vx`, `vy`, and the masses `mass`.

    `draw` gives the starts of Breen et al. (2019): three equal masses at rest with the barycentre at the
    origin; the body farthest from it at (1, 0), the nearest uniformly in the region in which it can be, with
    y >= 0. Every start of three equal masses at rest is one of these but for size, rotation, reflection and
    numbering. With the options, masses and velocities are drawn, too.

    Attributes:
        softening: length below which the attraction is weakened; 0 for Newton's law.
        mass_ratio: masses are drawn between 1 / mass_ratio and mass_ratio, uniform in their logarithm;
            1 for equal masses.
        speed: standard deviation of each component of the initial velocities, whose barycentre rests;
            0 for starts at rest.
        orbit: `figure_eight` draws the start of that orbit every time, and nothing else; else `any`.

    Raises `SolverError` for parameters that make no sense.

    Reference: Breen, Foley, Boekholt & Portegies Zwart, MNRAS 494 (2020), doi:10.1093/mnras/staa713,
    arXiv:1910.07291.

    >>> ThreeBody().grid
    (3,)
    """

    name: ClassVar[str] = "three_body"
    title: ClassVar[str] = "Three bodies"

    _: KW_ONLY
    softening: float = 0.0
    mass_ratio: float = 1.0
    speed: float = 0.0
    orbit: Literal["any", "figure_eight"] = "any"

    def __post_init__(self) -> None:
        for name, least in (("softening", 0.0), ("mass_ratio", 1.0), ("speed", 0.0)):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= least):
                raise SolverError(f"{name} must be finite and at least {least:g}, got {value}")
        if self.orbit not in ("any", "figure_eight"):
            raise SolverError(f"orbit must be any or figure_eight, got {self.orbit!r}")

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The bodies, numbered from 1."""
        return (Axis("body", (1.0, 2.0, 3.0)),)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Positions and velocities."""
        return (
            Field("x", meaning="first coordinate"),
            Field("y", meaning="second coordinate"),
            Field("vx", meaning="velocity along x"),
            Field("vy", meaning="velocity along y"),
        )

    @cached_property
    def query_fields(self) -> tuple[Field, ...]:
        """Initial positions and velocities, and the masses."""
        return (*self.fields, Field("mass", meaning="mass", varies_in_time=False))

    @property
    def grid(self) -> tuple[int, ...]:
        """The bodies."""
        return (3,)

    def grid_of(self, field: Field) -> tuple[int, ...]:
        """All fields are given for each body."""
        return (3,)

    @property
    def characteristic_time(self) -> float:
        """The crossing time M^(5/2) / (2 |E|)^(3/2) of a middling start, the second body at (-0.25, 0.5)."""
        x2 = np.array([-0.25, 0.5])
        bodies = np.array([[1.0, 0.0], x2, [-1.0, 0.0] - x2])
        energy = sum(1 / np.hypot(*(bodies[i] - bodies[j])) for i, j in PAIRS)
        return float(3**2.5 / (2 * energy) ** 1.5)

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """One start for each generator; see the class."""
        if self.orbit == "figure_eight":
            return {n: np.repeat(v, len(generators), axis=0) for n, v in figure_eight().items()}
        places = np.empty((2, len(generators)))
        for i, generator in enumerate(generators):
            while True:
                places[:, i] = generator.uniform([-0.5, 0.0], [0.0, 1.0])
                if np.hypot(1 + places[0, i], places[1, i]) <= 1:
                    break
        start = standard_starts(*places)
        x, y, vx, vy, mass = (start[name] for name in ("x", "y", "vx", "vy", "mass"))
        for i, generator in enumerate(generators):
            if self.mass_ratio > 1:
                mass[i] = self.mass_ratio ** generator.uniform(-1.0, 1.0, 3)
            if self.speed > 0:
                vx[i], vy[i] = self.speed * generator.standard_normal((2, 3))
        whole = mass.sum(axis=1, keepdims=True)
        for component in (x, y, vx, vy):
            component -= (mass * component).sum(axis=1, keepdims=True) / whole
        return start

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """See `System`."""
        return equations_of(self, query, horizon=horizon)

    def check_queries(self, queries: Queries) -> int:
        """See `System`; masses must be positive."""
        samples = super().check_queries(queries)
        wrong = np.unique(np.argwhere(np.asarray(queries["mass"]) <= 0)[:, 0])
        if len(wrong):
            raise SolverError(
                f"masses must be positive; they are not in samples {wrong[:5].tolist()}: remove those "
                "samples (a test particle is a body of very small mass)"
            )
        return samples

    def extent(self, queries: Queries) -> NDArray[np.float64]:
        """(samples,) the largest distance of two bodies, softened: the unit in which errors are measured."""
        x, y = (np.asarray(queries[name], dtype=np.float64) for name in ("x", "y"))
        apart = [np.hypot(x[:, i] - x[:, j], y[:, i] - y[:, j]) for i, j in PAIRS]
        return np.asarray(np.hypot(np.max(apart, axis=0), self.softening))

    def coincident(self, queries: Queries) -> NDArray[np.bool_]:
        """(samples,) where two bodies are at one place, as far as double precision tells.

        No solver can start from there, unless gravity is softened.
        """
        mass = np.asarray(queries["mass"], dtype=np.float64)
        places = [np.asarray(queries[name], dtype=np.float64) for name in ("x", "y")]
        # about the barycentre, as solvers have them: rounding can make one place of two
        x, y = (p - (mass * p).sum(axis=1, keepdims=True) / mass.sum(axis=1, keepdims=True) for p in places)
        same = [(x[:, i] == x[:, j]) & (y[:, i] == y[:, j]) for i, j in PAIRS]
        return np.asarray(np.any(same, axis=0) & (self.softening == 0))

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, NDArray[np.float64]]:
        """`energy`, `angular_momentum`, `momentum_x`, `momentum_y`; each (samples, times).

        The masses are taken from the queries, and are 1 where there are none.
        """
        x, y, vx, vy = (np.asarray(values[name], dtype=np.float64) for name in ("x", "y", "vx", "vy"))
        mass = np.asarray(queries["mass"], dtype=np.float64)[:, None] if "mass" in queries else np.ones(3)
        mass = np.broadcast_to(mass, x.shape)
        energy = (mass * (vx**2 + vy**2)).sum(axis=-1) / 2
        with np.errstate(divide="ignore"):
            for i, j in PAIRS:
                square = (x[..., i] - x[..., j]) ** 2 + (y[..., i] - y[..., j]) ** 2
                energy -= mass[..., i] * mass[..., j] / np.sqrt(square + self.softening**2)
        return {
            "energy": energy,
            "angular_momentum": (mass * (x * vy - y * vx)).sum(axis=-1),
            "momentum_x": (mass * vx).sum(axis=-1),
            "momentum_y": (mass * vy).sum(axis=-1),
        }

    def residual(
        self,
        values: Mapping[str, torch.Tensor],
        queries: Mapping[str, torch.Tensor],
        *,
        interval: float,
    ) -> dict[str, torch.Tensor]:
        """`velocity_x`: x_t - vx, `force_x`: vx_t - acceleration, the same of y: (samples, times, bodies).

        Values are (samples, times, bodies) at times `interval` apart; masses are 1 where the query has none.
        Of an exact solution it falls with the fourth power of the interval, where the frames resolve it.

        Raises `SolverError` for fewer than two frames or an interval that is not positive.
        """
        x = values["x"]
        if x.ndim != 3 or x.shape[1] < 2 or not interval > 0:
            raise SolverError(
                "a residual needs values (samples, times, bodies) at two times or more, a positive interval "
                f"apart; got shape {tuple(x.shape)} and interval {interval}"
            )
        force = self.acceleration(x, values["y"], queries.get("mass"))
        found = {}
        for component, position in enumerate(("x", "y")):
            velocity = values[f"v{position}"]
            slope = time_derivative(values[position], interval=interval)
            found[f"velocity_{position}"] = slope - velocity
            found[f"force_{position}"] = time_derivative(velocity, interval=interval) - force[component]
        return found

    def acceleration(
        self, x: torch.Tensor, y: torch.Tensor, mass: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each body, along x and y, differentiable; x and y are (samples, times, bodies), mass (samples,
        bodies) or None for 1.
        """
        dx, dy = x[..., :, None] - x[..., None, :], y[..., :, None] - y[..., None, :]
        square = dx**2 + dy**2 + self.softening**2
        itself = torch.eye(3, dtype=x.dtype, device=x.device)
        weight = (1 - itself) * (square + itself) ** -1.5
        if mass is not None:
            weight = weight * mass[:, None, None, :].to(x)
        return -(weight * dx).sum(dim=-1), -(weight * dy).sum(dim=-1)
