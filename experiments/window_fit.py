"""The solver's own way to rebuild a window: the start whose solution fits what was seen."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..datasets.observations import KNOWN, SEEN
from ..solvers.contract import Queries, Solution, SolverError, Status, check_times
from ..solvers.methods.fourier import resample, sampled
from ..solvers.methods.lane_fit import Waves, fit_starts, misfits, solve_starts
from ..solvers.methods.lane_run import ShortRuns, short_runs
from ..solvers.methods.spectral_solver import SpectralSolver

__all__ = ["GUESS", "WindowFit", "climate_of"]

Array = NDArray[np.float64]

GUESS = "guess"
"""Name of a first frame in the queries, (samples, points), from which a fit may begin."""
AT_ONCE = 32
"""Windows that are fitted together where nothing is compiled."""
MOVES = {"float64": 1e-5, "longdouble": 1e-5, "float32": 1e-2}
"""By which a wave is moved, in units of its deviation, for the slope of the solution: by precision."""
SETTLED = 1e-6
"""A start of which no amplitude would move by more, in units of its deviation, is the fit's last."""
STILL = 3
"""Frames of which a first guess is made, as though nothing moved between them."""


def climate_of(frames: Array, waves: int) -> tuple[float, ...]:
    """Deviations of the amplitudes of the first waves, (frames, points), cosine and sine alike."""
    modes = np.fft.rfft(frames)[:, 1 : 1 + waves] * (2 / frames.shape[1])
    return tuple(float(size) for size in np.sqrt((np.abs(modes) ** 2).mean(axis=0) / 2))


