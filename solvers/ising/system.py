"""The Ising model: spins on a square lattice that closes on itself, at a temperature."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import PERIODIC, Axis, Field, Queries, SolverError, System

__all__ = ["CRITICAL", "SEEDS", "Ising", "energies_of"]

Array = NDArray[np.float64]
CRITICAL = 2 / math.log1p(math.sqrt(2))
"""The temperature below which an infinite lattice is magnetised, 2.269 (Onsager 1944)."""
SEEDS = 2**24
"""Seeds are whole numbers below this: training sets are in single precision, which is exact up to here."""


@dataclass(frozen=True)
class Ising(System):
    """Energy and specific heat of spins +1 and -1, each of which likes to be as its four neighbours are.

    A configuration has the energy E = -sum s s', once for each pair of neighbours, and comes up as often as
    exp(-E / T) says: coupling and Boltzmann's constant are 1. A query is (samples,) `temperature`, and a
    `seed` for solvers that throw dice: a query's answer depends on nothing but the query. The answer is, per
    spin, the mean `energy` and the `specific_heat` (<E^2> - <E>^2) / T^2, and of solvers that sample some
    configurations, `spins`, too. There is no time: the answer is the same at all times.

    On a side of two spins, two neighbours are joined by two bonds.

    Attributes:
        rows, columns: of the lattice.
        copies: configurations in an answer.
        coldest, hottest: between which temperatures are drawn, evenly.

    Raises `SolverError` for parameters that make no sense.

    Reference: Onsager, Physical Review 65 (1944), doi:10.1103/PhysRev.65.117.

    >>> energies_of(np.ones((8, 8)))
    array(-128.)
    """

    name: ClassVar[str] = "ising"
    title: ClassVar[str] = "Ising model"

    rows: int = 8
    columns: int = 8
    _: KW_ONLY
    copies: int = 256
    coldest: float = 1.6
    hottest: float = 3.4

    def __post_init__(self) -> None:
        if self.rows < 2 or self.columns < 2 or self.copies < 1:
            raise SolverError(
                "rows and columns must be at least 2 and copies at least 1, got "
                f"{self.rows}, {self.columns} and {self.copies}"
            )
        if not 0 < self.coldest <= self.hottest < math.inf:
            raise SolverError(
                f"coldest must be positive and no more than hottest, got {self.coldest} and {self.hottest}"
            )

    @property
    def spins(self) -> int:
        """On the lattice."""
        return self.rows * self.columns

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Configurations, which are in no order, and the lattice."""
        return (
            Axis("copy", tuple(map(float, range(self.copies)))),
            Axis("y", tuple(map(float, range(self.rows))), ends=PERIODIC),
            Axis("x", tuple(map(float, range(self.columns))), ends=PERIODIC),
        )

    @property
    def fields(self) -> tuple[Field, ...]:
        """Energy, specific heat, and configurations."""
        return (
            Field("energy", meaning="mean energy per spin", axes=()),
            Field("specific_heat", meaning="variance of the energy per spin, over T^2", axes=()),
            Field("spins", meaning="configurations of +1 and -1"),
        )

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """Temperature, and where random numbers start."""
        return (
            Field("temperature", varies_in_time=False, meaning="in units of the coupling", axes=()),
            Field("seed", varies_in_time=False, meaning="where random numbers start", axes=()),
        )

    @property
    def characteristic_time(self) -> float:
        """The unit of a time that plays no part."""
        return 1.0

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """Temperatures evenly, and seeds, for each generator."""
        share = np.array([generator.random() for generator in generators])
        seeds = np.array([generator.integers(SEEDS) for generator in generators], dtype=np.float64)
        return {"temperature": self.coldest + (self.hottest - self.coldest) * share, "seed": seeds}

    def check_queries(self, queries: Queries) -> int:
        """See `System`; temperatures must be positive, seeds whole and below `SEEDS`."""
        samples = super().check_queries(queries)
        temperature, seed = np.asarray(queries["temperature"]), np.asarray(queries["seed"])
        if (temperature <= 0).any():
            raise SolverError(
                f"'temperature' must be positive, got {temperature.min():g} in sample {temperature.argmin()}"
            )
        wrong = (seed != np.floor(seed)) | (seed < 0) | (seed >= SEEDS)
        if wrong.any():
            raise SolverError(
                f"'seed' must be a whole number from 0 to {SEEDS - 1}, got {seed[wrong][0]:g} in sample "
                f"{np.flatnonzero(wrong)[0]}"
            )
        return samples

    def observed(self, values: Mapping[str, NDArray[Any]], queries: Queries) -> dict[str, Array]:
        """`energy` and `specific_heat` (samples, times) of `spins` (samples, times, copies, y, x)."""
        energies = energies_of(values["spins"])
        heat = energies.var(axis=-1) / np.asarray(queries["temperature"])[:, None] ** 2
        return {"energy": energies.mean(axis=-1) / self.spins, "specific_heat": heat / self.spins}

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, Array]:
        """None."""
        return {}

    def residual(
        self,
        values: Mapping[str, torch.Tensor],
        queries: Mapping[str, torch.Tensor],
        *,
        interval: float = 1.0,
    ) -> dict[str, torch.Tensor]:
        """`spins`: s^2 - 1, zero for every configuration. Nothing else binds an answer at one temperature."""
        return {"spins": values["spins"].square() - 1}


def energies_of(spins: NDArray[Any]) -> Array:
    """(..., rows, columns) of +1 and -1 -> (...) energies of whole lattices."""
    spins = np.asarray(spins, dtype=np.float64)
    neighbours = np.roll(spins, 1, axis=-1) + np.roll(spins, 1, axis=-2)
    return np.asarray(-np.einsum("...yx,...yx->...", spins, neighbours))
