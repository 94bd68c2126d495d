"""Compiled walks through regression trees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..solvers.methods.compiled import compiled

__all__ = ["add_up"]

Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@compiled()
def add_up(
    rows: NDArray[np.float64],
    roots: Integers,
    feature: Integers,
    number: NDArray[np.float64],
    left: Integers,
    right: Integers,
    missing_left: Bytes,
    members: Integers,
    sets: Bytes,
    total: NDArray[np.float64],
) -> None:
    """Add to `total` of each row the leaf that it comes to in each tree, tree after tree; see `TreeEnsemble`.

    Trees are the outer loop: the nodes of one stay in the cache while all rows pass.
    """
    for tree in range(roots.size):
        root = roots[tree]
        for i in range(rows.shape[0]):
            node = root
            while feature[node] >= 0:
                seen = rows[i, feature[node]]
                if np.isnan(seen):
                    goes_left = missing_left[node] != 0
                elif members[node] >= 0:
                    goes_left = sets[members[node], int(seen)] != 0
                else:
                    goes_left = seen <= number[node]
                node = left[node] if goes_left else right[node]
            total[i] += number[node]
