"""Known answers of the Kuramoto-Sivashinsky equation: the dispersion relation and Lyapunov exponents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MEASURED_EXPONENTS", "KnownExponent", "growth_rate", "largest_exponent"]


def growth_rate(wavenumber: NDArray[np.float64]) -> NDArray[np.float64]:
    """Growth rate k^2 - k^4 of an infinitesimal wave: unstable below k = 1, fastest (1/4) at 1/sqrt(2)."""
    return wavenumber**2 - wavenumber**4


MEASURED_EXPONENTS: dict[float, tuple[float, float]] = {
    22.0: (0.0484, 0.0002),
    36.0: (0.0772, 0.0008),
    60.0: (0.0853, 0.0005),
    100.0: (0.0906, 0.0006),
    200.0: (0.0957, 0.0009),
}
"""Domain length -> largest Lyapunov exponent and its standard error, without forcing.

Measured with `lyapunov_spectrum` over 1,600,000 time units in all at L = 22, 128,000 at 36, 160,000 at 60,
80,000 at 100 and 45,000 at 200, on grids of at least 1.6 points per unit length. Published values for
L = 22 run from 0.043 to 0.048: Cvitanovic, Davidchack & Siminos, SIAM J. Appl. Dyn. Syst. 9 (2010),
doi:10.1137/070705623; Edson, Bunder, Mattner & Roberts, ANZIAM J. 61 (2019),
doi:10.1017/S1446181119000105.
"""


@dataclass(frozen=True)
class KnownExponent:
    """A largest Lyapunov exponent, whether it was measured at this very length, and where it is from."""

    value: float
    measured: bool
    source: str


def largest_exponent(length: float) -> KnownExponent:
    """The largest Lyapunov exponent at a domain length.

    Measured at the lengths of `MEASURED_EXPONENTS`. Between them it is interpolated linearly, beyond 200
    taken as constant (chaos is extensive: the exponent no longer depends on the length), below 22 taken
    as at 22. The exponent of a small domain depends on the length erratically, and windows of periodic
    motion exist: measure it with `lyapunov_spectrum` before relying on an unmeasured value below 60.
    """
    lengths = sorted(MEASURED_EXPONENTS)
    if length in MEASURED_EXPONENTS:
        return KnownExponent(MEASURED_EXPONENTS[length][0], True, f"measured at L = {length:g}")
    value = float(np.interp(length, lengths, [MEASURED_EXPONENTS[known][0] for known in lengths]))
    if length > lengths[-1]:
        source = f"not measured at L = {length:g}; taken from L = {lengths[-1]:g}, as chaos is extensive"
    elif length < lengths[0]:
        source = f"not measured at L = {length:g}; taken from L = {lengths[0]:g} for want of better"
    else:
        source = f"not measured at L = {length:g}; interpolated between measured lengths"
    return KnownExponent(value, False, source)
