"""Colebrook's equation in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import wrightomega

from .colebrook import GRAINS, VISCOUS
from .regime_solver import RegimeSolver
from .system import PipeFlow

__all__ = ["WrightOmega"]

Array = NDArray[np.float64]
PACE = math.log(10) / 2
"""Of the exponential that undoes -2 log10."""


@dataclass(frozen=True)
class WrightOmega(RegimeSolver):
    """The exact solution by Lambert's W, in a form in which nothing overflows and nothing cancels.

    With a = roughness / 3.7, b = 2.51 / Re and c = log(10) / 2, Colebrook's equation for x = 1 / sqrt f is
    exp(-c x) = a + b x. So y = a + b x obeys c y / b + log(c y / b) = log(c / b) + c a / b, that is c y / b =
    w(log(c / b) + c a / b), where w(z) = W(exp z) is Wright's omega. W itself overflows on rough walls, where
    exp z has hundreds of thousands of digits; and x = (y - a) / b would lose as many digits as b is small:
    x = -log(y) / c loses none.

    Reference: Keady, J. Hydraulic Engineering 124 (1998), doi:10.1061/(ASCE)0733-9429(1998)124:1(96), for W;
    Brkic & Praks, Mathematics 7 (2019), doi:10.3390/math7010034, for omega.
    """

    system: PipeFlow
    error_estimate: ClassVar[float] = 4e-15

    @property
    def label(self) -> str:
        """`Wright omega`."""
        return "Wright omega"

    def turbulent(self, reynolds: Array, roughness: Array) -> Array:
        """See `RegimeSolver`."""
        a, b = roughness / GRAINS, VISCOUS / reynolds
        omega = wrightomega(np.log(PACE / b) + PACE * a / b)
        return np.asarray((PACE / np.log(omega * b / PACE)) ** 2)
