"""Taylor series of three bodies' regularised motion, in words as long as one likes.

The equations are Heggie's, with the square of a complex number, r_k = u_k^2, for the vector of each pair
k of the bodies i = k + 1 and j = k + 2 (numbered modulo 3). Here Q_k = P_k / (m_i m_j), X_k = u_k Q_k,
R_k = |u_k|^2, and the time s obeys dt = R_0 R_1 R_2 ds. All is polynomial:

    u_k' = (m_i + m_j) / 4 R_i R_j Q_k - conj(u_k) Y_k          Y_k = m_k / 4 (R_j X_i + R_i X_j)
    Q_k' = conj(Q_k) Y_k - u_k B_k                              B_k = m_k (E_i R_j + E_j R_i - C_k / 2)
    E_k = ((m_i + m_j) |Q_k|^2 / 4 - 2 - h R_k / (m_i m_j)) / m_k         C_k = Re(X_i conj(X_j))

with the energy h. So each coefficient of a series follows from those before by sums of products.

Numbers are fixed-point: with s in units of about the step, coefficients of all orders matter to the same
absolute accuracy.

References: Heggie, Celest. Mech. 10 (1974), doi:10.1007/BF01227621; Jorba & Zou, Exp. Math. 14 (2005),
doi:10.1080/10586458.2005.10128904, for order and step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled
from .words import MOST_TERMS, RADIX, collect, convolve, divide, number, scaled, spread

__all__ = [
    "ENERGY_LANES",
    "SCALE_LANES",
    "STATE",
    "empty_series",
    "imbalance",
    "most_orders",
    "move",
    "sample",
    "step",
    "workspace",
]

STATE = 13
"""Real parts of u_0 to u_2, imaginary parts, real parts of Q_0 to Q_2, imaginary parts, time."""
ENERGY_LANES, SCALE_LANES = 16, 16
"""Room for the constants of E, three for each pair: of |Q_k|^2, of R_k, and alone; and for those that are
multiplied by the unit of s: of the real parts of Y, the imaginary ones, B, R_i R_j, and of the time."""

_VARIABLES = 55

_UX, _UY, _QX, _QY, _TIME, _R, _QQ, _XX, _XY, _E = 0, 3, 6, 9, 12, 13, 16, 19, 22, 25
_RAW, _YX, _YY, _B, _G, _T, _ONE, _ZERO = 28, 40, 43, 46, 49, 52, 53, 54


def _table(sums: list[list[tuple[int, int, float]]], lanes: int) -> tuple[Any, Any, Any, Any]:
    """Of each sum of weighted products: the left and right factor of each lane, and each sum's lanes and
    weights; sums have the same number of terms, lanes are filled up with zeros.
    """
    terms = max(map(len, sums))
    padded = [[*row, *[(_ZERO, _ZERO, 0.0)] * (terms - len(row))] for row in sums]
    products = [term[:2] for row in sums for term in row]
    left, right = np.full((2, lanes), _ZERO)
    left[: len(products)], right[: len(products)] = np.transpose(products)
    place = iter(range(len(products)))
    where = np.array([[next(place) if k < len(row) else 0 for k in range(terms)] for row in sums])
    return left, right, where, np.array([[term[2] for term in row] for row in padded])


def _tables() -> list[tuple[Any, Any, Any, Any]]:
    """Of the five stages: products of the state; energies; products of those; their scales; derivatives."""
    pairs = [(k, (k + 1) % 3, (k + 2) % 3) for k in range(3)]
    first = [[(_UX + k, _UX + k, 1.0), (_UY + k, _UY + k, 1.0)] for k in range(3)]
    first += [[(_QX + k, _QX + k, 1.0), (_QY + k, _QY + k, 1.0)] for k in range(3)]
    first += [[(_UX + k, _QX + k, 1.0), (_UY + k, _QY + k, -1.0)] for k in range(3)]
    first += [[(_UX + k, _QY + k, 1.0), (_UY + k, _QX + k, 1.0)] for k in range(3)]
    energies = [[(3 * k, _QQ + k, 1.0), (3 * k + 1, _R + k, 1.0), (3 * k + 2, _ONE, 1.0)] for k in range(3)]
    second = [[(_R + j, x + i, 1.0), (_R + i, x + j, 1.0)] for x in (_XX, _XY) for _, i, j in pairs]
    second += [
        [(_E + i, _R + j, 2.0), (_E + j, _R + i, 2.0), *[(x + i, x + j, -1.0) for x in (_XX, _XY)]]
        for _, i, j in pairs
    ]
    second += [[(_R + i, _R + j, 1.0)] for _, i, j in pairs]
    scales = [[(k, _RAW + k, 1.0)] for k in range(12)] + [[(12, _RAW + 9, 1.0)]]
    third: list[list[tuple[int, int, float]]] = []
    third += [[(_G + k, _QX + k, 1), (_UX + k, _YX + k, -1), (_UY + k, _YY + k, -1)] for k in range(3)]
    third += [[(_G + k, _QY + k, 1), (_UX + k, _YY + k, -1), (_UY + k, _YX + k, 1)] for k in range(3)]
    third += [[(_UX + k, _B + k, -1), (_QX + k, _YX + k, 1), (_QY + k, _YY + k, 1)] for k in range(3)]
    third += [[(_UY + k, _B + k, -1), (_QX + k, _YY + k, 1), (_QY + k, _YX + k, -1)] for k in range(3)]
    third += [[(_R, _T, 1.0)]]
    return [
        _table(*stage)
        for stage in ((first, 24), (energies, ENERGY_LANES), (second, 32), (scales, SCALE_LANES), (third, 40))
    ]


_LEFT, _RIGHT, _LANES, _WEIGHTS = zip(*_tables(), strict=True)
_L0, _L1, _L2, _L3, _L4 = _LEFT
_R0, _R1, _R2, _R3, _R4 = _RIGHT
_S0, _S1, _S2, _S3, _S4 = _LANES
_W0, _W1, _W2, _W3, _W4 = _WEIGHTS


def most_orders(digits: int) -> int:
    """Orders up to which sums of products of words of so many digits are exact."""
    return int(MOST_TERMS / (digits * max(np.abs(weights).sum(axis=1).max() for weights in _WEIGHTS))) - 1


def empty_series(orders: int, digits: int) -> NDArray[np.float64]:
    """(orders + 1, digits, variables), for the state to be written to [0, :, :STATE]. For `step`."""
    return np.zeros((orders + 1, digits, _VARIABLES))


def workspace(orders: int, digits: int) -> tuple[NDArray[np.float64], ...]:
    """Arrays for `step`: of each stage a left and a right factor (orders, digits, lanes), but no left one for
    the energies, and columns (2 digits, lanes).
    """
    arrays = []
    for stage, left in enumerate(_LEFT):
        shape = (1 if stage in (1, 3) else orders, digits, left.size)
        arrays += [np.zeros(shape)] * (stage != 1) + [np.zeros(shape), np.zeros((2 * digits, left.size))]
    return tuple(arrays)


@compiled()
def step(
    values: Any, work: Any, constants: Any, scales: Any, fraction: Any, unit: Any, tolerance: Any
) -> Any:
    """Expand the motion from coefficient 0 on; the step in units of s in (0, 1] after which the last two
    terms are no larger than the tolerance; -1 where a number is too large for its digits, -2 where the unit
    of s is.

    Args:
        values: (orders + 1, digits, variables), with the state in coefficient 0; overwritten from order 1 on.
        work: see `workspace`.
        constants, scales: digits of the numbers that E is made of (1, digits, lanes), and of those that are
            multiplied by the unit of s (digits + EXTRA, lanes).
        fraction: digits below 1.
        unit: of s.
        tolerance: as a share of the largest number of the state, or of 1 where that is larger.
    """
    left0, right0, columns0, right1, columns1, left2, right2, columns2 = work[:8]
    left3, right3, columns3, left4, right4, columns4 = work[8:]
    orders = values.shape[0] - 1
    if scaled(scales, unit, left3):
        return -2.0
    too_large = False
    values[0, fraction, _ONE] = 1.0
    for n in range(orders):
        if too_large:
            return -1.0
        spread(values, n, _L0, left0, n)
        spread(values, n, _R0, right0, n)
        convolve(left0, right0, n, fraction, columns0)
        too_large = collect(columns0, _S0, _W0, fraction, values, n, _R)
        spread(values, n, _R1, right1, 0)
        convolve(constants, right1, 0, fraction, columns1)
        too_large |= collect(columns1, _S1, _W1, fraction, values, n, _E)
        spread(values, n, _L2, left2, n)
        spread(values, n, _R2, right2, n)
        convolve(left2, right2, n, fraction, columns2)
        too_large |= collect(columns2, _S2, _W2, fraction, values, n, _RAW)
        spread(values, n, _R3, right3, 0)
        convolve(left3, right3, 0, fraction, columns3)
        too_large |= collect(columns3, _S3, _W3, fraction, values, n, _YX)
        spread(values, n, _L4, left4, n)
        spread(values, n, _R4, right4, n)
        convolve(left4, right4, n, fraction, columns4)
        too_large |= collect(columns4, _S4, _W4, fraction, values, n + 1, 0)
        divide(values, n + 1, STATE, n + 1.0)
    size, length = 1.0, 1.0
    for i in range(STATE - 1):
        size = max(size, abs(number(values, 0, i, fraction)))
    for n in (orders - 1, orders):
        largest = 0.0
        for i in range(STATE):
            largest = max(largest, abs(number(values, n, i, fraction)))
        if largest > 0.0:
            length = min(length, (tolerance * size / largest) ** (1.0 / n))
    return -1.0 if too_large else max(1.0, np.rint(length * RADIX)) / RADIX


@compiled()
def move(values: Any, length: Any, state: Any) -> Any:
    """Write the state (digits, STATE) after a step of this length, a multiple of 2^-20 up to 1; whether a
    number is too large for its digits.
    """
    factor, digits, orders = length * RADIX, values.shape[1], values.shape[0] - 1
    too_large = False
    state[:] = values[orders, :, :STATE]
    for n in range(orders - 1, -1, -1):
        for i in range(STATE):
            carry = np.rint(factor * state[0, i] / RADIX)
            for p in range(digits):
                above = state[p + 1, i] if p + 1 < digits else 0.0
                total = values[n, p, i] + carry + factor * above
                carry = np.rint(total / RADIX)
                state[p, i] = total - carry * RADIX
            too_large = too_large or carry != 0.0
    return too_large


@compiled()
def imbalance(values: Any, fraction: Any, mass: Any, energy: Any) -> Any:
    """By how much the state in coefficient 0 is not of this energy, or its triangle not closed: as a share of
    the largest parts.
    """
    parts = np.empty(STATE)
    for i in range(STATE):
        parts[i] = number(values, 0, i, fraction)
    u, q = parts[_UX:_UY] + 1j * parts[_UY:_QX], parts[_QX:_QY] + 1j * parts[_QY:_TIME]
    r, x = np.abs(u) ** 2, u * q
    total, most, product = 0.0, 0.0, r[0] * r[1] * r[2]
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        share = 0.125 * mass[i] * mass[j] * r[i] * r[j]
        moving = (mass[i] + mass[j]) * np.abs(q[k]) ** 2 * share
        mixed = 0.25 * mass[0] * mass[1] * mass[2] * (x[i] * np.conj(x[j])).real * r[k]
        total += moving - mixed - 8.0 * share
        most += moving + abs(mixed) + 8.0 * share
    total, most = abs(total - energy * product), most + abs(energy) * product
    gap = abs((u**2).sum())
    return max(total / most, gap / r.max()) if most > 0.0 else np.inf


@compiled()
def _polynomial(coefficients: Any, i: Any, s: Any) -> Any:
    """Value and slope of variable i."""
    value, slope = 0.0, 0.0
    for n in range(coefficients.shape[0] - 1, -1, -1):
        slope = slope * s + value
        value = value * s + coefficients[n, i]
    return value, slope


@compiled()
def _closest(coefficients: Any, k: Any, length: Any) -> Any:
    """Smallest distance of pair k within a step."""
    best, place = np.inf, 0.0
    for m in range(9):
        s = m * length / 8
        distance = (
            _polynomial(coefficients, _UX + k, s)[0] ** 2 + _polynomial(coefficients, _UY + k, s)[0] ** 2
        )
        if distance < best:
            best, place = distance, s
    for _ in range(4):  # Gauss-Newton: u is nearly linear where it is small
        x, vx = _polynomial(coefficients, _UX + k, place)
        y, vy = _polynomial(coefficients, _UY + k, place)
        best = min(best, x**2 + y**2)
        speed = vx**2 + vy**2
        if speed > 0.0:
            place = min(length, max(0.0, place - (x * vx + y * vy) / speed))
    return best


@compiled()
def sample(values: Any, fraction: Any, length: Any, times: Any, first: Any, states: Any) -> Any:
    """Write u and Q at the times of this step to `states` (times, STATE - 1), from number `first` on, in
    float64; the number of the first time beyond the step, and the smallest distance of two bodies.
    """
    orders, digits = values.shape[0] - 1, values.shape[1]
    coefficients = np.empty((orders + 1, STATE))
    for n in range(orders + 1):
        for i in range(STATE):
            coefficients[n, i] = number(values, n, i, fraction)
    coefficients[0, _TIME] = 0.0
    duration = _polynomial(coefficients, _TIME, length)[0]
    low = 0.0
    while first < times.size:
        target = times[first]
        for p in range(digits - 1, -1, -1):  # from the top, so that nothing is rounded before it cancels
            target -= values[0, p, _TIME] * RADIX ** (p - fraction)
        if target > duration:
            break
        high, s = length, min(length, max(low, low + 0.5 * (length - low)))
        for _ in range(200):
            value, slope = _polynomial(coefficients, _TIME, s)
            if value < target:
                low = s
            else:
                high = s
            new = s - (value - target) / slope if slope > 0.0 else -1.0
            if not low <= new <= high:
                new = 0.5 * (low + high)
            done = abs(new - s) <= 1e-16 * s
            s = new
            if done:
                break
        for i in range(STATE - 1):
            states[first, i] = _polynomial(coefficients, i, s)[0]
        first += 1
        if first == times.size:
            length = s
    closest = min(_closest(coefficients, 0, length), _closest(coefficients, 1, length))
    return first, min(closest, _closest(coefficients, 2, length))
