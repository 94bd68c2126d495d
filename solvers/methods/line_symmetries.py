"""Symmetries of a field `u` on a line: left and right exchanged, its sign turned round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import Symmetry

__all__ = ["mirrored", "mirrored_and_turned", "mirrored_between_walls", "turned"]


def _of_u(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Symmetry:
    def symmetry(named: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {n: change(values) if n.rpartition("/")[2] == "u" else values for n, values in named.items()}

    return symmetry


mirrored = _of_u(lambda u: np.roll(u[..., ::-1], 1, axis=-1))
"""On a periodic line, of which the first point, at one end, stays where it is."""
mirrored_and_turned = _of_u(lambda u: -np.roll(u[..., ::-1], 1, axis=-1))
"""The same, with the sign turned round."""
mirrored_between_walls = _of_u(lambda u: np.ascontiguousarray(u[..., ::-1]))
"""On a line whose first and last points are at its ends."""
turned = _of_u(lambda u: -u)
"""With the other sign."""
