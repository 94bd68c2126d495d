"""Coefficients of exponential integrators for v' = linear v + nonlinear(v) with a real diagonal linear part.

Only numbers are made here; who steps with them is another matter, so that independent engines can share
them. With z = step * linear, every coefficient is a combination of

    phi_0(z) = exp(z),   phi_k(z) = integral over s in [0, 1] of exp((1 - s) z) s^(k-1) / (k-1)!

whose closed forms cancel badly near z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Multistep",
    "RungeKutta",
    "adams_bashforth",
    "cox_matthews",
    "crank_nicolson_adams_bashforth",
    "krogstad",
    "phi_functions",
]

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_LARGE = 32.0


@dataclass(frozen=True, eq=False)
class RungeKutta:
    """An explicit exponential Runge-Kutta step; weights contain the step.

    Stage i is `propagators[i - 1] v + sum over j < i of stages[i - 1][j] N_j`, with `N_0 = N(v)`; the new
    value is `propagator v + sum of weights[j] N_j`. Each array is (modes,); None stands for zero.
    """

    propagators: tuple[Array, ...]
    stages: tuple[tuple[Array | None, ...], ...]
    propagator: Array
    weights: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class Multistep:
    """`v_new = propagator v + sum over j of weights[j] N_{n-j}`; weights (order, modes) contain the step."""

    propagator: Array
    weights: Array


def phi_functions(z: NDArray[np.float64], highest: int) -> Array:
    """phi_0 to phi_highest of real z, shape (highest + 1, *z.shape), to about 1e-15 relative.

    For |z| up to 32 the defining integral is done by Gauss quadrature: its integrand is positive, so nothing
    cancels. Beyond, the recurrence phi_k = (phi_{k-1} - 1/(k-1)!) / z is safe.
    Raises TypeError for complex z, where the integrand does change sign.
    """
    if np.iscomplexobj(z):
        raise TypeError("phi_functions takes real z; its quadrature would cancel for complex z")
    z = np.asarray(z, dtype=np.float64)
    phi = np.empty((highest + 1, *z.shape))
    phi[0] = np.exp(z)
    small = np.abs(z) <= _LARGE
    decay = np.exp(np.multiply.outer(z[small], 1 - _NODES))
    factorial = 1.0
    for k in range(1, highest + 1):
        phi[k][small] = decay @ (_WEIGHTS * _NODES ** (k - 1)) / factorial
        phi[k][~small] = (phi[k - 1][~small] - 1 / factorial) / z[~small]
        factorial *= k
    return phi


def cox_matthews(linear: Array, step: float) -> RungeKutta:
    """ETDRK4: four stages, fourth order.

    Cox & Matthews, J. Comput. Phys. 176 (2002), doi:10.1006/jcph.2002.6995; in the use of Kassam &
    Trefethen, SIAM J. Sci. Comput. 26 (2005), doi:10.1137/S1064827502410633.
    """
    z = step * linear
    half = phi_functions(z / 2, 1)
    whole = phi_functions(z, 3)
    inner = step / 2 * half[1]
    return RungeKutta(
        propagators=(half[0], half[0], whole[0]),
        # expm1 because the factor (exp(z/2) - 1) of the third stage cancels near z = 0
        stages=((inner,), (None, inner), (inner * np.expm1(z / 2), None, 2 * inner)),
        propagator=whole[0],
        weights=_final_weights(whole, step),
    )


def krogstad(linear: Array, step: float) -> RungeKutta:
    """ETDRK4-B: as many stages as ETDRK4, smaller errors where the linear part is stiff.

    Krogstad, J. Comput. Phys. 203 (2005), doi:10.1016/j.jcp.2004.08.006.
    """
    z = step * linear
    half = phi_functions(z / 2, 2)
    whole = phi_functions(z, 3)
    inner = step / 2 * half[1]
    second, third = step * half[2], 2 * step * whole[2]
    return RungeKutta(
        propagators=(half[0], half[0], whole[0]),
        stages=((inner,), (inner - second, second), (step * whole[1] - third, None, third)),
        propagator=whole[0],
        weights=_final_weights(whole, step),
    )


def _final_weights(phi: Array, step: float) -> tuple[Array, ...]:
    middle = step * (2 * phi[2] - 4 * phi[3])
    return (step * (phi[1] - 3 * phi[2] + 4 * phi[3]), middle, middle, step * (4 * phi[3] - phi[2]))


def adams_bashforth(linear: Array, step: float, *, order: int, fraction: float = 1.0) -> Multistep:
    """Exponential Adams-Bashforth: one new nonlinear term a step, order as many as terms are remembered.

    The polynomial through the last `order` nonlinear terms, `step` apart, is integrated exactly against the
    exponential. `fraction` in (0, 1] ends the step early, at `fraction * step`, at the same order: output
    between two steps. Raises ValueError for an order outside 1 to 8.

    Reference: Cox & Matthews (2002), section 2, doi:10.1006/jcph.2002.6995.
    """
    if not 1 <= order <= 8:
        raise ValueError(f"order must be 1 to 8, got {order}")
    phi = phi_functions(fraction * step * linear, order)
    # integral over [0, fraction] of exp((fraction - s) z) s^i ds = fraction^(i+1) i! phi_{i+1}(fraction z)
    powers = np.arange(order)
    moments = np.cumprod(np.maximum(powers, 1)) * fraction ** (powers + 1.0)
    # column j of the inverse holds the powers of the Lagrange polynomial that is 1 at node -j
    lagrange = np.linalg.inv(np.vander(-powers.astype(float), increasing=True))
    weights = step * np.einsum("ij,i,im->jm", lagrange, moments, phi[1:].reshape(order, -1))
    return Multistep(propagator=phi[0], weights=weights)


def crank_nicolson_adams_bashforth(linear: Array, step: float, *, fraction: float = 1.0) -> Multistep:
    """CNAB2: trapezoidal rule on the linear part, two-step Adams-Bashforth on the nonlinear; second order.

    Stiff modes are hardly damped (the factor tends to -1). `fraction` ends the step early, as in
    `adams_bashforth`.
    """
    z = fraction * step * linear
    scale = fraction * step / (1 - z / 2)
    return Multistep(
        propagator=(1 + z / 2) / (1 - z / 2),
        weights=np.stack([(1 + fraction / 2) * scale, -fraction / 2 * scale]),
    )
