"""A step of Gauss and Newton from runs that lie side by side in lanes: a solution, and those of moved starts.

All that is wanted of the runs are the products of their values at the known points, summed over the frames;
see `lane_gram`. Loops over windows and frames are compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiled import compiled
from .lane_gram import gram_kernels

__all__ = ["guess", "learn", "set_out", "sum_misfits"]

differences_8, values_at_8, add_products_8 = gram_kernels(8)
differences_16, values_at_16, add_products_16 = gram_kernels(16)


@compiled(fastmath=True)
def sum_misfits(seen: Any, known: Any, values: Any, out: Any) -> None:
    """out (windows,): squares of what is seen less the values, where it is known; all (windows, numbers)."""
    for window in range(len(seen)):
        total = 0.0
        for i in range(seen.shape[1]):
            wrong = seen[window, i] - values[window, i] if known[window, i] > 0 else 0.0
            total += wrong * wrong
        out[window] = total


@compiled()
def guess(
    seen: Any,
    known: Any,
    noise: Any,
    values: Any,
    sums: Any,
    waves: Any,
    still: Any,
    amplitudes: Any,
    curvature: Any,
    slope: Any,
) -> None:
    """Amplitudes of the likeliest frame, had the first ones been one and the same."""
    blocks, lanes = values.shape[1], values.shape[2]
    places = np.zeros(len(values), dtype=np.int64)
    lower = np.zeros(curvature.shape[1:])
    for window in range(len(seen)):
        sums[:] = 0
        for frame in range(min(still, seen.shape[1])):
            count = _known_places(known[window, frame], places)
            for row in range(count):
                for run in range(blocks * lanes):
                    slope_here = waves[places[row], run - 1] if 0 < run <= waves.shape[1] else 0
                    values[row, run // lanes, run % lanes] = slope_here
            _add(seen[window, frame], places, count, 1 + curvature.shape[1], values, sums)
        _take(sums, noise, amplitudes[window], curvature[window], slope[window])
        _step(curvature[window], slope[window], 0.0, lower, amplitudes[window])


@compiled()
def set_out(amplitudes: Any, moving: Any, waves: Any, move: Any, starts: Any) -> None:
    """Starts of windows: as they are in the first lane, with one wave moved in each of the next."""
    lanes, points = starts.shape[1], starts.shape[2]
    blocks = -(-(1 + len(waves)) // lanes)
    for i in range(len(moving)):
        for point in range(points):
            here = 0.0
            for wave in range(len(waves)):
                here += amplitudes[moving[i], wave] * waves[wave, point]
            for run in range(blocks * lanes):
                further = move * waves[run - 1, point] if 0 < run <= len(waves) else 0.0
                starts[i * blocks + run // lanes, run % lanes, point] = here + further


@compiled()
def learn(
    seen: Any,
    known: Any,
    noise: Any,
    values: Any,
    sums: Any,
    shown: Any,
    fields: Any,
    solved: Any,
    move: Any,
    moving: Any,
    new: Any,
    settled: Any,
    found: Any,
) -> int:
    """One step from the runs that were solved; how many windows move on, the first of `moving` from then on.

    A step that made it worse is taken back, and the next one is damped; where all is `new`, nothing is.
    """
    slower, length = shown.dtype.type(1 / move), solved.shape[1]
    blocks, lanes = values.shape[1], values.shape[2]
    amplitudes, best, costs, damping, curvature, slope, taken = found
    places = np.zeros(len(values), dtype=np.int64)
    lower, step = np.zeros(curvature.shape[1:]), np.zeros(curvature.shape[1])
    kept = 0
    for i in range(len(moving)):
        window = moving[i]
        if (
            new
        ):  # what other frames cost says nothing of these; a step from nowhere leads to the climate's mean
            costs[window], damping[window] = np.inf, 0.0
            best[window], slope[window], curvature[window] = 0.0, 0.0, 0.0
            for j in range(len(step)):
                curvature[window, j, j] = 1.0
        sums[:] = 0
        for frame in range(length):
            count = _known_places(known[window, frame], places)
            if count == 0:
                continue
            for block in range(blocks):
                if lanes == 8:
                    differences_8(block, solved[i * blocks + block, frame], slower, fields)
                else:
                    differences_16(block, solved[i * blocks + block, frame], slower, fields)
            if lanes == 8:
                values_at_8(places, count, shown, fields, values)
            else:
                values_at_16(places, count, shown, fields, values)
            _add(seen[window, frame], places, count, 1 + curvature.shape[1], values, sums)
        here = sums[0, 0, 0] / noise**2
        for j in range(len(step)):
            here += amplitudes[window, j] ** 2
        if here < costs[window]:  # not where it is NaN
            costs[window], damping[window] = here, damping[window] / 10
            best[window] = amplitudes[window]
            _take(sums, noise, best[window], curvature[window], slope[window])
        else:
            damping[window] = max(1.0, 10 * damping[window])
        _step(curvature[window], slope[window], damping[window], lower, step)
        largest = 0.0
        for j in range(len(step)):
            amplitudes[window, j] = best[window, j] + step[j]
            largest = max(largest, abs(step[j]))
        taken[window] += 1
        moving[kept] = window
        kept += not (largest < settled and costs[window] < np.inf)
    return kept


@compiled()
def _known_places(known: Any, places: Any) -> int:
    """Of one frame; how many."""
    count = 0
    for point in range(len(known)):
        places[count] = point
        count += known[point] > 0
    return count


@compiled()
def _add(seen: Any, places: Any, count: Any, runs: Any, values: Any, sums: Any) -> None:
    """The products of what is seen less the first run, and of the others."""
    rows, blocks, lanes = values.shape
    for row in range(count):
        values[row, 0, 0] = seen[places[row]] - values[row, 0, 0]
    numbers = values.reshape(rows, blocks * lanes)
    if lanes == 8:
        add_products_8(count, runs, values, numbers, sums)
    else:
        add_products_16(count, runs, values, numbers, sums)


@compiled()
def _take(sums: Any, noise: Any, amplitudes: Any, curvature: Any, slope: Any) -> None:
    """Curvature of half the cost, its upper half, and its slope downhill."""
    count, lanes = len(amplitudes), sums.shape[2]
    for i in range(count):
        slope[i] = sums[0, (i + 1) // lanes, (i + 1) % lanes] / noise**2 - amplitudes[i]
        for j in range(i, count):
            curvature[i, j] = sums[i + 1, (j + 1) // lanes, (j + 1) % lanes] / noise**2
        curvature[i, i] += 1.0


@compiled()
def _step(curvature: Any, slope: Any, damping: Any, lower: Any, step: Any) -> None:
    """From the curvature, whose diagonal is damped and upper half read, by Cholesky's factor."""
    count = len(slope)
    for i in range(count):
        for j in range(i + 1):
            value = curvature[j, i]
            if i == j:
                value *= 1 + damping
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(value) if i == j else value / lower[j, j]
        value = slope[i]
        for k in range(i):
            value -= lower[i, k] * step[k]
        step[i] = value / lower[i, i]
    for i in range(count - 1, -1, -1):
        for k in range(i + 1, count):
            step[i] -= lower[k, i] * step[k]
        step[i] /= lower[i, i]
