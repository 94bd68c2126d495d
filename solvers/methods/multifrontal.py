"""Dense fronts one after the other: elimination of a sparse matrix in a given order, and its solution.

`nested_dissection` finds the order and says what goes where; see `Dissection` for the arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiled import compiled

__all__ = ["factorise", "solve"]


@compiled()
def factorise(
    coefficients: Any,
    pivots: Any,
    borders: Any,
    children: Any,
    place: Any,
    entries: Any,
    source: Any,
    target: Any,
    stacked: Any,
    widest: Any,
    stored: Any,
) -> None:
    """Of each front the inverse of its pivots' matrix, that times the part beside it, and the part below."""
    fronts = len(children)
    stack = np.empty(stacked)
    work, product = np.empty(widest * widest), np.empty(widest * widest)
    top, at = 0, 0
    sizes, held = np.empty(64, np.int64), 0
    for f in range(fronts):
        p, b = pivots[f + 1] - pivots[f], borders[f + 1] - borders[f]
        n = p + b
        front = work[: n * n]
        front[:] = 0.0
        for e in range(entries[f], entries[f + 1]):
            front[target[e]] += coefficients[source[e]]
        for _ in range(children[f]):
            held -= 1
            child = sizes[held]
            first, m = borders[child], borders[child + 1] - borders[child]
            top -= m * m
            for i in range(m):
                row, begin = place[first + i] * n, top + i * m
                for j in range(m):
                    front[row + place[first + j]] += stack[begin + j]
        whole = front.reshape(n, n)
        inverse = np.linalg.inv(whole[:p, :p].copy())
        own = stored[at : at + p * p].reshape(p, p)
        own[:, :] = inverse
        at += p * p
        if b > 0:
            beside = stored[at : at + p * b].reshape(p, b)
            at += p * b
            below = stored[at : at + b * p].reshape(b, p)
            at += b * p
            np.dot(own, whole[:p, p:].copy(), beside)
            below[:, :] = whole[p:, :p]
            update = product[: b * b].reshape(b, b)
            np.dot(below, beside, update)
            for i in range(b):
                for j in range(b):
                    stack[top + i * b + j] = whole[p + i, p + j] - update[i, j]
        top += b * b
        sizes[held] = f
        held += 1


@compiled()
def solve(x: Any, pivots: Any, borders: Any, border: Any, widest: Any, stored: Any) -> None:
    """In place, in elimination order."""
    fronts = len(pivots) - 1
    some, other = np.empty(widest), np.empty(widest)
    at = 0
    for f in range(fronts):
        first, p = pivots[f], pivots[f + 1] - pivots[f]
        b = borders[f + 1] - borders[f]
        own = stored[at : at + p * p].reshape(p, p)
        at += p * p + p * b
        part = x[first : first + p]
        np.dot(own, part, some[:p])
        part[:] = some[:p]
        if b > 0:
            below = stored[at : at + b * p].reshape(b, p)
            at += b * p
            np.dot(below, part, other[:b])
            for i in range(b):
                x[border[borders[f] + i]] -= other[i]
    for f in range(fronts - 1, -1, -1):
        first, p = pivots[f], pivots[f + 1] - pivots[f]
        b = borders[f + 1] - borders[f]
        at -= p * p + 2 * p * b
        if b > 0:
            beside = stored[at + p * p : at + p * p + p * b].reshape(p, b)
            for i in range(b):
                other[i] = x[border[borders[f] + i]]
            np.dot(beside, other[:b], some[:p])
            for i in range(p):
                x[first + i] -= some[i]
