"""Samplers of the Ising model: single spins (Metropolis), and clusters (Wolff)."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from .sampling import Spins, metropolis_chain, wolff_chain
from .system import Ising

__all__ = ["Metropolis", "Sampler", "Wolff"]

WARM_UP = 5
"""Sweeps for each of the warm-up."""


@dataclass(frozen=True)
class Sampler(Solver):
    """One Markov chain for each query, from all spins up; a fifth of the sweeps more go before, unmeasured.

    A subclass gives `chain`. The error falls with the root of the sweeps, and is the smaller the sooner
    configurations forget one another. The specific heat is that of the chain's own energies, about their own
    mean: with few sweeps it is too small, by a share of the order of what two configurations have to be apart
    to have forgotten one another, over the sweeps.

    Attributes:
        sweeps: that are measured; in each, every spin has one chance to flip, or flips once in the mean.

    Raises `SolverError` for fewer than two sweeps.
    """

    system: Ising
    _: KW_ONLY
    sweeps: int = 1024

    def __post_init__(self) -> None:
        if self.sweeps < 2:
            raise SolverError(f"sweeps must be at least 2, got {self.sweeps}")

    @abstractmethod
    def chain(
        self, spins: Spins, temperature: float, *, warm_up: int, kept: Spins, random: np.random.Generator
    ) -> tuple[float, float]:
        """Move (rows, columns) on, fill `kept` (copies, rows, columns); the means of E and E^2."""

    @property
    def label(self) -> str:
        """E.g. `Wolff 1024`."""
        return f"{type(self).__name__} {self.sweeps}"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        system, samples = self.system, self.system.check_queries(queries)
        energy, heat, seconds = np.empty(samples), np.empty(samples), np.empty(samples)
        kept = np.empty((samples, system.copies, system.rows, system.columns), np.int8)
        spins = np.empty((system.rows, system.columns), np.int8)
        temperatures = np.asarray(queries["temperature"], dtype=np.float64)
        for i, seed in enumerate(np.asarray(queries["seed"]).astype(np.int64)):
            begin = clock.perf_counter()
            spins[:] = 1
            mean, square = self.chain(
                spins,
                temperatures[i],
                warm_up=max(1, self.sweeps // WARM_UP),
                kept=kept[i],
                random=np.random.default_rng(seed),
            )
            energy[i] = mean / system.spins
            heat[i] = (square - mean**2) / (system.spins * temperatures[i] ** 2)
            seconds[i] = clock.perf_counter() - begin
        found: dict[str, NDArray[Any]] = {
            "energy": energy,
            "specific_heat": heat,
            "spins": kept.astype(float),
        }
        return Solution(
            times=times,
            values={name: np.repeat(values[:, None], len(times), axis=1) for name, values in found.items()},
            status=np.full(samples, Status.SOLVED, np.int8),
            seconds=seconds,
            error_estimate=np.full(samples, np.nan),
        )


@dataclass(frozen=True)
class Metropolis(Sampler):
    """Each spin in turn, on the even squares of a checkerboard and then the odd ones.

    Near the critical temperature domains outlive many sweeps, the more the larger the lattice.

    Raises `SolverError` for a lattice with an odd side, on which a checkerboard does not close.

    Reference: Metropolis, Rosenbluth, Rosenbluth, Teller & Teller 1953, doi:10.1063/1.1699114.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.system.rows % 2 or self.system.columns % 2:
            raise SolverError(
                "a checkerboard closes on itself only with even sides, got "
                f"{self.system.rows} x {self.system.columns}; take Wolff, or even sides"
            )

    def chain(
        self, spins: Spins, temperature: float, *, warm_up: int, kept: Spins, random: np.random.Generator
    ) -> tuple[float, float]:
        """See `Sampler`."""
        first, second = metropolis_chain(spins, temperature, self.sweeps, warm_up, kept, random)
        return first, second


@dataclass(frozen=True)
class Wolff(Sampler):
    """Whole clusters of equal spins at once, which forget fast at the critical temperature, too.

    Reference: Wolff, Physical Review Letters 62 (1989), doi:10.1103/PhysRevLett.62.361.
    """

    def chain(
        self, spins: Spins, temperature: float, *, warm_up: int, kept: Spins, random: np.random.Generator
    ) -> tuple[float, float]:
        """See `Sampler`."""
        first, second = wolff_chain(spins, temperature, self.sweeps, warm_up, kept, random)
        return first, second
