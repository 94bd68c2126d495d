"""How the descent of a network of coordinates goes, and for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .surrogate import SurrogateError

__all__ = ["DescentSettings"]

RISE = 500
"""Steps over which Adam's learning rate rises, at most."""


@dataclass(frozen=True)
class DescentSettings:
    """How to descend.

    Attributes:
        optimiser: `ssbroyden`, `ssbfgs`, `bfgs`, `lbfgs` (see `QuasiNewtonSettings`) or `adam`.
        steps: at most, those of Adam before it with them.
        seconds: at most, wall-clock; None for as long as the steps take. How far it gets depends on the
            machine, so such a run cannot be repeated bit for bit.
        adam_steps: of Adam before a quasi-Newton method begins.
        learning_rate: of Adam at its height; it rises over 2 % of Adam's steps, at most 500, and falls as a
            half cosine to the end of its steps or, without another method after it, of the time.
        threads: of torch meanwhile; None for as many as it has. Several threads wait for one another where
            networks are as small as these: one is faster on most machines, and two trainings at once are.

    Raises `SurrogateError` for settings that make no sense.
    """

    optimiser: Literal["ssbroyden", "ssbfgs", "bfgs", "lbfgs", "adam"] = "ssbroyden"
    steps: int = 20_000
    seconds: float | None = None
    adam_steps: int = 0
    learning_rate: float = 3e-3
    threads: int | None = 1

    def __post_init__(self) -> None:
        if self.optimiser not in ("ssbroyden", "ssbfgs", "bfgs", "lbfgs", "adam"):
            raise SurrogateError(
                f"optimiser must be ssbroyden, ssbfgs, bfgs, lbfgs or adam, got {self.optimiser!r}"
            )
        limits = (1 if limit is None else limit for limit in (self.seconds, self.threads))
        positive = all(0 < number < math.inf for number in (self.steps, self.learning_rate, *limits))
        if not positive or self.adam_steps < 0:
            raise SurrogateError(
                "steps, seconds, learning_rate and threads must be positive and adam_steps at least 0, got "
                f"{self.steps}, {self.seconds}, {self.learning_rate}, {self.threads} and {self.adam_steps}"
            )

    @property
    def first_steps(self) -> int:
        """Those of Adam."""
        return self.steps if self.optimiser == "adam" else min(self.adam_steps, self.steps)

    def rate(self, step: int, *, spent: float = 0.0) -> float:
        """Adam's learning rate at a step, when this share of the time is spent: it falls with whichever limit
        comes first.
        """
        rise = min(1.0, (step + 1) / max(1.0, min(RISE, 0.02 * self.first_steps)))
        share = min(1.0, max(step / self.first_steps, spent))
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * share))
