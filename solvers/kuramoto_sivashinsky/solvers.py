"""The solvers: one equation in Fourier space, several exponential schemes."""

from __future__ import annotations

import time as clock
from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, ClassVar

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from ..methods.exponential import (
    Multistep,
    adams_bashforth,
    cox_matthews,
    crank_nicolson_adams_bashforth,
    krogstad,
)
from .fourier import resample, wavenumbers
from .stepping import MultistepStepper, Operator, RungeKuttaStepper, Stepper
from .system import KuramotoSivashinsky

__all__ = ["CNAB2", "ETDAB", "ETDRK4", "Krogstad", "SpectralSolver"]


@dataclass(frozen=True)
class SpectralSolver(Solver):
    """Fourier in space, a fixed step in time. The fields are the accuracy.

    Queries and answers live on the system's grid; a solver with other `points` resamples on the way in and
    out. Output at any time: see `stepping`. A sample that becomes infinite is NaN at all times, its status
    is DIVERGED, and the notes name a step that survives.

    Attributes:
        step: in time.
        points: of the grid that is computed on, even; None for the system's.
        dtype: 'float64' or 'float32'.
        dealias: 'none', or '2/3' to keep the upper third of the modes at zero. The attractor's spectrum
            falls exponentially, so dealiasing pays only on grids too coarse to be accurate.

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
        if self.dtype not in ("float64", "float32"):
            raise SolverError(f"dtype must be 'float64' or 'float32', got {self.dtype!r}")
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
    def stepper(self) -> Stepper:
        """The scheme with its coefficients, for this system and these settings."""

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`. Values are (samples, times, system points) in float64."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = clock.perf_counter()
        initial = np.asarray(queries["u"], dtype=np.float64)
        values = self.integrate(initial, times)
        finite = np.asarray(np.isfinite(values).all(axis=(1, 2)))
        values[~finite] = np.nan
        seconds = clock.perf_counter() - begin
        notes = () if finite.all() else (self._advice(initial[~finite], len(finite), times),)
        return Solution(
            times=times,
            values={"u": values},
            status=np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8),
            seconds=np.full(samples, seconds / max(samples, 1)),
            error_estimate=np.full(samples, np.nan),
            notes=notes,
        )

    def integrate(self, initial: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
        """u at the times, (samples, times, points), from (samples, points); infinite where it blew up."""
        stepper = _stepper(self)
        operator = _operator(self.system, self.grid_points, self.dtype, self.dealias)
        start = scipy.fft.rfft(resample(initial, self.grid_points).astype(self.dtype))
        if self.dealias != "none":
            start[:, operator.gradient == 0] *= operator.linear[operator.gradient == 0] == 0
        values = np.empty((len(initial), len(times), self.system.points))
        with np.errstate(over="ignore", invalid="ignore"):
            for i, spectrum in enumerate(stepper.run(start, times)):
                frame = scipy.fft.irfft(spectrum, n=self.grid_points).astype(np.float64, copy=False)
                values[:, i] = resample(frame, self.system.points)
                if not np.isfinite(values[:, i]).any():
                    values[:, i + 1 :] = np.nan
                    break
        return values

    def _advice(self, failed: NDArray[np.float64], samples: int, times: NDArray[np.float64]) -> str:
        """What failed, and a step that was tried on one of the failed samples and survives."""
        said = f"{len(failed)} of {samples} samples became infinite with {self.label}"
        for halvings in range(1, 11):
            trial = replace(self, step=self.step / 2**halvings)
            if np.isfinite(trial.integrate(failed[:1], times[-1:])).all():
                return f"{said}; a step of {trial.step:g} survives (tried on the first of them)"
        return f"{said}, and so it does at 1/1024 of that step; the initial state is too violent for the grid"


@dataclass(frozen=True)
class ETDRK4(SpectralSolver):
    """Exponential time differencing with a fourth-order Runge-Kutta scheme: what most codes use here.

    Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005), doi:10.1137/S1064827502410633.
    """

    scheme: ClassVar[str] = "ETDRK4"
    pairs_per_step: ClassVar[int] = 4

    def stepper(self) -> Stepper:
        """See `SpectralSolver`."""
        return RungeKuttaStepper(self._operator, cox_matthews, self.step)

    @property
    def _operator(self) -> Operator:
        return _operator(self.system, self.grid_points, self.dtype, self.dealias)


@dataclass(frozen=True)
class Krogstad(ETDRK4):
    """ETDRK4-B: the cost of ETDRK4 at a smaller error, and nearly its full order on developed chaos.

    Krogstad, J. Comput. Phys. 203 (2005), doi:10.1016/j.jcp.2004.08.006.
    """

    scheme: ClassVar[str] = "Krogstad"

    def stepper(self) -> Stepper:
        """See `SpectralSolver`."""
        return RungeKuttaStepper(self._operator, krogstad, self.step)


@dataclass(frozen=True)
class ETDAB(SpectralSolver):
    """Exponential Adams-Bashforth: a quarter of ETDRK4's cost per step, at any order from 2 to 6.

    The cheapest way to an accurate trajectory. It needs a smaller step than ETDRK4 to be stable, and its
    first `order - 1` steps are made of small Runge-Kutta steps.

    Cox & Matthews, J. Comput. Phys. 176 (2002), doi:10.1006/jcph.2002.6995.
    """

    order: int = 4

    scheme: ClassVar[str] = "ETDAB"
    pairs_per_step: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in (2, 3, 4, 5, 6):
            raise SolverError(f"order must be 2 to 6, got {self.order}")

    @property
    def scheme_label(self) -> str:
        """E.g. `ETDAB4`."""
        return f"ETDAB{self.order}"

    def stepper(self) -> Stepper:
        """See `SpectralSolver`."""
        return MultistepStepper(
            operator=_operator(self.system, self.grid_points, self.dtype, self.dealias),
            scheme=partial(_adams_bashforth, self.order),
            step=self.step,
            order=self.order,
            start=krogstad,
            start_substeps=start_substeps(self.order, self.step),
        )


@dataclass(frozen=True)
class CNAB2(SpectralSolver):
    """Crank-Nicolson and two-step Adams-Bashforth: the plain second-order scheme that many codes use.

    Here for comparison: exponential schemes are more accurate at the same cost.
    """

    scheme: ClassVar[str] = "CNAB2"
    pairs_per_step: ClassVar[int] = 1

    def stepper(self) -> Stepper:
        """See `SpectralSolver`."""
        return MultistepStepper(
            operator=_operator(self.system, self.grid_points, self.dtype, self.dealias),
            scheme=_crank_nicolson,
            step=self.step,
            order=2,
            start=krogstad,
            start_substeps=start_substeps(2, self.step),
        )


def start_substeps(order: int, step: float) -> int:
    """Fourth-order Runge-Kutta steps that make one starting step of a multistep scheme.

    The start's error, some step * (step / substeps)^4, then falls as fast as the scheme's own.
    """
    return 4 * max(1, int(np.ceil(step ** (-max(0, order - 5) / 4))))


def _adams_bashforth(order: int, linear: NDArray[np.float64], step: float, fraction: float) -> Multistep:
    return adams_bashforth(linear, step, order=order, fraction=fraction)


def _crank_nicolson(linear: NDArray[np.float64], step: float, fraction: float) -> Multistep:
    return crank_nicolson_adams_bashforth(linear, step, fraction=fraction)


@lru_cache(maxsize=128)
def _stepper(solver: SpectralSolver) -> Any:
    """Coefficients are kept, so that asking one trajectory after another costs nothing but the steps."""
    return solver.stepper()


@lru_cache(maxsize=128)
def _operator(system: KuramotoSivashinsky, points: int, dtype: str, dealias: str) -> Operator:
    """The equation in Fourier space on a grid.

    The Nyquist mode keeps its strong damping (with its wavenumber set to zero, as some scripts have it, a
    sawtooth would stay for ever) and gets no nonlinear term.
    """
    k = wavenumbers(system.length, points)
    kept = np.arange(points // 2 + 1) < (points / 3 if dealias == "2/3" else points / 2)
    forcing = scipy.fft.rfft(system.forcing_values(points)) if system.forcing else np.zeros(k.shape, complex)
    return Operator(
        points=points,
        linear=k**2 - k**4,
        gradient=np.where(kept, -0.5j * k, 0),
        forcing=np.where(kept, forcing, 0),
        dtype=dtype,
    )
