"""Poisson's equation on a square whose walls are kept at zero."""

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
from ..pointwise import Pointwise
from .equations import equations_of

__all__ = ["Poisson"]

AT_WALLS = 1e-6
"""Of the largest source: so much at a wall is round-off of single precision."""


@dataclass(frozen=True)
class Poisson(System):
    """u_xx + u_yy = -f for 0 <= x, y <= 1, u = 0 on the walls.

    The standard source is 2 pi^2 sin(pi x) sin(pi y), its answer sin(pi x) sin(pi y). A query is (samples,
    points, points) `f`, first x, then y, zero on the walls. Between its points the source is the sum of
    products of sines through them. It is steady: the answer is the same at all times.

    Attributes:
        points: evenly spaced along each side, both walls included; at least 5.
        waves: of sines along each side, whose random products are summed for a source; 0 for the standard
            source.

    Raises `SolverError` for parameters that make no sense.

    Reference: Courant & Hilbert, Methods of Mathematical Physics 1 (1953),
    doi:10.1002/9783527617210.

    >>> Poisson(33).grid
    (33, 33)
    """

    name: ClassVar[str] = "poisson"
    title: ClassVar[str] = "Poisson"

    points: int = 65
    _: KW_ONLY
    waves: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.points, int) or self.points < 5:
            raise SolverError(f"points must be a whole number of at least 5, got {self.points}")
        if not isinstance(self.waves, int) or not 0 <= self.waves <= self.points - 2:
            raise SolverError(
                f"waves must be a whole number from 0 to {self.points - 2}, which {self.points} points hold; "
                f"got {self.waves}"
            )

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """x and y, each from wall to wall."""
        places = tuple(self.places().tolist())
        return (Axis("x", places, ends=("wall", "wall")), Axis("y", places, ends=("wall", "wall")))

    def places(self) -> NDArray[np.float64]:
        """(points,) along either side."""
        return np.asarray(np.arange(self.points) / (self.points - 1))

    @property
    def fields(self) -> tuple[Field, ...]:
        """The potential u."""
        return (Field("u", meaning="potential"),)

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """The source."""
        return (Field("f", varies_in_time=False, meaning="source"),)

    @property
    def characteristic_time(self) -> float:
        """The unit of a time that plays no part."""
        return 1.0

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """Sources of random amplitudes, each as large in the root mean square as the standard one, for each
        generator.

        The same generator draws the same function on every grid.
        """
        waves = max(1, self.waves)
        sines = np.sin(np.pi * np.multiply.outer(self.places(), np.arange(1, waves + 1)))
        sines[[0, -1]] = 0.0  # not the round-off of pi
        f = np.empty((len(generators), self.points, self.points))
        for i, generator in enumerate(generators):
            heights = generator.standard_normal((waves, waves)) if self.waves else np.ones((1, 1))
            f[i] = 2 * np.pi**2 / np.linalg.norm(heights) * (sines @ heights @ sines.T)
        return {"f": f}

    def check_queries(self, queries: Queries) -> int:
        """See `System`; sources must be zero on the walls."""
        samples = super().check_queries(queries)
        f = np.abs(np.asarray(queries["f"]))
        edges = [f[:, 0], f[:, -1], f[:, :, 0], f[:, :, -1]]
        wrong = np.flatnonzero(np.max(edges, axis=(0, 2)) > AT_WALLS * f.max(axis=(1, 2)))
        if len(wrong):
            raise SolverError(
                f"f must be zero on all four walls; it is not in samples {wrong[:5].tolist()}: set it to "
                "zero there, and the sum of sines through its inner points is meant"
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
        """`poisson` at inner points (samples, times, points - 2, points - 2); `walls` (samples, times, 4,
        points): u at x = 0 and 1, at y = 0 and 1.

        `poisson` is u_xx + u_yy by nine points, plus the mean of f over five, two thirds of it the middle
        one's. Of an exact solution what is left falls with the fourth power of the spacing. Any number of
        points will do, the source's; steady: the interval plays no part.

        Raises `SolverError` for arrays of other shapes.
        """
        u, f = values["u"], queries["f"]
        if u.ndim != 4 or f.ndim != 3 or u.shape[2:] != f.shape[1:] or not u.shape[2] == u.shape[3] >= 3:
            raise SolverError(
                f"u must be (samples, times, points, points) and f (samples, points, points), got "
                f"{tuple(u.shape)} and {tuple(f.shape)}"
            )
        f = f.to(u)[:, None]
        spacing = 1 / (u.shape[-1] - 1)
        corners = u[..., :-2, :-2] + u[..., :-2, 2:] + u[..., 2:, :-2] + u[..., 2:, 2:]
        bend = (4 * _beside(u) + corners - 20 * _middle(u)) / (6 * spacing**2)
        walls = [u[..., 0, :], u[..., -1, :], u[..., 0], u[..., -1]]
        return {
            "poisson": bend + (8 * _middle(f) + _beside(f)) / 12,
            "walls": torch.stack(walls, dim=-2),
        }

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """See `System`; the source is the sum of products of sines through f, and the horizon plays no
        part.
        """
        return equations_of(query)

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Left and right exchanged; bottom and top; x and y; the signs turned round."""
        return (_left_right, _bottom_top, _exchanged, _turned)


def _middle(u: torch.Tensor) -> torch.Tensor:
    return u[..., 1:-1, 1:-1]


def _beside(u: torch.Tensor) -> torch.Tensor:
    """The four neighbours' sum."""
    return u[..., :-2, 1:-1] + u[..., 2:, 1:-1] + u[..., 1:-1, :-2] + u[..., 1:-1, 2:]


def _left_right(named: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {n: np.ascontiguousarray(v[..., ::-1, :]) if _known(n) else v for n, v in named.items()}


def _bottom_top(named: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {n: np.ascontiguousarray(v[..., ::-1]) if _known(n) else v for n, v in named.items()}


def _exchanged(named: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {n: np.ascontiguousarray(v.swapaxes(-1, -2)) if _known(n) else v for n, v in named.items()}


def _turned(named: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {n: -v if _known(n) else v for n, v in named.items()}


def _known(name: str) -> bool:
    """Whether it is a source or a potential, with whatever before."""
    return name.rpartition("/")[2] in ("f", "u")
