"""The exact solution of Burgers' equation, by quadrature.

With u = -2 nu phi_x / phi the equation becomes that of heat, so that

    u(x, t) = integral of u_0(y) w(y) dy / integral of w(y) dy,
    w(y) = exp(-(U(y) + (x - y)^2 / (2 t)) / (2 nu)),  U' = u_0,

a mean of the start in which all is positive and nothing cancels. The integrand is smooth, and on the whole
line the trapezoidal rule is exact but for terms that fall exponentially with its spacing.

Cole, Quart. Appl. Math. 9 (1951), doi:10.1090/qam/42889; Hopf, Comm. Pure Appl. Math. 3 (1950),
doi:10.1002/cpa.3160030302.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..methods.fourier import derivative, resample, wavenumbers

__all__ = ["cole_hopf"]

Array = NDArray[np.float64]
NEGLIGIBLE = 50.0
"""Exponents so far below the largest do not count."""
CHUNK = 1 << 20
"""Weights that are held at once."""
MOST_NODES = 1 << 18
"""In a length, and on either side of a point: more take seconds for each time."""
FORGOTTEN = 100.0
"""Exponent by which the longest wave has decayed when only the mean is left, whatever the start was."""


def cole_hopf(
    start: Array, *, length: float, viscosity: float, time: float, fineness: float = 2.0, times: int = 1
) -> Array:
    """(points,) u at one time, from (points,) u at time 0 on a periodic line, by its Fourier series; NaN
    where that would take too many nodes, as for times close to 0 or very late.

    Args:
        start: what is known at the points.
        length: of the line.
        viscosity: positive.
        time: from 0 on.
        fineness: nodes in the width of the narrowest weight, at least; 2 leave an error of 1e-15.
        times: so many times the nodes that this asks for, to see what they change.
    """
    if time == 0:
        return start.copy()
    points = len(start)
    mean = float(start.mean())
    if viscosity * (2 * np.pi / length) ** 2 * time > FORGOTTEN:
        return np.full(points, mean)
    steepest = float(np.abs(derivative(resample(start, 4 * points), length=length)).max())
    width = np.sqrt(2 * viscosity / (steepest + 1 / time))
    # twice as many as the points, too: the start's own waves are part of what is integrated
    wanted = max(2.0, fineness * length / (width * points))
    if not times * wanted * points <= MOST_NODES:
        return np.full(points, np.nan)
    every = times * int(np.ceil(wanted))
    nodes = every * points
    u = resample(start, nodes) if nodes > points else start
    h, k = length / nodes, wavenumbers(length, nodes)
    spectrum = scipy.fft.rfft(u - mean)
    potential = scipy.fft.irfft(
        np.divide(spectrum, 1j * k, out=np.zeros_like(spectrum), where=k > 0), n=nodes
    )
    span = float(np.ptp(potential)) / (2 * viscosity)
    reach = int(np.ceil(np.sqrt(4 * viscosity * time * (NEGLIGIBLE + span)) / h))
    if reach > MOST_NODES:
        return np.full(points, np.nan)
    # the mean carries the heat's kernel along
    centre = round(-mean * time / h)
    offsets = np.arange(centre - reach, centre + reach + 1)
    kernel = -((offsets * h) ** 2) / (4 * viscosity * time) - mean * offsets * h / (2 * viscosity)
    found = np.empty(points)
    at_once = max(1, CHUNK // len(offsets))
    for first in range(0, points, at_once):
        at = every * np.arange(first, min(points, first + at_once))
        where = (at[:, None] + offsets) % nodes
        exponent = kernel - potential[where] / (2 * viscosity)
        weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        found[first : first + at_once] = (u[where] * weight).sum(axis=1) / weight.sum(axis=1)
    return found
