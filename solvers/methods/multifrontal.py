"""Dense fronts one after the other: elimination of a sparse matrix in a given order, and its solution.

`nested_dissection` finds the order and says what goes where; see `Dissection` for the arrays.

Of a front what is stored lies where it was put together: pivots x pivots, which becomes its inverse; pivots x
border, which becomes minus the inverse times that; border x pivots. What it adds to the border's own
equations waits for the parent in one of two stacks, for even and for odd levels: so nothing is moved, and
what a parent makes does not lie upon what its children left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiled import compiled

__all__ = ["factorise", "solve"]


@compiled()
def _add(into: Any, begin: Any, wide: Any, row: Any, column: Any, of: Any, at: Any, m: Any, run: Any) -> None:
    """To a matrix `wide` columns wide what stands in a child's rows and columns of two runs."""
    first, rows, _ = run[row]
    left, columns, _ = run[column]
    for r in range(rows):
        to, source = begin + r * wide, at + (first + r) * m + left
        for c in range(columns):
            into[to + c] += of[source + c]


@compiled()
def factorise(
    coefficients: Any,
    pivots: Any,
    borders: Any,
    children: Any,
    levels: Any,
    runs: Any,
    run: Any,
    entries: Any,
    source: Any,
    target: Any,
    stacked_even: Any,
    stacked_odd: Any,
    widest: Any,
    stored: Any,
) -> None:
    """Of each front the inverse of its pivots' matrix, minus that times the part beside, the part below."""
    even, odd = np.empty(stacked_even), np.empty(stacked_odd)
    tops = np.zeros(2, np.int64)
    spare = np.empty(widest)
    waiting, held = np.empty(64, np.int64), 0
    at = 0
    for f in range(len(children)):
        p, b = pivots[f + 1] - pivots[f], borders[f + 1] - borders[f]
        right, below = at + p * p, at + p * (p + b)
        side = levels[f] % 2
        if side == 0:
            mine, theirs = even, odd
        else:
            mine, theirs = odd, even
        stored[at : at + p * (p + 2 * b)] = 0.0
        for e in range(entries[f], entries[f + 1]):
            stored[at + target[e]] += coefficients[source[e]]
        here = tops[1 - side]
        for k in range(children[f]):
            child = waiting[held - 1 - k]
            m = borders[child + 1] - borders[child]
            here -= m * m
            for i in range(runs[child], runs[child + 1]):
                row = run[i, 2]
                for j in range(runs[child], runs[child + 1]):
                    column = run[j, 2]
                    if row < p and column < p:
                        _add(stored, at + row * p + column, p, i, j, theirs, here, m, run)
                    elif row < p:
                        _add(stored, right + row * b + column - p, b, i, j, theirs, here, m, run)
                    elif column < p:
                        _add(stored, below + (row - p) * p + column, p, i, j, theirs, here, m, run)
        own = stored[at:right].reshape(p, p)
        own[:, :] = np.linalg.inv(own)
        if b > 0:
            beside = stored[right:below].reshape(p, b)
            before = spare[: p * b].reshape(p, b)
            for i in range(p):
                for j in range(b):
                    before[i, j] = -beside[i, j]
            np.dot(own, before, beside)
            update = mine[tops[side] : tops[side] + b * b].reshape(b, b)
            np.dot(stored[below : below + b * p].reshape(b, p), beside, update)
        here = tops[1 - side]
        for k in range(children[f]):
            child = waiting[held - 1 - k]
            m = borders[child + 1] - borders[child]
            here -= m * m
            for i in range(runs[child], runs[child + 1]):
                row = run[i, 2] - p
                for j in range(runs[child], runs[child + 1]):
                    column = run[j, 2] - p
                    if row >= 0 and column >= 0:
                        _add(mine, tops[side] + row * b + column, b, i, j, theirs, here, m, run)
        tops[1 - side] = here
        tops[side] += b * b
        held -= children[f]
        waiting[held] = f
        held += 1
        at += p * (p + 2 * b)


@compiled()
def solve(x: Any, pivots: Any, borders: Any, border: Any, stored: Any) -> None:
    """In place, in elimination order."""
    fronts = len(pivots) - 1
    widest = 0
    for f in range(fronts):
        widest = max(widest, pivots[f + 1] - pivots[f], borders[f + 1] - borders[f])
    some, other = np.empty(widest), np.empty(widest)
    at = 0
    for f in range(fronts):
        first, p = pivots[f], pivots[f + 1] - pivots[f]
        b = borders[f + 1] - borders[f]
        part = x[first : first + p]
        np.dot(stored[at : at + p * p].reshape(p, p), part, some[:p])
        part[:] = some[:p]
        at += p * (p + b)
        if b > 0:
            np.dot(stored[at : at + b * p].reshape(b, p), part, other[:b])
            for i in range(b):
                x[border[borders[f] + i]] -= other[i]
        at += b * p
    for f in range(fronts - 1, -1, -1):
        first, p = pivots[f], pivots[f + 1] - pivots[f]
        b = borders[f + 1] - borders[f]
        at -= p * (p + 2 * b)
        if b > 0:
            for i in range(b):
                other[i] = x[border[borders[f] + i]]
            beside = stored[at + p * p : at + p * (p + b)].reshape(p, b)
            np.dot(beside, other[:b], some[:p])
            for i in range(p):
                x[first + i] += some[i]
