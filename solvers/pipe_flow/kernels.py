"""Compiled iterations on Colebrook's equation, pipe after pipe."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..methods.compiled import compiled

__all__ = ["by_clamond", "by_newton"]


@compiled()
def by_newton(slope: Any, wall: Any, root: Any, iterations: int, share: Any) -> None:
    """Newton's method for x + share log(wall + slope x) = 0: one logarithm in each iteration.

    Arguments:
        slope, wall: (samples,) 2.51 / Re, and the roughness over 3.7.
        root: (samples,) x to begin with, and then what was found.
        share: (1,) 2 / log 10, of the others' precision, so that nothing is widened.
    """
    for i in range(root.size):
        x = root[i]
        for _ in range(iterations):
            inside = wall[i] + slope[i] * x
            x -= inside * (x + share[0] * np.log(inside)) / (inside + share[0] * slope[i])
        root[i] = x


@compiled()
def by_clamond(wall: Any, pace: Any, found: Any, iterations: int) -> None:
    """Clamond's quartic iteration for F + log(wall + F) = pace, from F = pace - 0.2 on.

    Arguments:
        wall, pace: (samples,)
        found: (samples,) F, in which what was found is left.
    """
    for i in range(found.size):
        f = pace[i] - 0.2
        for _ in range(iterations):
            inside = wall[i] + f
            over = 1.0 + inside
            off = (np.log(inside) + f - pace[i]) / over
            f -= (over + 0.5 * off) * off * inside / (over + off * (1.0 + off / 3.0))
        found[i] = f
