"""Sparse direct solution on a regular grid: multifrontal elimination in nested-dissection order.

Every node of a grid of rows x columns is coupled with the thirteen nodes at most two steps away (a step is
one node along a row or a column): what a biharmonic operator and its kin need. Lines two nodes wide cut the
grid in halves, these in quarters, and so on; the pieces are eliminated first, the lines last, each in a dense
matrix of its own (a front), so that nearly all arithmetic is the product of dense matrices.

The order depends on the shape of the grid alone: it is found once (`dissection`), and serves every matrix.

George, SIAM J. Numer. Anal. 10 (1973), doi:10.1137/0710032; Duff & Reid, ACM Trans. Math. Softw. 9 (1983),
doi:10.1145/356044.356047.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .multifrontal import factorise, solve

__all__ = ["CENTRE", "OFFSETS", "Dissection", "Factors", "dissection"]

OFFSETS = (
    (-2, 0), (-1, -1), (-1, 0), (-1, 1), (0, -2), (0, -1), (0, 0),
    (0, 1), (0, 2), (1, -1), (1, 0), (1, 1), (2, 0),
)  # fmt: skip
"""(row, column) steps from a node to the thirteen that it is coupled with, itself among them."""
CENTRE = OFFSETS.index((0, 0))
"""Which of them is the node itself."""
LEAF = 20
"""Nodes of the smallest pieces, at most."""
Block = tuple[int, int, int, int]
"""First row, row after the last, first column, column after the last."""


@dataclass(frozen=True, eq=False)
class Dissection:
    """In which order a grid is eliminated, and where each number goes. See `dissection`.

    Attributes:
        shape: rows and columns of the grid.
        order: (nodes,) number of the node (row-major) that is eliminated as the n-th.
        pivots, borders: (fronts + 1,) where each front's nodes begin, among all pivots (which are in
            elimination order) and in `border`.
        border: elimination numbers of the nodes that each front is coupled with and that come later,
            ascending.
        children: (fronts,) how many fronts, of those just before, are taken up by this one.
        levels: (fronts,) how many fronts are above each.
        runs: (fronts + 1,) where each front's runs begin in `run`.
        run: (runs, 3) border nodes that are neighbours in the parent's front, too: the first one's number in
            the border, how many they are, and the first one's number in the parent's front, pivots first. A
            run is all among the parent's pivots, or all in its border.
        entries: (fronts + 1,) where each front's matrix entries begin in the two arrays that follow.
        source, target: an entry's number among (nodes, 13) coefficients; its place in the front, whose parts
            lie one after the other, row-major: pivots x pivots, pivots x border, border x pivots.
        stored: numbers that a factorisation holds.
        stacked: (2,) numbers that wait to be taken up, at most, on even and on odd levels.
        widest: numbers of the largest front's pivots x border, at most.
    """

    shape: tuple[int, int]
    order: NDArray[np.int64]
    pivots: NDArray[np.int64]
    borders: NDArray[np.int64]
    border: NDArray[np.int64]
    children: NDArray[np.int64]
    levels: NDArray[np.int64]
    runs: NDArray[np.int64]
    run: NDArray[np.int64]
    entries: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    stored: int
    stacked: tuple[int, int]
    widest: int

    def factorise(self, coefficients: NDArray[np.float64]) -> Factors:
        """Of the matrix of coefficients (rows, columns, 13); see `OFFSETS`. Those that point off the grid
        count for nothing.

        Raises `numpy.linalg.LinAlgError` where a front is singular.
        """
        flat = np.ascontiguousarray(coefficients, dtype=np.float64).reshape(-1)
        if flat.size != 13 * self.shape[0] * self.shape[1]:
            raise ValueError(f"coefficients must have shape {(*self.shape, 13)}, got {coefficients.shape}")
        stored = np.empty(self.stored)
        factorise(
            flat, self.pivots, self.borders, self.children, self.levels, self.runs, self.run, self.entries,
            self.source, self.target, *self.stacked, self.widest, stored,
        )  # fmt: skip
        return Factors(self, stored)


@dataclass(frozen=True, eq=False)
class Factors:
    """An eliminated matrix, which solves for as many right-hand sides as one likes."""

    order: Dissection
    stored: NDArray[np.float64]

    def solve(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        """(rows, columns) -> (rows, columns)."""
        d = self.order
        x = np.ascontiguousarray(right, dtype=np.float64).reshape(-1)[d.order]
        solve(x, d.pivots, d.borders, d.border, self.stored)
        found = np.empty_like(x)
        found[d.order] = x
        return found.reshape(d.shape)


@lru_cache(maxsize=16)
def dissection(rows: int, columns: int, *, leaf: int = LEAF) -> Dissection:
    """The elimination of a grid of rows x columns, remembered for the next one of this shape."""
    pieces: list[tuple[Block, Block, int, int]] = []
    _cut((0, rows, 0, columns), leaf, pieces, level=0)
    number = np.arange(rows * columns).reshape(rows, columns)
    rank = np.empty((rows, columns), np.int64)
    begin, pivots = 0, [0]
    for (r0, r1, c0, c1), *_ in pieces:
        tall, wide = r1 - r0, c1 - c0
        numbers = np.arange(begin, begin + tall * wide)
        # along the short side first: neighbours stay near
        rank[r0:r1, c0:c1] = numbers.reshape(tall, wide) if tall > wide else numbers.reshape(wide, tall).T
        begin += tall * wide
        pivots.append(begin)
    order = np.empty(rows * columns, np.int64)
    order[rank.reshape(-1)] = number.reshape(-1)
    border = [_border(region, rows, columns, rank) for _, region, *_ in pieces]
    children = np.array([count for _, _, count, _ in pieces])
    levels = np.array([level for *_, level in pieces])
    places, above = _places(children, levels, pivots, border)
    runs = [_runs(place, of) for place, of in places]
    entries, source, target = _entries(rank, pivots, border)
    p, b = np.diff(pivots), np.array([len(one) for one in border])
    return Dissection(
        shape=(rows, columns),
        order=order,
        pivots=np.array(pivots),
        borders=np.concatenate([[0], np.cumsum(b)]),
        border=np.concatenate(border),
        children=children,
        levels=levels,
        runs=np.concatenate([[0], np.cumsum([len(one) for one in runs])]),
        run=np.concatenate(runs),
        entries=entries,
        source=source,
        target=target,
        stored=int((p * (p + 2 * b)).sum()),
        stacked=above,
        widest=int((p * b).max()),
    )


def _cut(region: Block, leaf: int, pieces: list[tuple[Block, Block, int, int]], *, level: int) -> None:
    """Append the fronts of a region, in the order of elimination: (pivots, region, children, level)."""
    r0, r1, c0, c1 = region
    tall, wide = r1 - r0, c1 - c0
    if tall * wide <= leaf or max(tall, wide) < 4:
        pieces.append((region, region, 0, level))
        return
    if tall > wide:
        at = r0 + (tall - 2) // 2
        halves, line = ((r0, at, c0, c1), (at + 2, r1, c0, c1)), (at, at + 2, c0, c1)
    else:
        at = c0 + (wide - 2) // 2
        halves, line = ((r0, r1, c0, at), (r0, r1, at + 2, c1)), (r0, r1, at, at + 2)
    for half in halves:
        _cut(half, leaf, pieces, level=level + 1)
    pieces.append((line, region, 2, level))


def _border(region: Block, rows: int, columns: int, rank: NDArray[np.int64]) -> Any:
    """Elimination numbers of the nodes around a region that are coupled with it, ascending."""
    r0, r1, c0, c1 = region
    found = []
    for r in (r0 - 2, r0 - 1, r1, r1 + 1):
        if 0 <= r < rows:
            found.append(rank[r, c0:c1])
    for c in (c0 - 2, c0 - 1, c1, c1 + 1):
        if 0 <= c < columns:
            found.append(rank[r0:r1, c])
    for r in (r0 - 1, r1):
        for c in (c0 - 1, c1):
            if 0 <= r < rows and 0 <= c < columns:
                found.append(rank[r : r + 1, c])
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)


def _places(
    children: NDArray[np.int64],
    levels: NDArray[np.int64],
    pivots: list[int],
    border: list[NDArray[np.int64]],
) -> tuple[list[tuple[NDArray[np.int64], int]], tuple[int, int]]:
    """Of each front, where its border nodes are in its parent's front, pivots first, and how many of these
    there are; and how much waits at most, on even and on odd levels.
    """
    places = [(np.empty(0, np.int64), 0)] * len(children)
    waiting: list[int] = []
    most, held = [0, 0], [0, 0]
    for f, count in enumerate(children):
        taken = waiting[len(waiting) - count :]
        p = pivots[f + 1] - pivots[f]
        for child in taken:
            inner = border[child] < pivots[f + 1]
            beyond = np.searchsorted(border[f], border[child]) + p
            places[child] = np.where(inner, border[child] - pivots[f], beyond), p
        del waiting[len(waiting) - count :]
        waiting.append(f)
        side = levels[f] % 2
        held[side] += len(border[f]) ** 2
        most[side] = max(most[side], held[side])
        held[1 - side] -= sum(len(border[c]) ** 2 for c in taken)
    return places, (most[0], most[1])


def _runs(place: NDArray[np.int64], pivots: int) -> NDArray[np.int64]:
    """Pieces of consecutive numbers, see `Dissection`; none goes on from pivots to border."""
    starts = np.flatnonzero((np.diff(place, prepend=-2) != 1) | (place == pivots))
    return np.stack([starts, np.diff(starts, append=len(place)), place[starts]], axis=1)


def _entries(rank: NDArray[np.int64], pivots: list[int], border: list[NDArray[np.int64]]) -> Any:
    """Which coefficient goes where; see `Dissection`."""
    rows, columns = rank.shape
    own, other, source = [], [], []
    node = np.arange(rows * columns).reshape(rows, columns)
    for o, (dr, dc) in enumerate(OFFSETS):
        here = (slice(max(0, -dr), rows - max(0, dr)), slice(max(0, -dc), columns - max(0, dc)))
        there = (slice(max(0, dr), rows + min(0, dr)), slice(max(0, dc), columns + min(0, dc)))
        own.append(rank[here].reshape(-1))
        other.append(rank[there].reshape(-1))
        source.append(13 * node[here].reshape(-1) + o)
    i, j, k = (np.concatenate(parts) for parts in (own, other, source))
    front = np.searchsorted(pivots, np.minimum(i, j), side="right") - 1
    by_front = np.argsort(front, kind="stable")
    i, j, k, front = i[by_front], j[by_front], k[by_front], front[by_front]
    begins = np.searchsorted(front, np.arange(len(border) + 1))
    target = np.empty(len(k), np.int64)
    for f, around in enumerate(border):
        some = slice(begins[f], begins[f + 1])
        p = pivots[f + 1] - pivots[f]
        local = [
            np.where(n[some] < pivots[f + 1], n[some] - pivots[f], np.searchsorted(around, n[some]) + p)
            for n in (i, j)
        ]
        b, (row, column) = len(around), local
        target[some] = np.where(
            row >= p,
            p * (p + b) + (row - p) * p + column,
            np.where(column >= p, p * p + row * b + column - p, row * p + column),
        )
    return begins, k, target