@dataclass(frozen=True)
class WindowFit:
    """Strong-constraint variational assimilation: the most likely start of a window, and its solution.

    What is made small is the sum of squares of (seen - solution) / noise over all known values, and of the
    start's amplitudes in units of the climate's: the start's waves are normal and independent a priori. By
    Gauss and Newton, with slopes from solutions that start with one wave moved, all in one batch; a step
    that makes it worse is taken back and damped, more where the cost is more curved; a window that would move
    no more is done. It knows the equation, the noise and the climate. In chaos
    a window of several Lyapunov times has many minima, and it ends in one near its first guess. Fits of the
    first few frames before that of all (quasi-static assimilation) lead to a better one, and cost less.

    The first guess is the same fit of the first few frames, as though nothing moved, or the frame that the
    queries hold under `GUESS`. Windows of a field `u` on one periodic axis. Where the solver runs compiled
    and every frame is at one of its steps, so do the fits; the answers differ by round-off.

    References: Le Dimet & Talagrand 1986, doi:10.1111/j.1600-0870.1986.tb00459.x; Courtier, Thepaut &
    Hollingsworth 1994, doi:10.1002/qj.49712051912; the damping: Marquardt 1963, doi:10.1137/0111030; few
    frames first: Pires, Vautard & Talagrand 1996, doi:10.1034/j.1600-0870.1996.00006.x.

    Attributes:
        solver: of the window.
        climate: deviations of the waves that are fitted, from the longest on, positive; see `climate_of`.
        noise: deviation of the noise on a value, positive.
        iterations: of Gauss and Newton, at most; 0 answers the solution from the first guess.
        early: frames of iterations that come before these and look at so many first ones only; at most all.

    Raises `SolverError` for settings and queries that make no sense.
    """

    solver: SpectralSolver
    climate: tuple[float, ...]
    noise: float
    iterations: int
    early: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not (0 < self.noise < np.inf) or self.iterations < 0:
            raise SolverError(
                "a fit needs a positive noise and at least 0 iterations, got "
                f"{self.noise} and {self.iterations}"
            )
        if not self.climate or not all(0 < size < np.inf for size in self.climate):
            raise SolverError(f"the climate must be one or more positive deviations, got {self.climate}")
        if list(self.early) != sorted(self.early) or min(self.early, default=1) < 1:
            raise SolverError(
                "early iterations must look at 1 frame or more, and at no fewer than those before, got "
                f"{self.early}"
            )

    @property
    def label(self) -> str:
        """E.g. `fit 3 x 8 waves, ETDAB4 h=1/8 N=32 float64`; `fit (8) + 1 x ...` begins with 8 frames."""
        early = "".join(f"({frames}) + " for frames in self.early)
        return f"fit {early}{self.iterations} x {len(self.climate)} waves, {self.solver.label}"

    @property
    def settings(self) -> dict[str, Any]:
        """As plain data, for the record."""
        return {
            **self.solver.settings,
            "waves": len(self.climate),
            "noise": self.noise,
            "iterations": self.iterations,
            "early": list(self.early),
        }

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """Frames at all times, the first of which is the first frame's; see `Solver`."""
        times = check_times(times)
        self._check(queries, len(times))
        begin = clock.perf_counter()
        runs = short_runs(self.solver, times)
        with np.errstate(over="ignore", invalid="ignore"):  # what blows up is taken back
            if runs is not None and len(queries[SEEN]):
                values = self._fitted_in_lanes(queries, runs)
            else:
                parts = [np.empty((0, *np.shape(queries[SEEN])[1:]))]
                for first in range(0, len(queries[SEEN]), AT_ONCE):
                    some = {name: np.asarray(a)[first : first + AT_ONCE] for name, a in queries.items()}
                    parts.append(self._fitted(some, times))
                values = np.concatenate(parts)
        finite = np.isfinite(values).all(axis=(1, 2))
        return Solution(
            times=times,
            values={"u": values},
            status=np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8),
            seconds=np.full(len(values), (clock.perf_counter() - begin) / max(len(values), 1)),
            error_estimate=np.full(len(values), np.nan),
        )

    def _fitted_in_lanes(self, queries: Queries, runs: ShortRuns) -> Array:
        """(windows, frames, points), all compiled."""
        seen, known = (np.ascontiguousarray(queries[name], dtype=np.float64) for name in (SEEN, KNOWN))
        waves, plain = _made_of(self.climate, self.solver, seen.shape[2])
        lengths = self._lengths(seen.shape[1])
        found = fit_starts(
            runs,
            waves,
            seen,
            known,
            noise=self.noise,
            lengths=lengths,
            move=MOVES[self.solver.dtype],
            settled=SETTLED,
            still=STILL,
            first=_projected(queries[GUESS], plain) if GUESS in queries else None,
        )

        def solved(amplitudes: Array) -> Array:
            frames = solve_starts(runs, amplitudes.astype(runs.dtype) @ waves.own)
            return (frames @ waves.shown.T).astype(np.float64, copy=False)

        values = solved(found.amplitudes)
        if lengths and lengths[-1] == seen.shape[1]:  # what fewer frames cost says nothing of all
            cost = misfits(seen, known, values, noise=self.noise) + (found.amplitudes**2).sum(axis=1)
            worse = ~(cost < found.costs) & np.isfinite(found.costs)
            if worse.any():
                values[worse] = solved(found.best[worse])
        return values

    def _lengths(self, frames: int) -> tuple[int, ...]:
        """Frames that each iteration looks at, of so many."""
        return *(min(first, frames) for first in self.early), *(frames,) * self.iterations

    def _fitted(self, queries: Mapping[str, Array], times: Array) -> Array:
        """(windows, frames, points), with any solver and at any times."""
        waves = _waves(self.climate, queries[SEEN].shape[2])
        weights = (queries[KNOWN] > 0) / self.noise
        seen = np.where(weights > 0, queries[SEEN], 0.0)
        amplitudes = self._guessed(queries, seen, weights, waves)
        lengths = self._lengths(len(times))
        best = _Reached.nothing(seen.shape, len(waves))
        for frames, alike in groupby(lengths):
            part = slice(None, frames)
            some = seen[:, part], weights[:, part], times[part]
            amplitudes, best = self._descended(len(list(alike)), amplitudes, *some, waves)
        values = self.solver.integrate(amplitudes @ waves, times)
        if lengths and lengths[-1] == len(times):  # what fewer frames cost says nothing of all
            cost = ((weights * (seen - values)) ** 2).sum(axis=(1, 2)) + (amplitudes**2).sum(axis=1)
            worse = ~(cost < best.cost) & np.isfinite(best.cost)
            values[worse] = best.values[worse]
        return values

    def _descended(
        self,
        iterations: int,
        amplitudes: Array,
        seen: Array,
        weights: Array,
        times: Array,
        waves: Array,
    ) -> tuple[Array, _Reached]:
        """Amplitudes after so many iterations at most, and the best that was reached before the last step."""
        best = _Reached.nothing(seen.shape, len(waves))
        damping = np.zeros(len(seen))
        moving = np.arange(len(seen))
        for _ in range(iterations):
            here = self._reached(amplitudes[moving], seen[moving], weights[moving], times, waves)
            before = best.of(moving)
            better = here.cost < before.cost  # not where it is NaN
            after = before.replaced(here, better)
            best.put(moving, after)
            damping[moving] = np.where(better, damping[moving] / 10, np.maximum(1.0, 10 * damping[moving]))
            curved = np.einsum("bjj->bj", after.curvature) * damping[moving, None]
            damped = after.curvature + curved[..., None] * np.eye(len(waves))
            move = np.linalg.solve(damped, after.slope[..., None])[..., 0]
            amplitudes[moving] = after.amplitudes + move
            moving = moving[~((np.abs(move).max(axis=1) < SETTLED) & np.isfinite(after.cost))]
            if not len(moving):
                break
        return amplitudes, best

    def _check(self, queries: Queries, frames: int) -> None:
        shapes = [np.shape(queries.get(name, ())) for name in (SEEN, KNOWN)]
        least = 2 * len(self.climate) + 1
        if shapes[0] != shapes[1] or len(shapes[0]) != 3 or shapes[0][1] != frames or shapes[0][2] < least:
            raise SolverError(
                f"{SEEN!r} and {KNOWN!r} must have shape (windows, {frames} frames, {least} points or more), "
                f"got {shapes[0]} and {shapes[1]}"
            )

    def _reached(
        self, amplitudes: Array, seen: Array, weights: Array, times: Array, waves: Array
    ) -> _Reached:
        """What the solutions from these amplitudes cost, and how that changes with them."""
        values, slopes = self._solved(amplitudes, times, waves)
        misfit = weights * (seen - values)
        slopes = (weights[:, None] * slopes).reshape(len(seen), len(waves), -1)
        return _Reached(
            (misfit**2).sum(axis=(1, 2)) + (amplitudes**2).sum(axis=1),
            amplitudes,
            values,
            slopes @ slopes.transpose(0, 2, 1) + np.eye(len(waves)),
            np.einsum("bjv,bv->bj", slopes, misfit.reshape(len(seen), -1)) - amplitudes,
        )

    def _guessed(self, queries: Mapping[str, Array], seen: Array, weights: Array, waves: Array) -> Array:
        """(windows, 2 waves) amplitudes to begin with."""
        if GUESS in queries:
            return _projected(queries[GUESS], waves)
        squares = (weights[:, :STILL] ** 2).sum(axis=1)
        curvature = (waves * squares[:, None]) @ waves.T + np.eye(len(waves))
        slope = (weights[:, :STILL] ** 2 * seen[:, :STILL]).sum(axis=1) @ waves.T
        return np.asarray(np.linalg.solve(curvature, slope[..., None])[..., 0])

    def _solved(self, amplitudes: Array, times: Array, waves: Array) -> tuple[Array, Array]:
        """Solutions (windows, frames, points), and their slopes (windows, 2 waves, frames, points)."""
        move = MOVES[self.solver.dtype]
        starts = (amplitudes @ waves)[:, None] + move * np.concatenate([np.zeros_like(waves[:1]), waves])
        windows, moved, points = starts.shape
        values = self.solver.integrate(starts.reshape(-1, points), times)
        values = values.reshape(windows, moved, len(times), points)
        return values[:, 0], (values[:, 1:] - values[:, :1]) / move


