"""Vortices where the velocity's gradient turns more than it stretches."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from .finder import Finder
from .seeking import Sought, seek_in_all, sought
from .system import Vortices

__all__ = ["GradientCriterion"]

Array = NDArray[np.float64]


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

    def tables(self, u: Array, v: Array) -> Array:
        """See `Finder`."""
        found = np.empty((len(u), self.system.slots, 5))
        seek_in_all(u, v, self.sought, found)
        return found

    @property
    def sought(self) -> Sought:
        """For compiled code."""
        return sought(
            points=self.system.points,
            by_q=self.criterion == "q",
            threshold=self.threshold,
            smoothing=self.smoothing,
        )
