"""What a run is made of: the equation in Fourier space, a scheme's coefficients, and a lattice of steps.

The steps form a lattice: n * step for n = 0, 1, 2, ... An output time on the lattice is read off; between
two lattice points a copy of the state takes one shortened step of the same scheme and order. The lattice
never notices, so the answer at one time does not depend on which other times were asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exponential import Multistep, RungeKutta
from .spectral_system import Operator

__all__ = ["Recipe", "lattice"]

Array = NDArray[Any]

ON_LATTICE = 1e-9
"""An output time within this fraction of a step (or of itself) counts as a lattice point."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """Everything an engine needs to run.

    Attributes:
        operator: the equation.
        dtype: of the state.
        step: in time.
        scheme: (linear, step, fraction of that step) -> coefficients.
        terms: nonlinear terms that a multistep scheme remembers; 1 for a single-step scheme.
        start: a single-step scheme for the first `terms - 1` steps of a multistep scheme ...
        start_substeps: ... and of how many small steps each of those is made.
        compensated: carry what round-off cuts from a multistep scheme's steps to the next.
    """

    operator: Operator
    dtype: str
    step: float
    scheme: Callable[[Array, float, float], RungeKutta | Multistep]
    terms: int = 1
    start: Callable[[Array, float, float], RungeKutta] | None = None
    start_substeps: int = 1
    compensated: bool = False

    def coefficients(self, fraction: float) -> RungeKutta | Multistep:
        """Those of a step shortened to a fraction."""
        return self.scheme(self.operator.linear, self.step, fraction)

    def starter(self) -> Recipe:
        """The recipe of the small steps at the start."""
        assert self.start is not None
        return Recipe(self.operator, self.dtype, self.step / self.start_substeps, self.start)


def lattice(times: NDArray[np.float64], step: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each time the last lattice point at or before it, and how far beyond it the time is, in steps."""
    position = times / step
    nearest = np.round(position)
    on = np.abs(position - nearest) <= ON_LATTICE * np.maximum(1.0, position)
    point = np.where(on, nearest, np.floor(position))
    return point.astype(np.int64), np.where(on, 0.0, position - point)
