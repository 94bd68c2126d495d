"""Places without order, and which of them a place between them is read off from."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
import scipy.spatial
from numpy.typing import NDArray

__all__ = ["Scattered"]

Array = NDArray[np.float64]
Found = tuple[NDArray[np.int64], Array]

_TRIANGULATED = 3
"""Coordinates up to which places are triangulated."""


class Scattered:
    """Known places, and for any other which of these count there, and how much.

    In up to three coordinates they are triangulated (Delaunay), and what is read off is linear in each
    simplex; on a line it is linear or cubic. In more, and where they cannot be triangulated, the nearest
    count by the inverse square of their distance (Shepard). Outside of all triangles the nearest counts
    alone.

    Arguments:
        places: (places, coordinates), of which there may be none: all places are then the same.
        neighbours: how many count where places are not triangulated.
        on_a_line: `linear`, or `cubic` through two on either side.

    Reference: Shepard 1968, doi:10.1145/800186.810616 (inverse distances).
    """

    def __init__(self, places: Array, *, neighbours: int, on_a_line: Literal["linear", "cubic"]) -> None:
        self.places, self.neighbours, self.on_a_line = places, neighbours, on_a_line
        self._triangles: scipy.spatial.Delaunay | None = None
        self._tree = scipy.spatial.cKDTree(places) if places.shape[1] else None
        if 2 <= places.shape[1] <= _TRIANGULATED and len(places) > places.shape[1] + 1:
            try:
                self._triangles = scipy.spatial.Delaunay(places)
            except scipy.spatial.QhullError:  # all on one line, as rounding has it
                self._triangles = None

    def nearest(self, asked: Array) -> Found:
        """(samples, coordinates) -> (samples, vertices) which places count, and weights that add up to 1.

        The weights of what is not finite are NaN.
        """
        samples, coordinates = asked.shape
        finite = np.asarray(np.isfinite(asked).all(axis=1))
        if not finite.all():  # what is no number has no neighbour
            found, weights = self.nearest(np.where(finite[:, None], asked, 0.0))
            weights[~finite] = np.nan
            return found, weights
        if self._tree is None:
            return np.zeros((samples, 1), np.int64), np.ones((samples, 1))
        if coordinates == 1 and len(self.places) > 1:
            return self._between(asked[:, 0])
        if self._triangles is None:
            distances, found = self._tree.query(asked, k=min(self.neighbours, len(self.places)))
            distances, found = distances.reshape(samples, -1), found.reshape(samples, -1)
            # in parts of the farthest, be it at the very place itself
            near = distances / np.maximum(distances[:, -1:], np.finfo(np.float64).tiny)
            weights = np.maximum(near, 1e-12) ** -2
            return found.astype(np.int64), weights / weights.sum(axis=1, keepdims=True)
        simplex = self._triangles.find_simplex(asked)
        inside = simplex >= 0
        found = self._triangles.simplices[simplex].astype(np.int64)
        turn = self._triangles.transform[simplex]
        first = np.einsum("bij,bj->bi", turn[:, :-1], asked - turn[:, -1])
        weights = np.concatenate([first, 1 - first.sum(axis=1, keepdims=True)], axis=1)
        inside &= np.isfinite(weights).all(axis=1)  # a triangle that is flat
        found[~inside, 0] = self._tree.query(asked[~inside])[1]
        weights[~inside] = np.eye(coordinates + 1)[0]
        return found, weights

    def _between(self, asked: Array) -> Found:
        """On a line: the neighbour on either side, or the end; two on either side where it is cubic."""
        points = self.places[:, 0]
        order = np.argsort(points, kind="stable")
        right = np.clip(np.searchsorted(points[order], asked), 1, len(points) - 1)
        found = np.stack([order[right - 1], order[right]], axis=1)
        gap = points[found[:, 1]] - points[found[:, 0]]
        share = np.clip((asked - points[found[:, 0]]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
        weights = np.stack([1 - share, share], axis=1)
        if self.on_a_line == "linear" or len(points) < 4:
            return found.astype(np.int64), weights
        first = np.clip(right - 2, 0, len(points) - 4)
        four = order[first[:, None] + np.arange(4)]
        near, place = points[four], np.clip(asked, points.min(), points.max())
        through = np.ones_like(near)
        with np.errstate(divide="ignore", invalid="ignore"):
            for j, m in itertools.permutations(range(4), 2):  # Lagrange's polynomials
                through[:, j] *= (place - near[:, m]) / (near[:, j] - near[:, m])
        twice = ~np.isfinite(through).all(axis=1)  # two queries at one place: a line through the others
        four[twice, :2], through[twice, :2], through[twice, 2:] = found[twice], weights[twice], 0.0
        return four.astype(np.int64), through
