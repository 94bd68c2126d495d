"""Vortices and their background fitted to what is seen, all at once, until only noise is left."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from .criterion import GradientCriterion
from .finder import Finder
from .fitting import Fitting, fit_in_all
from .system import Vortices
from .table import surest

__all__ = ["FittedVortices"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FittedVortices(Finder):
    """Levenberg's and Marquardt's least squares for all vortices and the background, begun at peaks of Q.

    For Gaussian noise this is the most likely flow, and no unbiased way is more accurate. What the fit leaves
    is searched for further peaks of Q, and the highest is added, as often as `rounds` says; vortices whose
    circulation is no more than noise are taken away. It fails where a vortex has no peak to begin with, as
    between two that are nearly one.

    Attributes:
        iterations: of each fit, at most; one that no longer improves ends before.
        rounds: how often what is left is searched.
        stride: of the cells, every so many along both axes are fitted to: cheaper, and noisier.
        polish: iterations of a last fit, to all cells, that goes on from one with a stride.
        threshold, smoothing: of Q, where the fit begins; see `GradientCriterion`.

    Raises `SolverError` for settings that make no sense.

    Reference: Marquardt, J. SIAM 11 (1963), doi:10.1137/0111030.
    """

    system: Vortices
    _: KW_ONLY
    iterations: int = 12
    rounds: int = 2
    stride: int = 1
    polish: int = 0
    threshold: float = 1.0
    smoothing: float = 1.5

    def __post_init__(self) -> None:
        for name, least in (("iterations", 1), ("rounds", 0), ("stride", 1), ("polish", 0)):
            if getattr(self, name) < least:
                raise SolverError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if (self.system.points // self.stride) ** 2 < 8 * self.system.slots:
            raise SolverError(
                f"a stride of {self.stride} leaves too few of {self.system.points} x {self.system.points} "
                f"cells for {self.system.slots} vortices; lower it"
            )
        if self.polish and self.stride == 1:
            raise SolverError(
                "polish goes on from a fit to some of the cells: give a stride above 1, or none"
            )
        _ = self.criterion

    @property
    def label(self) -> str:
        """E.g. `least squares n=12 r=2`, `least squares n=3 r=0 /2`, `least squares n=3 r=0 Q > 0.5 s=2`,
        `least squares n=3 r=0 /2 then n=1`.
        """
        coarse = f" /{self.stride}" if self.stride > 1 else ""
        coarse += f" then n={self.polish}" if self.polish else ""
        usual = (self.threshold, self.smoothing) == (1.0, 1.5)
        begun = "" if usual else f" {self.criterion.label}"
        return f"least squares n={self.iterations} r={self.rounds}{coarse}{begun}"

    @property
    def criterion(self) -> GradientCriterion:
        """Where the fit begins."""
        return GradientCriterion(self.system, threshold=self.threshold, smoothing=self.smoothing)

    def tables(self, u: Array, v: Array) -> Array:
        """See `Finder`."""
        return self.refine(u, v, self.criterion.tables(u, v))

    def refine(self, u: Array, v: Array, begun: Array) -> Array:
        """The same, from tables that are known already, (samples, any number, 5): of those of which they are
        sure by more than 0, the surest are begun with.
        """
        tables = surest(begun, slots=self.system.slots)
        how = Fitting(self.iterations, self.rounds, self.stride, self.polish)
        u, v = (np.ascontiguousarray(w, dtype=np.float64) for w in (u, v))
        fit_in_all(u, v, how, self.criterion.sought, tables)
        return surest(tables, slots=self.system.slots)