def _waves(climate: tuple[float, ...], points: int) -> Array:
    """(2 waves, points): cosines and sines, each as large as the climate has it."""
    angles = np.multiply.outer(np.arange(1, 1 + len(climate)), np.arange(points)) * (2 * np.pi / points)
    sizes = np.array(climate)[:, None]
    return np.concatenate([sizes * np.cos(angles), sizes * np.sin(angles)])


def _projected(frames: Array, waves: Array) -> Array:
    """(windows, 2 waves) amplitudes of frames (windows, points)."""
    return np.asarray(frames @ waves.T / (waves**2).sum(axis=1))


@lru_cache(maxsize=64)
def _made_of(climate: tuple[float, ...], solver: SpectralSolver, points: int) -> tuple[Waves, Array]:
    """The waves as compiled fits read them, and as they are on so many points."""
    waves, own = _waves(climate, points), solver.grid_points
    shown = (sampled if solver.system.sharp else resample)(np.eye(own), points).T
    made = (np.ascontiguousarray(a, solver.dtype) for a in (resample(waves, own), waves.T, shown))
    return Waves(*made), waves


class _Reached(NamedTuple):
    """The best so far: cost, (windows,); amplitudes; values; curvature and slope, downhill, of the cost."""

    cost: Array
    amplitudes: Array
    values: Array
    curvature: Array
    slope: Array

    @classmethod
    def nothing(cls, shape: tuple[int, ...], numbers: int) -> _Reached:
        """From which a step leads to the climate's mean; of windows of this shape."""
        windows = shape[0]
        return cls(
            np.full(windows, np.inf),
            np.zeros((windows, numbers)),
            np.zeros(shape),
            np.tile(np.eye(numbers), (windows, 1, 1)),
            np.zeros((windows, numbers)),
        )

    def of(self, windows: NDArray[np.intp]) -> _Reached:
        """Of these windows alone."""
        return _Reached(*(array[windows] for array in self))

    def put(self, windows: NDArray[np.intp], other: _Reached) -> None:
        """Let the other's be those of these windows."""
        for mine, its in zip(self, other, strict=True):
            mine[windows] = its

    def replaced(self, other: _Reached, chosen: NDArray[np.bool_]) -> _Reached:
        """With the other's where it is chosen."""
        return _Reached(
            *(
                np.where(chosen.reshape(-1, *[1] * (new.ndim - 1)), new, old)
                for old, new in zip(self, other, strict=True)
            )
        )
