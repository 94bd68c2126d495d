"""The spectral solvers: one equation in Fourier space, several exponential schemes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from . import exponential
from .exponential import Multistep, RungeKutta
from .spectral_recipe import Recipe
from .spectral_solver import SpectralSolver

__all__ = ["CNAB2", "ETDAB", "ETDABM", "ETDRK4", "Krogstad", "MultistepSolver"]

Array = NDArray[Any]


@dataclass(frozen=True)
class ETDRK4(SpectralSolver):
    """Exponential time differencing with a fourth-order Runge-Kutta scheme: what most codes use here.

    Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005), doi:10.1137/S1064827502410633.
    """

    scheme: ClassVar[str] = "ETDRK4"
    pairs_per_step: ClassVar[int] = 4

    def recipe(self, number: float | None = None) -> Recipe:
        """See `SpectralSolver`."""
        return self._recipe(_cox_matthews, number=number)


@dataclass(frozen=True)
class Krogstad(SpectralSolver):
    """ETDRK4-B: the cost of ETDRK4 at a smaller error, and nearly its full order on developed chaos.

    Krogstad, J. Comput. Phys. 203 (2005), doi:10.1016/j.jcp.2004.08.006.
    """

    scheme: ClassVar[str] = "Krogstad"
    pairs_per_step: ClassVar[int] = 4

    def recipe(self, number: float | None = None) -> Recipe:
        """See `SpectralSolver`."""
        return self._recipe(_krogstad, number=number)


@dataclass(frozen=True)
class MultistepSolver(SpectralSolver):
    """One pair of transforms a step; the first steps are made of small Runge-Kutta steps.

    Attributes:
        compensated: carry what round-off cuts from each step to the next: some hundred times more accurate
            where round-off is what limits a long run, a few per cent slower.
    """

    compensated: bool = False

    pairs_per_step: ClassVar[int] = 1

    @property
    def label(self) -> str:
        """E.g. `ETDAB4 h=1/64 N=64 float64 compensated`."""
        return super().label + " compensated" * self.compensated

    def _multistep(self, scheme: Any, *, number: float | None, order: int, terms: int) -> Recipe:
        # the start's error, some step * (step / substeps)^4, must fall as fast as the scheme's own
        substeps = 4 * max(1, int(np.ceil(self.step ** (-max(0, order - 5) / 4))))
        return self._recipe(
            scheme,
            number=number,
            terms=terms,
            start=_krogstad,
            start_substeps=substeps,
            compensated=self.compensated,
        )


@dataclass(frozen=True)
class ETDAB(MultistepSolver):
    """Exponential Adams-Bashforth of order 2 to 6: a quarter of ETDRK4's cost per step.

    The cheapest way to an accurate trajectory, at the highest order that is stable at the step. Random starts
    of Kuramoto-Sivashinsky survive, at L = 22 and at L = 200, steps of 1/4 and 1/6 at order 3, 1/10 and 1/14
    at order 4, 1/32 and 1/40 at order 5, 1/112 at order 6; its attractor at L = 22 takes 1/8, 1/24 and 1/64
    at orders 4 to 6.

    Cox & Matthews, J. Comput. Phys. 176 (2002), doi:10.1006/jcph.2002.6995.
    """

    order: int = 4

    scheme: ClassVar[str] = "ETDAB"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in (2, 3, 4, 5, 6):
            raise SolverError(f"order must be 2 to 6, got {self.order}")

    @property
    def scheme_label(self) -> str:
        """E.g. `ETDAB4`."""
        return f"ETDAB{self.order}"

    def recipe(self, number: float | None = None) -> Recipe:
        """See `SpectralSolver`."""

        def scheme(linear: Array, step: float, fraction: float) -> Multistep:
            return exponential.adams_bashforth(linear, step, order=self.order, fraction=fraction)

        return self._multistep(scheme, number=number, order=self.order, terms=self.order)


@dataclass(frozen=True)
class ETDABM(MultistepSolver):
    """Exponential Adams-Bashforth-Moulton: predict, evaluate, correct, at one pair of transforms a step.

    Some ten times more accurate than `ETDAB` of the same order and cost, and less stable: at order 4 random
    starts of Kuramoto-Sivashinsky survive steps of 1/14 at L = 22 and 1/20 at L = 200, where it beats every
    Adams-Bashforth scheme of that cost. The answer is the predicted value, one step's error away from the
    corrected one.

    `exponential.adams_bashforth_moulton` has the reference.
    """

    order: int = 4

    scheme: ClassVar[str] = "ETDABM"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in (2, 3, 4, 5):
            raise SolverError(f"order must be 2 to 5, got {self.order}")

    @property
    def scheme_label(self) -> str:
        """E.g. `ETDABM4`."""
        return f"ETDABM{self.order}"

    def recipe(self, number: float | None = None) -> Recipe:
        """See `SpectralSolver`."""

        def scheme(linear: Array, step: float, fraction: float) -> Multistep:
            return exponential.adams_bashforth_moulton(linear, step, order=self.order, fraction=fraction)

        return self._multistep(scheme, number=number, order=self.order, terms=self.order + 1)


@dataclass(frozen=True)
class CNAB2(MultistepSolver):
    """Crank-Nicolson and two-step Adams-Bashforth: the plain second-order scheme that many codes use.

    Here for comparison: exponential schemes of higher order are more accurate at the same cost.
    """

    scheme: ClassVar[str] = "CNAB2"

    def recipe(self, number: float | None = None) -> Recipe:
        """See `SpectralSolver`."""

        def scheme(linear: Array, step: float, fraction: float) -> Multistep:
            return exponential.crank_nicolson_adams_bashforth(linear, step, fraction=fraction)

        return self._multistep(scheme, number=number, order=2, terms=2)


def _cox_matthews(linear: Array, step: float, fraction: float) -> RungeKutta:
    return exponential.cox_matthews(linear, fraction * step)


def _krogstad(linear: Array, step: float, fraction: float) -> RungeKutta:
    return exponential.krogstad(linear, fraction * step)
