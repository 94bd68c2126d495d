"""The solvers: one equation in Fourier space, several exponential schemes."""

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
from ..methods import exponential
from ..methods.exponential import Multistep, RungeKutta
from .compiled_engine import CompiledEngine
from .fourier import low_pass, resample
from .plain_engine import PlainEngine
from .recipe import Recipe, kept_modes, spectral_operator
from .surviving_step import step_that_survives
from .system import KuramotoSivashinsky

__all__ = ["CNAB2", "ETDAB", "ETDABM", "ETDRK4", "Krogstad", "MultistepSolver", "SpectralSolver", "engine_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class SpectralSolver(Solver):
    """Fourier in space, a fixed step in time. The fields are the accuracy.

    Queries and answers live on the system's grid; a solver with other `points` resamples on the way in and
    out. Output at any time: see `recipe`. A sample that becomes infinite is NaN from then on and its status
    is DIVERGED; `advice` names a step that survives, if one is found in a few seconds.

    Attributes:
        step: in time.
        points: of the grid that is computed on, even; None for the system's. 1, 3 or 5 times 8, 16, 32, ...
            points, from 16 to 4096, run compiled, any other number some ten times slower.
        dtype: 'float64', 'float32', or 'longdouble': the machine's extended precision, where it has one;
            slow, and the only way to know a trajectory beyond some 25 Lyapunov times.
        dealias: 'none', or '2/3' to keep the upper third of the modes at zero. The attractor's spectrum
            falls exponentially and the modes that it costs hold more than what aliasing spoils, so that a
            dealiased run is the less accurate one on the same grid.

    Raises `SolverError` for settings that make no sense.
    """

    system: KuramotoSivashinsky
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
    def recipe(self) -> Recipe:
        """Equation, scheme and step, for an engine to run."""

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`. Values are (samples, times, system points) in float64."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        initial = np.asarray(queries["u"], dtype=np.float64)
        values = self.integrate(initial, times)
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

    def integrate(self, initial: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
        """u at the times, (samples, times, points), from (samples, points); not finite where it blew up."""
        wide = np.result_type(self.dtype, np.float64)
        start = resample(initial.astype(wide), self.grid_points)
        if self.dealias != "none":
            start = low_pass(start, kept_modes(self.grid_points, self.dealias))
        frames = engine_of(self).frames(start.astype(self.dtype), times)
        with np.errstate(over="ignore", invalid="ignore"):
            return resample(frames.astype(wide, copy=False), self.system.points).astype(
                np.float64, copy=False
            )

    def _recipe(self, scheme: Any, **multistep: Any) -> Recipe:
        operator = spectral_operator(self.system, self.grid_points, self.dtype, self.dealias)
        return Recipe(operator, self.dtype, self.step, scheme, **multistep)

    def advice(self, queries: Queries, times: NDArray[np.float64], solution: Solution) -> str:
        """See `Solver`: a step that was tried on one of the failed samples and survives."""
        failed = np.asarray(queries["u"], dtype=np.float64)[~solution.solved]
        if not len(failed):
            return ""
        probe = failed[
            [0] * min(len(solution.status), 3)
        ]  # as many as run on what was compiled for this batch
        return step_that_survives(self, probe, float(times[-1]))


@dataclass(frozen=True)
class ETDRK4(SpectralSolver):
    """Exponential time differencing with a fourth-order Runge-Kutta scheme: what most codes use here.

    Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005), doi:10.1137/S1064827502410633.
    """

    scheme: ClassVar[str] = "ETDRK4"
    pairs_per_step: ClassVar[int] = 4

    def recipe(self) -> Recipe:
        """See `SpectralSolver`."""
        return self._recipe(_cox_matthews)


@dataclass(frozen=True)
class Krogstad(SpectralSolver):
    """ETDRK4-B: the cost of ETDRK4 at a smaller error, and nearly its full order on developed chaos.

    Krogstad, J. Comput. Phys. 203 (2005), doi:10.1016/j.jcp.2004.08.006.
    """

    scheme: ClassVar[str] = "Krogstad"
    pairs_per_step: ClassVar[int] = 4

    def recipe(self) -> Recipe:
        """See `SpectralSolver`."""
        return self._recipe(_krogstad)


@dataclass(frozen=True)
class MultistepSolver(SpectralSolver):
    """One pair of transforms a step; the first steps are made of small Runge-Kutta steps.

    Attributes:
        compensated: carry what round-off cuts from each step to the next: some hundred times more accurate
            where round-off is what limits a long run, a few per cent slower.
    """

    compensated: bool = False

    pairs_per_step: ClassVar[int] = 1

    @property
    def label(self) -> str:
        """E.g. `ETDAB4 h=1/64 N=64 float64 compensated`."""
        return super().label + " compensated" * self.compensated

    def _multistep(self, scheme: Any, *, order: int, terms: int) -> Recipe:
        # the start's error, some step * (step / substeps)^4, must fall as fast as the scheme's own
        substeps = 4 * max(1, int(np.ceil(self.step ** (-max(0, order - 5) / 4))))
        return self._recipe(
            scheme, terms=terms, start=_krogstad, start_substeps=substeps, compensated=self.compensated
        )


@dataclass(frozen=True)
class ETDAB(MultistepSolver):
    """Exponential Adams-Bashforth of order 2 to 6: a quarter of ETDRK4's cost per step.

    The cheapest way to an accurate trajectory, at the highest order that is stable at the step. Random starts
    survive, at L = 22 and at L = 200, steps of 1/4 and 1/6 at order 3, 1/10 and 1/14 at order 4, 1/32 and
    1/40 at order 5, 1/112 at order 6; the attractor at L = 22 takes 1/8, 1/24 and 1/64 at orders 4 to 6.

    Cox & Matthews, J. Comput. Phys. 176 (2002), doi:10.1006/jcph.2002.6995.
    """

    order: int = 4

    scheme: ClassVar[str] = "ETDAB"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in (2, 3, 4, 5, 6):
            raise SolverError(f"order must be 2 to 6, got {self.order}")

    @property
    def scheme_label(self) -> str:
        """E.g. `ETDAB4`."""
        return f"ETDAB{self.order}"

    def recipe(self) -> Recipe:
        """See `SpectralSolver`."""

        def scheme(linear: Array, step: float, fraction: float) -> Multistep:
            return exponential.adams_bashforth(linear, step, order=self.order, fraction=fraction)

        return self._multistep(scheme, order=self.order, terms=self.order)


@dataclass(frozen=True)
class ETDABM(MultistepSolver):
    """Exponential Adams-Bashforth-Moulton: predict, evaluate, correct, at one pair of transforms a step.

    Some ten times more accurate than `ETDAB` of the same order and cost, and less stable: at order 4 random
    starts survive steps of 1/14 at L = 22 and 1/20 at L = 200, where it beats every Adams-Bashforth scheme of
    that cost. The answer is the predicted value, one step's error away from the corrected one.

    `exponential.adams_bashforth_moulton` has the reference.
    """

    order: int = 4

    scheme: ClassVar[str] = "ETDABM"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in (2, 3, 4, 5):
            raise SolverError(f"order must be 2 to 5, got {self.order}")

    @property
    def scheme_label(self) -> str:
        """E.g. `ETDABM4`."""
        return f"ETDABM{self.order}"

    def recipe(self) -> Recipe:
        """See `SpectralSolver`."""

        def scheme(linear: Array, step: float, fraction: float) -> Multistep:
            return exponential.adams_bashforth_moulton(linear, step, order=self.order, fraction=fraction)

        return self._multistep(scheme, order=self.order, terms=self.order + 1)


@dataclass(frozen=True)
class CNAB2(MultistepSolver):
    """Crank-Nicolson and two-step Adams-Bashforth: the plain second-order scheme that many codes use.

    Here for comparison: exponential schemes of higher order are more accurate at the same cost.
    """

    scheme: ClassVar[str] = "CNAB2"

    def recipe(self) -> Recipe:
        """See `SpectralSolver`."""

        def scheme(linear: Array, step: float, fraction: float) -> Multistep:
            return exponential.crank_nicolson_adams_bashforth(linear, step, fraction=fraction)

        return self._multistep(scheme, order=2, terms=2)


def _cox_matthews(linear: Array, step: float, fraction: float) -> RungeKutta:
    return exponential.cox_matthews(linear, fraction * step)


def _krogstad(linear: Array, step: float, fraction: float) -> RungeKutta:
    return exponential.krogstad(linear, fraction * step)


@lru_cache(maxsize=256)
def engine_of(solver: SpectralSolver, *, compiled: bool | None = None) -> PlainEngine | CompiledEngine:
    """The engine that runs a solver: the compiled one where it can, unless asked for the other.

    Engines are kept with their coefficients, so that asking one trajectory after another costs nothing but
    the steps.
    """
    if compiled is None:
        compiled = CompiledEngine.can_run(solver.grid_points, solver.dtype)
    return (CompiledEngine if compiled else PlainEngine)(solver.recipe())
