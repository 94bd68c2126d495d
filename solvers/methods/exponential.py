"""Coefficients of exponential integrators for v' = linear v + nonlinear(v) with a real diagonal linear part.

Only numbers are made here; who steps with them is another matter, so that independent engines can share
them. With z = step * linear, every coefficient is a combination of

    phi_0(z) = exp(z),   phi_k(z) = integral over s in [0, 1] of exp((1 - s) z) s^(k-1) / (k-1)!

whose closed forms cancel badly near z = 0. Everything is computed in the machine's extended precision where
it has one, and returned in the precision of `linear`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "Multistep",
    "RungeKutta",
    "adams_bashforth",
    "adams_bashforth_moulton",
    "cox_matthews",
    "crank_nicolson_adams_bashforth",
    "krogstad",
    "phi_functions",
]

Array = NDArray[Any]

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

    def astype(self, dtype: DTypeLike) -> RungeKutta:
        """The same in another precision."""
        return RungeKutta(
            tuple(a.astype(dtype) for a in self.propagators),
            tuple(tuple(None if a is None else a.astype(dtype) for a in row) for row in self.stages),
            self.propagator.astype(dtype),
            tuple(a.astype(dtype) for a in self.weights),
        )


@dataclass(frozen=True, eq=False)
class Multistep:
    """`v_new = propagator v + sum over j of weights[j] N_{n-j}`; weights (order, modes) contain the step.

    `increment` is propagator - 1, which is not what the subtraction gives where the propagator is near 1.
    """

    propagator: Array
    weights: Array
    increment: Array

    def astype(self, dtype: DTypeLike) -> Multistep:
        """The same in another precision."""
        return Multistep(*(a.astype(dtype) for a in (self.propagator, self.weights, self.increment)))


def phi_functions(z: Array, highest: int) -> Array:
    """phi_0 to phi_highest of real z, shape (highest + 1, *z.shape), to the precision of z.

    For |z| up to 32 the defining integral is done by Gauss quadrature: its integrand is positive, so nothing
    cancels. Beyond, the recurrence phi_k = (phi_{k-1} - 1/(k-1)!) / z is safe.
    Raises TypeError for z that is not real floating point: for complex z the integrand does change sign.
    """
    z = np.asarray(z)
    if not np.issubdtype(z.dtype, np.floating):
        raise TypeError(f"phi_functions takes real floating-point z, got {z.dtype}")
    nodes, weights = _gauss(48)
    x = z.astype(np.longdouble)
    phi = np.empty((highest + 1, *x.shape), dtype=np.longdouble)
    phi[0] = np.exp(x)
    small = np.abs(x) <= _LARGE
    decay = np.exp(np.multiply.outer(x[small], 1 - nodes))
    factorial = np.longdouble(1)
    for k in range(1, highest + 1):
        phi[k][small] = decay @ (weights * nodes ** (k - 1)) / factorial
        phi[k][~small] = (phi[k - 1][~small] - 1 / factorial) / x[~small]
        factorial *= k
    return phi.astype(z.dtype)


@lru_cache(maxsize=4)
def _gauss(points: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre quadrature on [0, 1], in extended precision."""
    x: Array = np.polynomial.legendre.leggauss(points)[0].astype(np.longdouble)
    for _ in range(3):  # Newton's method on the double-precision nodes
        before, here = np.ones_like(x), x
        for degree in range(2, points + 1):
            before, here = here, ((2 * degree - 1) * x * here - (degree - 1) * before) / degree
        slope = points * (x * here - before) / (x**2 - 1)
        x = x - here / slope
    return (1 + x) / 2, 1 / ((1 - x**2) * slope**2)


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
    return _adams(linear, step, nodes=range(0, -order, -1), fraction=fraction)


def adams_bashforth_moulton(linear: Array, step: float, *, order: int, fraction: float = 1.0) -> Multistep:
    """Exponential predictor-corrector, each of the given order: predict, evaluate, correct.

    The nonlinear term is evaluated once a step, at the predicted value, and never again at the corrected one
    (PEC mode). Written for the predicted values alone, this is a multistep scheme that remembers order + 1
    terms: the correction of one step and the prediction of the next are combined here. Its error is some
    ten times smaller than that of `adams_bashforth` at the same order and cost. `fraction` as there.

    Reference: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I (1993), section III.1, for
    the scheme; the exponential form follows from integrating the same polynomials against the exponential.
    """
    if not 2 <= order <= 7:
        raise ValueError(f"order must be 2 to 7, got {order}")
    predict = _adams(linear, step, nodes=range(0, -order, -1)).weights
    correct = _adams(linear, step, nodes=range(1, 1 - order, -1)).weights
    onward = _adams(linear, step, nodes=range(0, -order, -1), fraction=fraction)
    # corrected - predicted value = sum of change[j] N_{n-j}
    change = np.zeros((order + 1, len(linear)), dtype=predict.dtype)
    change[:order] += correct
    change[1:] -= predict
    weights = onward.propagator * change
    weights[:order] += onward.weights
    return Multistep(onward.propagator, weights, onward.increment)


def _adams(linear: Array, step: float, *, nodes: Sequence[int], fraction: float = 1.0) -> Multistep:
    """Integrate, over a fraction of a step, the polynomial through nonlinear terms at nodes (in steps)."""
    order = len(nodes)
    z = fraction * step * np.asarray(linear)
    phi = phi_functions(z, order)
    # integral over [0, fraction] of exp((fraction - s) z) s^i ds = fraction^(i+1) i! phi_{i+1}(fraction z)
    weights = np.zeros((order, *phi.shape[1:]), dtype=phi.dtype)
    for row, node in zip(weights, nodes, strict=True):
        others = [other for other in nodes if other != node]
        factorial = np.longdouble(1)
        lagrange = np.atleast_1d(np.poly(np.array(others, dtype=np.longdouble)))[::-1]  # lowest power first
        for i in range(order):
            factorial *= max(i, 1)
            row += lagrange[i] * factorial * np.longdouble(fraction) ** (i + 1) * phi[i + 1]
        row *= step / np.prod([np.longdouble(node - other) for other in others])
    return Multistep(propagator=phi[0], weights=weights, increment=z * phi[1])


def crank_nicolson_adams_bashforth(linear: Array, step: float, *, fraction: float = 1.0) -> Multistep:
    """CNAB2: trapezoidal rule on the linear part, two-step Adams-Bashforth on the nonlinear; second order.

    Stiff modes are hardly damped (the factor tends to -1). `fraction` ends the step early, as in
    `adams_bashforth`.
    """
    z = fraction * step * np.asarray(linear)
    scale = fraction * step / (1 - z / 2)
    return Multistep(
        propagator=(1 + z / 2) / (1 - z / 2),
        weights=np.stack([(1 + fraction / 2) * scale, -fraction / 2 * scale]),
        increment=z / (1 - z / 2),
    )
