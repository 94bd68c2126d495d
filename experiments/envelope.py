"""The solver's best cost at a given accuracy: lower envelope of a ladder of settings, and what follows.

Comparing at equal accuracy follows McGreivy & Hakim, Nature Machine Intelligence 6 (2024), arXiv:2407.07218;
the break-even count follows "Breakeven complexity", arXiv:2605.15399.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cost", "Envelope", "break_even"]

Sign = Literal["=", "<=", ">="]


@dataclass(frozen=True)
class Cost:
    """Seconds that the solver needs for an accuracy; `sign` says whether that is a bound.

    `=`: interpolated between two settings. `<=`: even the cheapest setting is at least that accurate.
    `>=`: no setting of the ladder is that accurate; the dearest useful one is given.
    """

    seconds: float
    sign: Sign


@dataclass(frozen=True)
class Envelope:
    """Settings that no other setting beats in both time and quality, cheapest first.

    Attributes:
        seconds: (settings,) strictly increasing.
        quality: (settings,) strictly increasing (`Metric.quality`).
        members: (settings,) their positions in the ladder.
    """

    seconds: NDArray[np.float64]
    quality: NDArray[np.float64]
    members: NDArray[np.intp]

    @classmethod
    def of(cls, seconds: NDArray[np.float64], quality: NDArray[np.float64]) -> Envelope:
        """Keep the undominated settings; those without a finite quality and time are left out.

        Raises `ValueError` where no setting remains.
        """
        order = np.lexsort((-quality, seconds))
        kept: list[int] = []
        for i in order:
            if not (np.isfinite(seconds[i]) and np.isfinite(quality[i])):
                continue
            if not kept or (quality[i] > quality[kept[-1]] and seconds[i] > seconds[kept[-1]]):
                kept.append(int(i))
        if not kept:
            raise ValueError("no setting of the ladder has a finite accuracy and time; widen the ladder")
        members = np.array(kept, dtype=np.intp)
        return cls(seconds[members], quality[members], members)

    def cost(self, quality: float) -> Cost:
        """Seconds at this quality: straight in (quality, log seconds) between neighbours."""
        if quality < self.quality[0]:
            return Cost(float(self.seconds[0]), "<=")
        if quality > self.quality[-1]:
            return Cost(float(self.seconds[-1]), ">=")
        return Cost(float(np.exp(np.interp(quality, self.quality, np.log(self.seconds)))), "=")

    def quality_at(self, seconds: float) -> tuple[float, Sign]:
        """Quality that the solver reaches in this time, and whether that is a bound.

        Below the cheapest setting the solver has no answer at all: `<=` and the cheapest quality.
        """
        if seconds < self.seconds[0]:
            return float(self.quality[0]), "<="
        if seconds > self.seconds[-1]:
            return float(self.quality[-1]), ">="
        return float(np.interp(np.log(seconds), np.log(self.seconds), self.quality)), "="


def break_even(bill: float, solver: Cost, surrogate: float) -> tuple[float | None, Sign]:
    """Queries after which `bill` seconds of data, training and tuning are repaid; None means never.

    The sign is that of the count. Where the solver's cost is only bounded from above and the surrogate is
    slower than that bound, "never" is certain; where it is bounded from below, "never" is what is known so
    far (sign `<=`).
    """
    gain = solver.seconds - surrogate
    if gain <= 0:
        return None, "<=" if solver.sign == ">=" else "="
    turned: dict[Sign, Sign] = {"=": "=", "<=": ">=", ">=": "<="}
    return float(np.ceil(bill / gain)), turned[solver.sign]
