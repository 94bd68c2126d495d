"""Colebrook's equation by iteration, and by explicit formulae that are close to its solution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from .colebrook import GRAINS, START, VISCOUS, turbulent_root
from .regime_solver import RegimeSolver
from .system import PipeFlow

__all__ = ["Explicit", "Iterated"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Iterated(RegimeSolver):
    """Colebrook's equation for x = 1 / sqrt f, x = -2 log10(a + b x), from x = 7 on.

    `fixed point` puts x into the right side again and again; each time at most a fifth of the error is left,
    on rough walls far less. `newton` has the slope besides: from the second iteration on it
    squares the error.

    Attributes:
        method: one of the two.
        iterations: at most.
        tolerance: relative change of x below which a sample is done; one that is not done by then has no
            answer. With 0 all iterations are made, and what comes out is the answer.

    Raises `SolverError` for settings that make no sense.
    """

    system: PipeFlow
    _: KW_ONLY
    method: Literal["fixed point", "newton"] = "newton"
    iterations: int = 3
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in ("fixed point", "newton"):
            raise SolverError(f"method must be 'fixed point' or 'newton', got {self.method!r}")
        if not isinstance(self.iterations, int) or self.iterations < 1:
            raise SolverError(f"iterations must be a whole number of at least 1, got {self.iterations}")
        if not 0 <= self.tolerance < 1:
            raise SolverError(f"tolerance must be at least 0 and less than 1, got {self.tolerance}")

    @property
    def label(self) -> str:
        """E.g. `Newton n=3`, `Fixed-point n=40 1e-12`."""
        name = "Newton" if self.method == "newton" else "Fixed-point"
        return f"{name} n={self.iterations}{f' {self.tolerance:.0e}' if self.tolerance else ''}"

    def turbulent(self, reynolds: Array, roughness: Array) -> Array:
        """See `RegimeSolver`."""
        root = np.full_like(reynolds, START)
        if not self.tolerance:
            for _ in range(self.iterations):
                root = self._next(root, reynolds, roughness)
            return root**-2
        left = np.arange(len(root))
        for _ in range(self.iterations):
            new = self._next(root[left], reynolds[left], roughness[left])
            moved = np.abs(new - root[left]) > self.tolerance * np.abs(new)
            root[left] = new
            left = left[moved]  # who is done stays as it is, whoever else is asked for
            if not len(left):
                break
        root[left] = np.nan
        return root**-2

    def _next(self, root: Array, reynolds: Array, roughness: Array) -> Array:
        if self.method == "fixed point":
            return turbulent_root(root, reynolds, roughness)
        slope = VISCOUS / reynolds
        inside = roughness / GRAINS + slope * root
        left = root + 2 * np.log10(inside)
        return root - left / (1 + 2 / np.log(10) * slope / inside)


@dataclass(frozen=True)
class Explicit(RegimeSolver):
    """A formula in the place of Colebrook's equation; see `FORMULAE`.

    Attributes:
        formula: its authors.

    Raises `SolverError` for a formula that is not known.
    """

    system: PipeFlow
    _: KW_ONLY
    formula: Literal["haaland", "swamee-jain", "serghides", "churchill"] = "haaland"

    def __post_init__(self) -> None:
        if self.formula not in FORMULAE:
            raise SolverError(f"formula must be one of {sorted(FORMULAE)}, got {self.formula!r}")

    @property
    def label(self) -> str:
        """E.g. `Swamee-Jain`."""
        return self.formula.title()

    def turbulent(self, reynolds: Array, roughness: Array) -> Array:
        """See `RegimeSolver`."""
        return FORMULAE[self.formula](reynolds, roughness)


def haaland(reynolds: Array, roughness: Array) -> Array:
    """Within 2 %. Haaland, J. Fluids Engineering 105 (1983), doi:10.1115/1.3240948."""
    return (-1.8 * np.log10((roughness / GRAINS) ** 1.11 + 6.9 / reynolds)) ** -2


def swamee_jain(reynolds: Array, roughness: Array) -> Array:
    """Within 1 % on most of the chart, 3 % at its edges. Swamee & Jain, J. Hydraulics Division 102 (1976),
    doi:10.1061/JYCEAJ.0004542.
    """
    return 0.25 * np.log10(roughness / GRAINS + 5.74 / reynolds**0.9) ** -2


def serghides(reynolds: Array, roughness: Array) -> Array:
    """Within 0.0032 %: three fixed-point iterations, extrapolated as Steffensen does. Serghides, Chemical
    Engineering 91 (5 March 1984), 63.
    """
    first = turbulent_root(np.full_like(reynolds, 12 / VISCOUS), reynolds, roughness)
    second = turbulent_root(first, reynolds, roughness)
    third = turbulent_root(second, reynolds, roughness)
    bend = third - 2 * second + first
    # who has arrived has nothing to extrapolate
    with np.errstate(divide="ignore", invalid="ignore"):
        further = np.where(bend == 0, 0.0, (second - first) ** 2 / bend)
    return np.asarray((first - further) ** -2)


def churchill(reynolds: Array, roughness: Array) -> Array:
    """Within 3 %. One equation for all regimes, of which only the turbulent one is asked here, where its
    laminar term vanishes. Churchill, Chemical Engineering 84 (7 November 1977), 91.
    """
    rough = (2.457 * np.log(1 / ((7 / reynolds) ** 0.9 + 0.27 * roughness))) ** 16
    return np.asarray(8 * ((8 / reynolds) ** 12 + (rough + (37530 / reynolds) ** 16) ** -1.5) ** (1 / 12))


FORMULAE: Mapping[str, Callable[[Array, Array], Array]] = {
    "haaland": haaland,
    "swamee-jain": swamee_jain,
    "serghides": serghides,
    "churchill": churchill,
}
"""By the name that a setting gives."""
