"""Markov chains of Ising configurations, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled
from ..methods.copies import copy_table

__all__ = ["metropolis_chain", "wolff_chain"]

Spins = NDArray[np.int8]


@compiled()
def metropolis_chain(
    spins: Spins, temperature: float, sweeps: int, warm_up: int, kept: Spins, random: Any
) -> tuple[float, float]:  # pragma: no cover (compiled)
    """Sweep over (rows, columns), the even squares of the checkerboard before the odd ones.

    A flip that raises the energy by 4 or 8 is accepted with the chance exp(-4 / T) or exp(-8 / T), and one
    that leaves it as it is with 0.9: were these always accepted, spins that are swept in a fixed order would
    turn some configurations into one another for ever, and the chain would not reach all. Fills `kept`
    (copies, rows, columns) evenly from the sweeps after the warm-up, and returns the means of E and E^2 over
    these.
    """
    rows, columns = spins.shape
    chances = np.exp(-2.0 * np.arange(5) / temperature)
    chances[0] = 0.9
    energy = _energy(spins)
    first = second = 0.0
    for sweep in range(-warm_up, sweeps):
        for colour in range(2):
            for y in range(rows):
                for x in range((y + colour) % 2, columns, 2):
                    around = _around(spins, y, x)
                    cost = spins[y, x] * around
                    if cost < 0 or random.random() < chances[cost]:
                        spins[y, x] = -spins[y, x]
                        energy += 2 * cost
        if sweep >= 0:
            first += energy
            second += float(energy) * energy
            _keep(spins, sweep, sweeps, kept)
    return first / sweeps, second / sweeps


@compiled()
def wolff_chain(
    spins: Spins, temperature: float, sweeps: int, warm_up: int, kept: Spins, random: Any
) -> tuple[float, float]:  # pragma: no cover (compiled)
    """Flip clusters, as many in each sweep as flip every spin once in the mean; otherwise as Metropolis.

    How many that are is found in the warm-up and stays: were a sweep to end when so many spins have flipped,
    it would end more often after large clusters, and means over sweeps would be wrong.
    """
    rows, columns = spins.shape
    chance = 1.0 - np.exp(-2.0 / temperature)
    stack = np.empty((rows * columns, 2), np.int64)
    clusters = flipped = 0
    for _ in range(warm_up):
        done = 0
        while done < spins.size:
            done += _flip_cluster(spins, chance, stack, random)
            clusters += 1
        flipped += done
    each = max(1, int(np.rint(clusters * spins.size / max(1, flipped))))
    first = second = 0.0
    for sweep in range(sweeps):
        for _ in range(each):
            _flip_cluster(spins, chance, stack, random)
        energy = _energy(spins)
        first += energy
        second += float(energy) * energy
        _keep(spins, sweep, sweeps, kept)
    return first / sweeps, second / sweeps


@compiled(inline="always")
def _around(spins: Spins, y: int, x: int) -> int:  # pragma: no cover (compiled)
    """Sum of the four neighbours."""
    rows, columns = spins.shape
    up, down = y - 1 if y else rows - 1, y + 1 if y + 1 < rows else 0
    left, right = x - 1 if x else columns - 1, x + 1 if x + 1 < columns else 0
    return int(spins[up, x]) + spins[down, x] + spins[y, left] + spins[y, right]


@compiled()
def _energy(spins: Spins) -> int:  # pragma: no cover (compiled)
    rows, columns = spins.shape
    total = 0
    for y in range(rows):
        for x in range(columns):
            total -= spins[y, x] * (int(spins[y - 1, x]) + spins[y, x - 1])
    return total


@compiled()
def _keep(spins: Spins, sweep: int, sweeps: int, kept: Spins) -> None:  # pragma: no cover (compiled)
    """The copies whose turn it is: evenly over the sweeps, repeated where there are fewer of these."""
    copies = len(kept)
    for copy in range((sweep * copies) // sweeps, ((sweep + 1) * copies) // sweeps):
        copy_table(spins, kept[copy])


@compiled()
def _flip_cluster(
    spins: Spins, chance: float, stack: NDArray[np.int64], random: Any
) -> int:  # pragma: no cover (compiled)
    """Grow a cluster of equal spins from a random one, and flip it; how many they are."""
    rows, columns = spins.shape
    place = int(random.random() * spins.size)
    y, x = place // columns, place % columns
    sign = spins[y, x]
    spins[y, x] = -sign
    stack[0, 0], stack[0, 1] = y, x
    open_, size = 1, 1
    while open_:
        open_ -= 1
        y, x = stack[open_, 0], stack[open_, 1]
        for way in range(4):
            v, u = y, x
            if way == 0:
                v = y - 1 if y else rows - 1
            elif way == 1:
                v = y + 1 if y + 1 < rows else 0
            elif way == 2:
                u = x - 1 if x else columns - 1
            else:
                u = x + 1 if x + 1 < columns else 0
            if spins[v, u] == sign and random.random() < chance:
                spins[v, u] = -sign
                stack[open_, 0], stack[open_, 1] = v, u
                open_ += 1
                size += 1
    return size
