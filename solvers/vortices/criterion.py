"""Vortices where the velocity's gradient turns more than it stretches."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from ..contract import SolverError
from .circulation import around_circles, from_integrals
from .finder import Finder
from .gradients import okubo_weiss, q_criterion, velocity_gradient
from .system import Vortices

__all__ = ["GradientCriterion"]

Array = NDArray[np.float64]
WINDOW = 3
"""Cells to each side of a peak that may not be higher, and over which its middle is taken."""
RINGS = (1.5, 2.5, 3.5, 4.5, 6.0, 8.0)
"""Radii, in cells, of the circles of circulation; as far as they reach no other peak, at least four."""


@dataclass(frozen=True)
class GradientCriterion(Finder):
    """Peaks of Q, or of Okubo-Weiss with its sign turned, above a threshold; then circulation integrals.

    The middle is the mean place near the peak, weighted with what lies above half of it. Circulation and core
    radius come from integrals over circles around it, in what is seen and not in what is smoothed. Noise has
    peaks, too: smoothing takes them, and cores that are no wider, with it. How sure it is of one follows from
    how far the peak is above the threshold.

    Attributes:
        criterion: `q` or `okubo-weiss`; of a flow without divergence they are the same but for a factor.
        threshold: in units of the criterion's standard deviation over the field; for Okubo-Weiss
            0.2 is usual.
        smoothing: standard deviation, in cells, of the Gaussian that the velocities are smoothed with first.

    Raises `SolverError` for settings that make no sense.
    """

    system: Vortices
    _: KW_ONLY
    criterion: Literal["q", "okubo-weiss"] = "q"
    threshold: float = 1.0
    smoothing: float = 1.0

    def __post_init__(self) -> None:
        if self.criterion not in ("q", "okubo-weiss"):
            raise SolverError(f"the criterion must be 'q' or 'okubo-weiss', got {self.criterion!r}")
        if not self.threshold > 0 or not 0 <= self.smoothing < np.inf:
            raise SolverError(
                "the threshold must be positive and the smoothing at least 0, got "
                f"{self.threshold} and {self.smoothing}"
            )

    @property
    def label(self) -> str:
        """E.g. `Q > 0.5 s=1.5`, `Okubo-Weiss < -0.2 s=1`."""
        name = "Q >" if self.criterion == "q" else "Okubo-Weiss <"
        sign = "" if self.criterion == "q" else "-"
        return f"{name} {sign}{self.threshold:g} s={self.smoothing:g}"

    def find(self, u: Array, v: Array) -> Array:
        """See `Finder`."""
        turning = self.turning(u, v)
        places, heights = peaks(turning, self.threshold * turning.std())
        spacing = self.system.spacing
        found = np.empty((len(places), 5))
        middles = (places + 0.5) * spacing
        for k, (row, column) in enumerate(places):
            y, x = middle_of(turning, row, column)
            apart = np.hypot(*(middles - middles[k]).T)
            nearest = np.min(apart[apart > 0], initial=1.0) / spacing
            # a circle beyond the edge is no circle, and one around another vortex is another's
            edge = min(x, y, turning.shape[1] - 1 - x, turning.shape[0] - 1 - y) + 0.5
            inside = sum(r <= min(edge, 0.6 * nearest) for r in RINGS)
            radii = spacing * np.array(RINGS[: max(4, inside)])
            middle = ((x + 0.5) * spacing, (y + 0.5) * spacing)
            integrals = around_circles(u, v, middle=middle, radii=radii, spacing=spacing)
            numbers = from_integrals(integrals, radii, least=0.8 * spacing, most=0.15)
            found[k] = heights[k], *middle, *numbers
        return found

    def turning(self, u: Array, v: Array) -> Array:
        """The criterion, positive in vortices."""
        if self.smoothing:
            u, v = (gaussian_filter(w, self.smoothing, mode="nearest", truncate=3.0) for w in (u, v))
        gradient = velocity_gradient(u, v, spacing=self.system.spacing)
        return q_criterion(gradient) if self.criterion == "q" else -okubo_weiss(gradient)


def peaks(turning: Array, threshold: float) -> tuple[NDArray[np.intp], Array]:
    """Places (peaks, 2), as row and column, above the threshold and all neighbours; and how sure each is."""
    highest = maximum_filter(turning, size=2 * WINDOW + 1, mode="nearest")
    places = np.argwhere((turning == highest) & (turning > max(threshold, 1e-12)))
    height = turning[places[:, 0], places[:, 1]]
    return places, height / (height + threshold)


def middle_of(turning: Array, row: int, column: int) -> tuple[float, float]:
    """Row and column of a peak, between cells."""
    rows = np.arange(max(0, row - WINDOW), min(turning.shape[0], row + WINDOW + 1))
    columns = np.arange(max(0, column - WINDOW), min(turning.shape[1], column + WINDOW + 1))
    near = turning[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    weights = np.maximum(near - 0.5 * turning[row, column], 0.0)
    whole = weights.sum()
    return float(weights.sum(axis=1) @ rows / whole), float(weights.sum(axis=0) @ columns / whole)
