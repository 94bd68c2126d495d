"""How good a table of vortices is: which are found, how near, and how well their cores are covered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..solvers.contract import Solution
from ..solvers.vortices.table import SLOTTED, table_of
from .metrics import Metric

__all__ = ["Matches", "average_precision", "mask_scores", "matched", "missed_distance"]

Array = NDArray[np.float64]
LEAST = 0.01
"""How sure a detection has to be to be ranked at all; half is what is said to be there."""
NOTHING = 1e-6
"""Cells; the least distance that is told apart, so that it has a logarithm."""


def missed_distance(*, spacing: float, cutoff: float) -> Metric:
    """Mean distance in cells of what is found from what is there, each missed and each false one counting as
    `cutoff`: the OSPA metric of order 1.

    Reference: Schuhmacher, Vo & Vo, IEEE Transactions on Signal Processing 56 (2008),
    doi:10.1109/TSP.2008.920469.
    """

    def score(answer: Solution, truth: Solution) -> Array:
        found = np.full(len(truth.status), cutoff)
        for i in range(len(found)):
            true, said = (table_of(_sample(s, i)) for s in (truth, answer))
            most, least = max(len(true), len(said)), min(len(true), len(said))
            if not most:
                found[i] = 0.0
                continue
            way = np.minimum(_distances(said, true) / spacing, cutoff)
            way = np.where(np.isfinite(way), way, cutoff)
            found[i] = (way[linear_sum_assignment(way)].sum() + cutoff * (most - least)) / most
        return np.maximum(found, NOTHING)

    return Metric(
        name="distance with misses",
        unit="cells",
        higher_is_better=False,
        logarithmic=True,
        score=score,
        definition=(
            "mean distance in cells of the vortices that are found from those that are there, matched as "
            f"well as can be; one that is missed, false or farther off counts as {cutoff:g} cells (OSPA)"
        ),
    )


@dataclass(frozen=True)
class Matches:
    """All detections of an answer, the surest of each field first, and what they hit.

    Attributes:
        sample: (detections,) whose.
        score: (detections,) how sure.
        hit: (detections,) whether a vortex that no surer one has hit lies within reach.
        place: (detections,) distance from it, in cells; NaN where none is hit.
        circulation, radius: (detections,) relative errors; NaN likewise.
        there: (samples,) vortices.
    """

    sample: NDArray[np.intp]
    score: Array
    hit: NDArray[np.bool_]
    place: Array
    circulation: Array
    radius: Array
    there: NDArray[np.intp]

    def tally(self, chosen: NDArray[np.bool_]) -> dict[str, float]:
        """Of these samples: average precision, F1, precision and recall of what is said to be there, and the
        medians of the errors of what is rightly said to be; NaN where there is nothing to say.
        """
        own = chosen[self.sample]
        there = int(self.there[chosen].sum())
        said = own & (self.score >= 0.5)
        right = said & self.hit
        hits = int(right.sum())
        errors = {
            name: float(np.median(values[right])) if hits else np.nan
            for name, values in (
                ("place", self.place),
                ("circulation", self.circulation),
                ("radius", self.radius),
            )
        }
        return {
            "average_precision": average_precision(self.score[own], self.hit[own], there=there),
            "f1": 2 * hits / (int(said.sum()) + there) if said.any() or there else 1.0,
            "precision": hits / max(1, int(said.sum())),
            "recall": hits / max(1, there),
            **errors,
        }


def matched(answer: Solution, truth: Solution, *, spacing: float, reach: float) -> Matches:
    """From the surest detection on, each takes the nearest vortex within `reach` cells that is still free."""
    rows: list[tuple[float, ...]] = []
    there = np.zeros(len(truth.status), dtype=np.intp)
    for i in range(len(there)):
        true, said = table_of(_sample(truth, i)), table_of(_sample(answer, i), least=LEAST)
        there[i] = len(true)
        free = np.ones(len(true), np.bool_)
        for row, way in zip(said, _distances(said, true) / spacing, strict=True):
            way = np.where(free, way, np.inf)
            nearest = int(way.argmin()) if len(way) else -1
            if nearest < 0 or not way[nearest] <= reach:
                rows.append((i, row[0], False, np.nan, np.nan, np.nan))
                continue
            free[nearest] = False
            wrong = np.abs(row[3:] / true[nearest, 3:] - 1)
            rows.append((i, row[0], True, way[nearest], *wrong))
    found = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return Matches(
        found[:, 0].astype(np.intp),
        found[:, 1],
        found[:, 2].astype(np.bool_),
        found[:, 3],
        found[:, 4],
        found[:, 5],
        there,
    )


def average_precision(score: Array, hit: NDArray[np.bool_], *, there: int) -> float:
    """The area below precision against recall, where precision is the best at this recall or a larger one.

    Reference: Everingham et al., Int. J. Computer Vision 88 (2010), doi:10.1007/s11263-009-0275-4, as from
    2010 on: over all recalls.

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), there=2)
    0.8333333333333333
    """
    if not there:
        return np.nan
    hits = hit[np.argsort(-score, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[hits].sum() / there)


def mask_scores(answer: Solution, truth: Solution) -> Array:
    """(samples,) intersection over union of the masks at one half; 1 where both are empty."""
    said, true = (s.values["mask"][:, 0] >= 0.5 for s in (answer, truth))
    together = (said | true).sum(axis=(1, 2))
    return np.where(together > 0, (said & true).sum(axis=(1, 2)) / np.maximum(together, 1), 1.0)


def _sample(solution: Solution, i: int) -> Mapping[str, Array]:
    return {name: solution.values[name][i, 0] for name in SLOTTED}


def _distances(said: Array, true: Array) -> Array:
    """(said, true)"""
    return np.asarray(np.hypot(*(said[:, None, 1:3] - true[None, :, 1:3]).transpose(2, 0, 1)))
