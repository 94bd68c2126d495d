"""Fourier in space, fixed steps in time: what the spectral solvers share; see `spectral_schemes`."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from .compiled_spectral import CompiledEngine
from .fourier import low_pass, resample, sampled
from .plain_spectral import PlainEngine
from .spectral_recipe import Recipe
from .spectral_system import SpectralSystem, kept_modes, spectral_operator
from .surviving_step import step_that_survives

__all__ = ["SpectralSolver", "engine_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class SpectralSolver(Solver):
    """Fourier in space, a fixed step in time. The fields are the accuracy.

    Queries and answers live on the system's grid; a solver with other `points` resamples on the way in and
    out. Output at any time: see `spectral_recipe`. A sample that becomes infinite is NaN from then on and its
    status is DIVERGED; `advice` names a step that survives, if one is found in a few seconds.

    Attributes:
        step: in time.
        points: of the grid that is computed on, even; None for the system's. 1, 3 or 5 times 8, 16, 32, ...
            points, from 16 to 4096, run compiled, any other number some ten times slower.
        dtype: 'float64', 'float32', or 'longdouble': the machine's extended precision, where it has one;
            slow, and the only way to know a chaotic trajectory beyond some 25 Lyapunov times.
        dealias: 'none', or '2/3' to keep the upper third of the modes at zero. Where the spectrum falls
            exponentially, the modes that this costs hold more than what aliasing spoils, so that a dealiased
            run is the less accurate one on the same grid.

    Raises `SolverError` for settings that make no sense.
    """

    system: SpectralSystem
    _: KW_ONLY
    step: float = 1 / 64
    points: int | None = None
    dtype: str = "float64"
    dealias: str = "none"

    scheme: ClassVar[str]
    pairs_per_step: ClassVar[int]
    """Pairs of transforms (to the grid and back) that one step takes."""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.step) and self.step > 0):
            raise SolverError(f"step must be positive and finite, got {self.step}")
        if self.grid_points < 8 or self.grid_points % 2 or self.grid_points != int(self.grid_points):
            raise SolverError(f"points must be an even whole number of at least 8, got {self.points}")
        if self.dtype not in ("float64", "float32", "longdouble"):
            raise SolverError(f"dtype must be 'float64', 'float32' or 'longdouble', got {self.dtype!r}")
        if self.dtype == "longdouble" and np.finfo(np.longdouble).eps > 1e-18:
            raise SolverError("this machine has no extended precision; use dtype='float64'")
        if self.dealias not in ("none", "2/3"):
            raise SolverError(f"dealias must be 'none' or '2/3', got {self.dealias!r}")

    @property
    def grid_points(self) -> int:
        """Points of the grid that is computed on."""
        return self.system.points if self.points is None else self.points

    @property
    def pairs_per_unit_time(self) -> float:
        """The work: pairs of transforms per unit time, the start of a multistep scheme left out."""
        return self.pairs_per_step / self.step

    @property
    def label(self) -> str:
        """E.g. `ETDRK4 h=1/16 N=64 float64`."""
        fraction = Fraction(self.step).limit_denominator(1 << 20)
        step = str(fraction) if float(fraction) == self.step else repr(self.step)
        dealias = "" if self.dealias == "none" else f" dealias={self.dealias}"
        return f"{self.scheme_label} h={step} N={self.grid_points} {self.dtype}{dealias}"

    @property
    def scheme_label(self) -> str:
        """The scheme's name as it is printed."""
        return self.scheme

    @abstractmethod
    def recipe(self, number: float | None = None) -> Recipe:
        """Equation, scheme and step, for an engine; of samples of this number, see `SpectralSystem`."""

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`. Values are (samples, times, system points) in float64."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        initial = np.asarray(queries["u"], dtype=np.float64)
        numbers = self.system.numbers(queries)
        if numbers is None:
            values = self.integrate(initial, times)
        else:
            values = np.empty((samples, len(times), self.system.points))
            for number in np.unique(numbers):
                alike = numbers == number
                values[alike] = self.integrate(initial[alike], times, number=float(number))
        known = np.logical_and.accumulate(np.isfinite(values).all(axis=2), axis=1)
        values[~known] = np.nan
        finite = known[:, -1]
        seconds = clock.perf_counter() - begin
        failed = len(finite) - int(finite.sum())
        notes = (f"{failed} of {len(finite)} samples became infinite with {self.label}",) if failed else ()
        return Solution(
            times=times,
            values={"u": values},
            status=np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8),
            seconds=np.full(samples, seconds / max(samples, 1)),
            error_estimate=np.full(samples, np.nan),
            notes=notes,
        )

    def integrate(
        self, initial: NDArray[np.float64], times: NDArray[np.float64], *, number: float | None = None
    ) -> NDArray[np.float64]:
        """u at the times, (samples, times, points), from (samples, points); not finite where it blew up. All
        samples are of this number, see `SpectralSystem`.
        """
        wide = np.result_type(self.dtype, np.float64)
        start = resample(initial.astype(wide), self.grid_points)
        if self.dealias != "none":
            start = low_pass(start, kept_modes(self.grid_points, self.dealias))
        frames = engine_of(self, number).frames(start.astype(self.dtype), times)
        with np.errstate(over="ignore", invalid="ignore"):
            shown = (sampled if self.system.sharp else resample)(
                frames.astype(wide, copy=False), self.system.points
            )
            return shown.astype(np.float64, copy=False)

    def _recipe(self, scheme: Any, *, number: float | None, **multistep: Any) -> Recipe:
        operator = spectral_operator(
            self.system, self.grid_points, dtype=self.dtype, dealias=self.dealias, number=number
        )
        return Recipe(operator, self.dtype, self.step, scheme, **multistep)

    def advice(self, queries: Queries, times: NDArray[np.float64], solution: Solution) -> str:
        """See `Solver`: a step that was tried on one of the failed samples and survives."""
        failed = np.flatnonzero(~solution.solved)
        if not len(failed):
            return ""
        # as many as run on what was compiled for this batch
        probe = np.asarray(queries["u"], dtype=np.float64)[[failed[0]] * min(len(solution.status), 3)]
        numbers = self.system.numbers(queries)
        number = None if numbers is None else float(numbers[failed[0]])
        return step_that_survives(self, probe, float(times[-1]), number=number)


@lru_cache(maxsize=4096)  # samples that differ in their number have an engine each
def engine_of(
    solver: SpectralSolver, number: float | None = None, *, compiled: bool | None = None
) -> PlainEngine | CompiledEngine:
    """The engine that runs a solver: the compiled one where it can, unless asked for the other.

    Engines are kept with their coefficients, so that asking one trajectory after another costs nothing but
    the steps.
    """
    if compiled is None:
        compiled = CompiledEngine.can_run(solver.grid_points, solver.dtype, solver.system.power)
    return (CompiledEngine if compiled else PlainEngine)(solver.recipe(number))
