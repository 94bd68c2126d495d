"""Energy and specific heat of finite lattices to round-off: Kaufman's products, and all configurations."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from .system import Ising, energies_of

__all__ = ["Enumeration", "Exact", "Kaufman", "levels_of"]

Array = NDArray[np.float64]
MOST = 16
"""Spins whose configurations are all enumerated."""
WORST = 1e-6
"""Relative error of a specific heat that is no truth any more."""


@dataclass(frozen=True)
class Exact(Solver):
    """Solvers that sum over all configurations; they show none, so an answer holds no `spins`.

    A subclass gives `log_partition` and `rounding`. With the coupling over the temperature K = 1 / T, the
    energy is -(log Z)' and the specific heat K^2 (log Z)'', each per spin. A specific heat that round-off may
    have changed by more than a millionth is marked `NOT_CONVERGED`.
    """

    system: Ising

    @abstractmethod
    def log_partition(self, coupling: Array) -> tuple[Array, Array, Array]:
        """(samples,) K -> log Z and its first and second derivative."""

    @abstractmethod
    def rounding(self, coupling: Array, bend: Array) -> Array:
        """(samples,) what round-off makes of the specific heat, relative, at most; `bend` is (log Z)''."""

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times, whatever the seeds."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        coupling = 1 / np.asarray(queries["temperature"], dtype=np.float64)
        with np.errstate(all="ignore"):  # what is too cold to be computed says so in its status
            _, slope, bend = self.log_partition(coupling)
            error = self.rounding(coupling, bend)
        found = {
            "energy": -slope / self.system.spins,
            "specific_heat": coupling**2 * bend / self.system.spins,
        }
        finite = np.all([np.isfinite(values) for values in (*found.values(), error)], axis=0)
        status = np.where(error < WORST, Status.SOLVED, Status.NOT_CONVERGED)
        return Solution(
            times=times,
            values={name: np.repeat(v[:, None], len(times), axis=1) for name, v in found.items()},
            status=np.where(finite, status, Status.DIVERGED).astype(np.int8),
            seconds=np.full(samples, (clock.perf_counter() - begin) / max(samples, 1)),
            error_estimate=error,
        )


@dataclass(frozen=True)
class Kaufman(Exact):
    """The closed sum of four products over the wave numbers of the lattice.

    With cosh g(l) = cosh^2 2K / sinh 2K - cos(pi l / n) for n columns, g(0) = 2 K + log tanh K of either
    sign, and m rows,

        2 Z = (2 sinh 2K)^(m n / 2) (prod 2 cosh(m g / 2) + prod 2 sinh(m g / 2) over the odd l from 1 to
        2 n - 1, and the same over the even l from 0 to 2 n - 2).

    Products are kept as logarithms, with their derivatives. The factor sinh(m g(0) / 2) is none of these: it
    changes its sign at the critical temperature, where its logarithm is of no use.

    The specific heat is a difference of large numbers where it is small: ten digits are left at T = 0.5, some
    at 0.3, none at 0.2. The estimate of the error says so, and below some 0.33 no answer counts as solved.

    References: Kaufman, Physical Review 76 (1949), doi:10.1103/PhysRev.76.1232; Ferdinand & Fisher, Physical
    Review 185 (1969), doi:10.1103/PhysRev.185.832.
    """

    @property
    def label(self) -> str:
        """`Kaufman`."""
        return "Kaufman"

    def rounding(self, coupling: Array, bend: Array) -> Array:
        """See `Exact`: of second derivatives that, spin by spin, are 1 + 1 / sinh^2 2K before they cancel."""
        summed = self.system.spins * (1 + np.sinh(2 * coupling) ** -2)
        return np.asarray(np.where(bend > 0, 16 * np.finfo(np.float64).eps * summed / np.abs(bend), np.inf))

    def log_partition(self, coupling: Array) -> tuple[Array, Array, Array]:
        """See `Exact`."""
        k = np.asarray(coupling, dtype=np.float64)
        m, n = self.system.rows, self.system.columns
        odd = _powers(k, np.arange(1, 2 * n, 2), rows=m, columns=n)
        even = _powers(k, np.arange(2, 2 * n - 1, 2), rows=m, columns=n)
        first = 2 * k + np.log(np.tanh(k)), 2 + 2 / np.sinh(2 * k), -4 * np.cosh(2 * k) / np.sinh(2 * k) ** 2
        x, slope, bend = (0.5 * m * part for part in first)
        size, left = np.abs(x), np.exp(-2 * np.abs(x))
        cosh, sinh = 1 + left, np.sign(x) * (1 - left)  # twice each, over exp(size)
        # (log of the scale, its two derivatives, a factor and its two derivatives) of each product
        one, none = np.ones_like(k), np.zeros_like(k)
        products = [
            (*odd[0], one, none, none),
            (*odd[1], one, none, none),
            (even[0][0] + size, *even[0][1:], cosh, slope * sinh, slope**2 * cosh + bend * sinh),
            (even[1][0] + size, *even[1][1:], sinh, slope * cosh, slope**2 * sinh + bend * cosh),
        ]
        # relative to the first product, so that little cancels in the variance
        middle = products[0][1]
        top = np.max([product[0] for product in products], axis=0)
        total = np.zeros((3, *k.shape))
        for log, log_slope, log_bend, factor, rise, turn in products:
            weight, off = np.exp(log - top), log_slope - middle
            total[0] += weight * factor
            total[1] += weight * (rise + factor * off)
            total[2] += weight * (turn + 2 * rise * off + factor * (log_bend + off**2))
        mean = total[1] / total[0]
        spins, tanh = m * n, np.tanh(2 * k)
        return (
            top + np.log(total[0]) - np.log(2) + 0.5 * spins * (np.log(2) + _log_sinh(2 * k)),
            middle + mean + spins / tanh,
            total[2] / total[0] - mean**2 - 2 * spins / np.sinh(2 * k) ** 2,
        )


@dataclass(frozen=True)
class Enumeration(Exact):
    """Every configuration of a small lattice, counted by its energy.

    Raises `SolverError` for more than 16 spins.
    """

    def __post_init__(self) -> None:
        if self.system.spins > MOST:
            raise SolverError(
                f"up to {MOST} spins can be enumerated, got {self.system.rows} x {self.system.columns}; take "
                "Kaufman"
            )

    @property
    def label(self) -> str:
        """`enumeration`."""
        return "enumeration"

    def rounding(self, coupling: Array, bend: Array) -> Array:
        """See `Exact`: of positive numbers alone, whose logarithms are as large as K times the energy."""
        largest = 1 + 2 * self.system.spins * np.asarray(coupling)
        return np.asarray(8 * np.finfo(np.float64).eps * largest)

    def log_partition(self, coupling: Array) -> tuple[Array, Array, Array]:
        """See `Exact`."""
        levels, counts = levels_of(self.system.rows, self.system.columns)
        weights = np.log(counts) - np.asarray(coupling)[:, None] * levels
        log = logsumexp(weights, axis=1)
        chance = np.exp(weights - log[:, None])
        mean = chance @ levels
        return np.asarray(log), -mean, (chance * (levels - mean[:, None]) ** 2).sum(axis=1)


@lru_cache
def levels_of(rows: int, columns: int) -> tuple[Array, Array]:
    """The energies that there are, rising, and how many configurations have each."""
    spins = rows * columns
    bits = (np.arange(2**spins)[:, None] >> np.arange(spins)) & 1
    levels, counts = np.unique(energies_of((2 * bits - 1).reshape(-1, rows, columns)), return_counts=True)
    return levels, counts.astype(np.float64)


Logarithm = tuple[Array, Array, Array]


def _powers(k: Array, waves: NDArray[np.intp], *, rows: int, columns: int) -> tuple[Logarithm, Logarithm]:
    """Of prod 2 cosh(m g / 2) and prod 2 sinh(m g / 2), over waves with g > 0: log and two derivatives."""
    cosh, sinh = np.cosh(2 * k)[:, None], np.sinh(2 * k)[:, None]
    level = cosh**2 / sinh - np.cos(np.pi * waves / columns)
    slope, bend = 2 * cosh * (1 - sinh**-2), 4 * sinh - 4 / sinh + 8 * cosh**2 / sinh**3
    below = np.sqrt(level**2 - 1)
    g, g_slope = np.arccosh(level), slope / below
    g_bend = (bend - level * g_slope**2) / below
    x, x_slope, x_bend = 0.5 * rows * g, 0.5 * rows * g_slope, 0.5 * rows * g_bend
    left = np.exp(-2 * x)
    tanh = np.tanh(x)
    log_cosh = (
        (x + np.log1p(left)).sum(axis=1),
        (x_slope * tanh).sum(axis=1),
        (x_bend * tanh + x_slope**2 * (1 - tanh**2)).sum(axis=1),
    )
    log_sinh = (
        (x + np.log1p(-left)).sum(axis=1),
        (x_slope / tanh).sum(axis=1),
        (x_bend / tanh + x_slope**2 * (1 - tanh**-2)).sum(axis=1),
    )
    return log_cosh, log_sinh


def _log_sinh(x: Array) -> Array:
    """Of positive numbers, however large."""
    return np.asarray(x + np.log1p(-np.exp(-2 * x)) - np.log(2))
