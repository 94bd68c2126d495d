"""What several seeds say: their median and spread, and whether two ways differ by more than that.

Errors may come from JSON, where what is infinite is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["SEEDS", "apart", "cell", "level_line", "level_with_best", "median_of", "number"]

Errors = Sequence[float | None]
SEEDS = "Median of seeds, x highest over lowest"
"""What a `cell` is."""


def number(error: float | None) -> float:
    """As JSON has it, what is infinite is nothing."""
    return float("inf") if error is None else float(error)


def median_of(errors: Errors) -> float:
    """Infinite where half of them failed."""
    ranked = sorted(map(number, errors))
    # the mean of two, one of which is infinite, is infinite; of two infinite ones it would be a warning
    low, high = ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]
    return low if low == high else 0.5 * (low + high)


def apart(one: Errors, other: Errors) -> bool:
    """Whether the first is smaller with every seed than the other with any; of one seed each that may be
    chance.
    """
    return max(map(number, one)) < min(map(number, other))


def cell(errors: Errors) -> str:
    """The median, and behind an x how many times the lowest the highest is, where there are several seeds."""
    found = [number(error) for error in errors]
    if len(found) < 2:
        return f"{found[0]:.2e}"
    low, high = min(found), max(found)
    times = high / low if np.isfinite(high) and low > 0 else np.inf
    return f"{median_of(errors):.2e} x{times:.3g}"


def level_with_best(ways: Mapping[str, Errors]) -> list[str]:
    """The way of the smallest median, and those that are not `apart` from it."""
    best = min(ways, key=lambda way: median_of(ways[way]))
    return [way for way in ways if way == best or not apart(ways[best], ways[way])]


def level_line(by_count: Mapping[int, Mapping[str, Errors]]) -> str:
    """A sentence of the ways that seeds cannot tell from the best, by number of samples."""
    if any(len(errors) < 2 for ways in by_count.values() for errors in ways.values()):
        return "one seed of each: differences may be chance"
    said = []
    for count, ways in by_count.items():
        level = level_with_best(ways)
        said.append(f"{count:,}: {' = '.join(level) if len(level) > 1 else f'{level[0]} alone'}")
    return f"best, as far as the seeds tell: {'; '.join(said)}"
