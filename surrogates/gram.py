"""The matrix X^T X of a long list of rows, accumulated block by block.

Training by ridge regression spends nearly all its time here. Where the processor has 512-bit vectors, our
own compiled kernel is used: the BLAS that comes with NumPy reaches little more than half the speed on
processors for which it does not choose such vectors. Elsewhere BLAS does the work.

The kernel follows the usual plan (Goto & van de Geijn, ACM Trans. Math. Softw. 34 (2008),
doi:10.1145/1356052.1356053): rows are packed into narrow panels that stay in the caches, and a tile of 24 x 8
sums stays in registers while the rows run by.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.linalg.blas
import torch
from llvmlite import binding
from numpy.typing import NDArray

from ..solvers.methods.compiled import compiled
from ..solvers.methods.lanes import aligned
from .register_tiles import tile24

__all__ = ["GramMatrix", "has_wide_vectors"]

Array = NDArray[np.float64]

_TALL, _WIDE = 24, 8
_DEPTH = 256
"""Rows taken at a time: a panel of 8 columns then fills a third of the first-level cache."""
_GROUP = 8
"""Tall panels taken together: they stay in the second-level cache while all wide panels pass."""


def has_wide_vectors() -> bool:
    """Whether this processor has 512-bit vectors, which the compiled kernel is written for."""
    return bool(binding.get_host_cpu_features().get("avx512f", False))


class GramMatrix:
    """X^T X for rows that arrive in blocks; memory is that of one square matrix, however many rows come.

    Arguments:
        features: columns of X.
        compiled: use the compiled kernel; by default where `has_wide_vectors()`. Both agree to round-off.

    Threads: as many as torch is set to use.
    """

    def __init__(self, features: int, *, compiled: bool | None = None) -> None:
        if features < 1:
            raise ValueError(f"features must be at least 1, got {features}")
        self.features = features
        self.compiled = has_wide_vectors() if compiled is None else compiled
        size = -(-features // _TALL) * _TALL if self.compiled else features
        # symmetric, so that its rows are its columns: only [j, i] with i >= j is kept up to date
        self._upper = aligned((size, size), np.float64)

    def add(self, rows: Array) -> None:
        """Take in rows (samples, features), float64."""
        if rows.ndim != 2 or rows.shape[1] != self.features:
            raise ValueError(f"rows must have shape (samples, {self.features}), got {rows.shape}")
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        if not self.compiled:
            # the transposed views are in Fortran order, so that nothing is copied
            scipy.linalg.blas.dsyrk(1.0, rows.T, beta=1.0, c=self._upper.T, lower=True, overwrite_c=True)
            return
        size = len(self._upper)
        tall = aligned((size // _TALL, _DEPTH, _TALL), np.float64)
        wide = aligned((size // _WIDE, _DEPTH, _WIDE), np.float64)
        groups = list(range(0, size // _TALL, _GROUP))[::-1]  # the longest first
        threads = min(torch.get_num_threads(), len(groups))
        with ThreadPoolExecutor(threads) as pool:
            for start in range(0, len(rows), _DEPTH):
                block = rows[start : start + _DEPTH]
                _pack_tall(block, tall)
                _pack_wide(block, wide)
                multiply = _Multiply(tall, wide, len(block), self._upper)
                if threads == 1:
                    for group in groups:
                        multiply(group)
                else:
                    list(pool.map(multiply, groups))

    def lower(self) -> Array:
        """The sum so far in Fortran order; only the lower triangle is meaningful. A view where possible."""
        return self._upper[: self.features, : self.features].T


class _Multiply:
    """One block's share of the matrix, group by group of tall panels; groups touch different columns."""

    def __init__(self, tall: Array, wide: Array, depth: int, upper: Array) -> None:
        self.arguments = (tall, wide, depth, upper)

    def __call__(self, first: int) -> None:
        _multiply_group(*self.arguments, first)


@compiled()
def _pack_tall(rows: Array, panels: Array) -> None:
    columns = rows.shape[1]
    for s in range(rows.shape[0]):
        for p in range(panels.shape[0]):
            if (p + 1) * 24 <= columns:
                for c in range(24):
                    panels[p, s, c] = rows[s, p * 24 + c]
            else:
                for c in range(24):
                    panels[p, s, c] = rows[s, p * 24 + c] if p * 24 + c < columns else 0.0


@compiled()
def _pack_wide(rows: Array, panels: Array) -> None:
    columns = rows.shape[1]
    for s in range(rows.shape[0]):
        for p in range(panels.shape[0]):
            if (p + 1) * 8 <= columns:
                for c in range(8):
                    panels[p, s, c] = rows[s, p * 8 + c]
            else:
                for c in range(8):
                    panels[p, s, c] = rows[s, p * 8 + c] if p * 8 + c < columns else 0.0


@compiled(error_model="numpy")
def _multiply_group(tall: Array, wide: Array, depth: int, upper: Array, first: int) -> None:
    last = min(first + 8, tall.shape[0])
    for q in range(3 * last):
        for p in range(max(first, q // 3), last):
            tile24(tall[p], wide[q], depth, upper[8 * q :, 24 * p :])
