"""Numbers copied one by one in compiled code: slices on the left add seconds to the time to compile, as numba
then writes out the sentence of an error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

__all__ = ["copy_line", "copy_table"]

Array = NDArray[np.float64]


@compiled(inline="always")
def copy_line(source: Array, out: Array) -> None:
    """The numbers of a line into the first of another."""
    for i in range(len(source)):
        out[i] = source[i]


@compiled(inline="always")
def copy_table(source: Array, out: Array) -> None:
    """The rows and columns of a table into the first of another."""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            out[i, j] = source[i, j]
