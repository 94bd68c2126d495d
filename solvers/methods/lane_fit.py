"""Fits of starts to what was seen of their solutions, by Gauss and Newton, for many windows at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .lane_descent import guess, learn, set_out, sum_misfits
from .lane_run import ShortRuns
from .lanes import aligned

__all__ = ["Fitted", "Waves", "fit_starts", "misfits", "solve_starts"]

Array = NDArray[Any]

TOGETHER = 1 << 19
"""Bytes that the runs of windows which are worked on together may take: half of a usual cache."""


class Waves(NamedTuple):
    """Of which starts are made, in the solver's precision.

    Attributes:
        own: (waves, points) on the grid that is computed on.
        seen: (seen points, waves) on that of what is seen.
        shown: (seen points, points) from the one grid to the other.
    """

    own: Array
    seen: Array
    shown: Array


class Fitted(NamedTuple):
    """Where fits are, and what they end with.

    Attributes:
        amplitudes: (windows, waves) of the starts, in units of the waves.
        best: the same, of the least cost that was met with the last number of frames.
        costs: (windows,) that cost; infinite where none was finite.
        damping: (windows,) of the next step.
        curvature, slope: (windows, waves, waves) and (windows, waves) of half the cost at the best, the slope
            downhill; of the curvature the upper half.
        taken: (windows,) iterations.
    """

    amplitudes: Array
    best: Array
    costs: Array
    damping: Array
    curvature: Array
    slope: Array
    taken: NDArray[np.int64]

    @classmethod
    def nothing(cls, amplitudes: Array) -> Fitted:
        """Of fits that begin with these."""
        windows, waves = amplitudes.shape
        numbers = (np.zeros((windows, waves)), np.empty(windows), np.empty(windows))
        square = np.empty((windows, waves, waves))
        return cls(
            amplitudes, *numbers, square, np.empty((windows, waves)), np.zeros(windows, dtype=np.int64)
        )


def fit_starts(
    runs: ShortRuns,
    waves: Waves,
    seen: NDArray[np.float64],
    known: NDArray[np.float64],
    *,
    noise: float,
    lengths: tuple[int, ...],
    move: float,
    settled: float,
    still: int,
    first: NDArray[np.float64] | None = None,
) -> Fitted:
    """Amplitudes of the waves that make least the squares of the misfits over the noise, and their own.

    Args:
        runs: of the solver, to the times of all frames.
        waves: the start's.
        seen: (windows, frames, seen points).
        known: the same, above 0 where something is.
        noise: deviation of what is seen.
        lengths: frames that each iteration looks at.
        move: of a wave, for the slope of the solution.
        settled: a window is done when none of its amplitudes would move by more and all is looked at.
        still: frames of which the first guess is made, as though nothing moved between them ...
        first: ... or the first amplitudes, (windows, waves).
    """
    windows, points, count, lanes = len(seen), seen.shape[2], len(waves.own), runs.lanes
    blocks = -(-(1 + count) // lanes)
    found = Fitted.nothing(np.zeros((windows, count)) if first is None else np.array(first, dtype=np.float64))
    fields = aligned((blocks, runs.points, lanes), runs.dtype)
    values = aligned((points + 4, blocks, lanes), runs.dtype)
    sums = aligned((blocks * lanes, blocks, lanes), runs.dtype)
    room = seen, known, float(noise), values, sums
    if first is None:
        guess(*room, waves.seen, still, found.amplitudes, found.curvature, found.slope)
    if not lengths:
        return found
    size = blocks * runs.points * lanes
    together = max(1, min(windows, TOGETHER // (size * max(lengths) * runs.dtype.itemsize)))
    out = np.empty(together * size * max(lengths), runs.dtype)
    starts = np.empty((together * blocks, lanes, runs.points), runs.dtype)
    for begin in range(0, windows, together):
        moving = np.arange(begin, min(begin + together, windows))
        for i, length in enumerate(lengths):
            shape = len(moving) * blocks, length, runs.points, lanes
            set_out(found.amplitudes, moving, waves.own, move, starts)
            solved = runs(
                starts[: shape[0]], length, out[: shape[0] * length * size // blocks].reshape(shape)
            )
            new, last = i == 0 or length != lengths[i - 1], length == lengths[-1]
            kept = learn(
                *room, waves.shown, fields, solved, move, moving, new, settled if last else 0.0, found
            )
            moving = moving[:kept]
            if not kept:
                break
    return found


def solve_starts(runs: ShortRuns, starts: Array) -> Array:
    """Solutions (samples, frames, points) from starts (samples, points), one in each lane."""
    samples, points = starts.shape
    blocks = -(-samples // runs.lanes)
    whole = np.concatenate([starts, np.repeat(starts[-1:], blocks * runs.lanes - samples, axis=0)])
    found = runs(whole.reshape(blocks, runs.lanes, points), runs.frames)
    return np.moveaxis(found, 3, 1).reshape(blocks * runs.lanes, runs.frames, points)[:samples]


def misfits(
    seen: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64], *, noise: float
) -> NDArray[np.float64]:
    """(windows,) sums of the squares of (seen - values) / noise at what is known.

    All are (windows, frames, points).
    """
    out = np.empty(len(seen))
    sum_misfits(seen.reshape(len(seen), -1), known.reshape(len(seen), -1), values.reshape(len(seen), -1), out)
    return out / noise**2
