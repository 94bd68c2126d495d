"""Three bodies without the singularities of pair collisions: Heggie's equations, a trajectory per lane.

Each pair's vector is the square of a complex number, r_k = u_k^2, whose momentum P_k = 2 conj(u_k) p_k stays
finite when the pair collides, because p_k obeys the force of its own pair alone. In the time s of
dt = |r_0| |r_1| |r_2| / (|r_0| + |r_1| + |r_2|)^(3/2) ds the equations are smooth through every collision of
two bodies (not of all three), and a step need not shorten for one.

Pair k is made of the bodies k + 1 and k + 2, numbered modulo 3: r_k = x_{k+2} - x_{k+1}.

Heggie, Celest. Mech. 10 (1974), doi:10.1007/BF01227621; in the plane the squares of Levi-Civita (1920),
doi:10.1007/BF02404404, do for each pair.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..methods.compiled import compiled
from ..methods.lanes import absolute, fma, load, minimum, sqrt, store

__all__ = ["CONSTANTS", "ROWS", "derivative", "imbalance", "intake", "least", "physical"]

ROWS = 13
"""Of a state: u_0 to u_2, then P_0 to P_2, each with its real and imaginary part; then time."""
CONSTANTS = 16
"""Rows: products of the masses of each pair; T_kk / 8 of each; T_ij / 4 of the others of each; the energy;
three masses; the reciprocal of their sum; two to spare."""


@compiled()
def derivative(y: Any, out: Any, row: Any, constants: Any) -> None:
    """Write dy/ds to the rows of `out` from `row` on; y is (ROWS, 8), constants (CONSTANTS, 8)."""
    ux0, uy0, ux1, uy1 = load(y, 0, 8), load(y, 1, 8), load(y, 2, 8), load(y, 3, 8)
    ux2, uy2, px0, py0 = load(y, 4, 8), load(y, 5, 8), load(y, 6, 8), load(y, 7, 8)
    px1, py1, px2, py2 = load(y, 8, 8), load(y, 9, 8), load(y, 10, 8), load(y, 11, 8)
    m0, m1, m2 = load(constants, 0, 8), load(constants, 1, 8), load(constants, 2, 8)
    a0, a1, a2 = load(constants, 3, 8), load(constants, 4, 8), load(constants, 5, 8)
    b0, b1, b2 = load(constants, 6, 8), load(constants, 7, 8), load(constants, 8, 8)
    energy = load(constants, 9, 8)
    r0, r1, r2 = fma(ux0, ux0, uy0 * uy0), fma(ux1, ux1, uy1 * uy1), fma(ux2, ux2, uy2 * uy2)
    wx0, wy0 = fma(ux0, px0, -(uy0 * py0)), fma(ux0, py0, uy0 * px0)
    wx1, wy1 = fma(ux1, px1, -(uy1 * py1)), fma(ux1, py1, uy1 * px1)
    wx2, wy2 = fma(ux2, px2, -(uy2 * py2)), fma(ux2, py2, uy2 * px2)
    # kinetic less potential part of each pair, without the factor of the two other distances
    k0 = fma(a0, fma(px0, px0, py0 * py0), -m0)
    k1 = fma(a1, fma(px1, px1, py1 * py1), -m1)
    k2 = fma(a2, fma(px2, px2, py2 * py2), -m2)
    # b_k belongs to the two pairs that are not k, which share body k
    d0, d1, d2 = fma(wx1, wx2, wy1 * wy2), fma(wx2, wx0, wy2 * wy0), fma(wx0, wx1, wy0 * wy1)
    total = r0 + r1 + r2
    scale = 1.0 / (total * sqrt(total))
    v0, v1, v2 = b0 * r0, b1 * r1, b2 * r2
    # the gradient by u_k is 2 u_k A_k + conj(P_k) Z_k; that by P_k is 2 a_k R_i R_j P_k + conj(u_k) Z_k
    zx0, zy0 = fma(v2, wx1, v1 * wx2), fma(v2, wy1, v1 * wy2)
    zx1, zy1 = fma(v0, wx2, v2 * wx0), fma(v0, wy2, v2 * wy0)
    zx2, zy2 = fma(v1, wx0, v0 * wx1), fma(v1, wy0, v0 * wy1)
    r12, r20, r01 = r1 * r2, r2 * r0, r0 * r1
    twice = scale + scale
    g0 = twice * fma(k1, r2, fma(k2, r1, fma(b0, d0, -(energy * r12))))
    g1 = twice * fma(k2, r0, fma(k0, r2, fma(b1, d1, -(energy * r20))))
    g2 = twice * fma(k0, r1, fma(k1, r0, fma(b2, d2, -(energy * r01))))
    e0, e1, e2 = twice * a0 * r12, twice * a1 * r20, twice * a2 * r01
    store(out, row, fma(e0, px0, scale * fma(ux0, zx0, uy0 * zy0)))
    store(out, row + 1, fma(e0, py0, scale * fma(ux0, zy0, -(uy0 * zx0))))
    store(out, row + 2, fma(e1, px1, scale * fma(ux1, zx1, uy1 * zy1)))
    store(out, row + 3, fma(e1, py1, scale * fma(ux1, zy1, -(uy1 * zx1))))
    store(out, row + 4, fma(e2, px2, scale * fma(ux2, zx2, uy2 * zy2)))
    store(out, row + 5, fma(e2, py2, scale * fma(ux2, zy2, -(uy2 * zx2))))
    store(out, row + 6, -fma(g0, ux0, scale * fma(px0, zx0, py0 * zy0)))
    store(out, row + 7, -fma(g0, uy0, scale * fma(px0, zy0, -(py0 * zx0))))
    store(out, row + 8, -fma(g1, ux1, scale * fma(px1, zx1, py1 * zy1)))
    store(out, row + 9, -fma(g1, uy1, scale * fma(px1, zy1, -(py1 * zx1))))
    store(out, row + 10, -fma(g2, ux2, scale * fma(px2, zx2, py2 * zy2)))
    store(out, row + 11, -fma(g2, uy2, scale * fma(px2, zy2, -(py2 * zx2))))
    store(out, row + 12, scale * r0 * r12)


@compiled()
def physical(y: Any, shown: Any, constants: Any) -> None:
    """Positions and velocities in the barycentre's frame: x, y of each body in turn, then vx, vy of each."""
    for body in range(3):
        i, j = (body + 1) % 3, (body + 2) % 3
        ui, vi, uj, vj = (
            load(y, 2 * i, 8),
            load(y, 2 * i + 1, 8),
            load(y, 2 * j, 8),
            load(y, 2 * j + 1, 8),
        )
        pi, qi, pj, qj = (
            load(y, 6 + 2 * i, 8),
            load(y, 7 + 2 * i, 8),
            load(y, 6 + 2 * j, 8),
            load(y, 7 + 2 * j, 8),
        )
        share = load(constants, 13, 8)
        mi, mj = load(constants, 10 + i, 8) * share, load(constants, 10 + j, 8) * share
        # x_body = (m_j r_i - m_i r_j) / M
        store(shown, 2 * body, mj * fma(ui, ui, -(vi * vi)) - mi * fma(uj, uj, -(vj * vj)))
        store(shown, 2 * body + 1, 2.0 * (mj * (ui * vi) - mi * (uj * vj)))
        # m v_body = p_i - p_j, and p = P u / (2 |u|^2)
        own = 1.0 / load(constants, 10 + body, 8)
        si, sj = 0.5 / fma(ui, ui, vi * vi), 0.5 / fma(uj, uj, vj * vj)
        store(shown, 6 + 2 * body, own * (si * fma(pi, ui, -(qi * vi)) - sj * fma(pj, uj, -(qj * vj))))
        store(shown, 7 + 2 * body, own * (si * fma(pi, vi, qi * ui) - sj * fma(pj, vj, qj * uj)))


@compiled()
def least(y: Any) -> Any:
    """The smallest distance of two bodies, lanes."""
    found = fma(load(y, 0, 8), load(y, 0, 8), load(y, 1, 8) * load(y, 1, 8))
    for k in range(1, 3):
        ux, uy = load(y, 2 * k, 8), load(y, 2 * k + 1, 8)
        found = minimum(found, fma(ux, ux, uy * uy))
    return found


@compiled()
def imbalance(y: Any, constants: Any) -> Any:
    """How far the energy of a state is from the start's, in parts of the potential energy."""
    ux0, uy0, ux1, uy1 = load(y, 0, 8), load(y, 1, 8), load(y, 2, 8), load(y, 3, 8)
    ux2, uy2, px0, py0 = load(y, 4, 8), load(y, 5, 8), load(y, 6, 8), load(y, 7, 8)
    px1, py1, px2, py2 = load(y, 8, 8), load(y, 9, 8), load(y, 10, 8), load(y, 11, 8)
    r0, r1, r2 = fma(ux0, ux0, uy0 * uy0), fma(ux1, ux1, uy1 * uy1), fma(ux2, ux2, uy2 * uy2)
    r12, r20, r01 = r1 * r2, r2 * r0, r0 * r1
    wx0, wy0 = fma(ux0, px0, -(uy0 * py0)), fma(ux0, py0, uy0 * px0)
    wx1, wy1 = fma(ux1, px1, -(uy1 * py1)), fma(ux1, py1, uy1 * px1)
    wx2, wy2 = fma(ux2, px2, -(uy2 * py2)), fma(ux2, py2, uy2 * px2)
    kinetic = load(constants, 3, 8) * fma(px0, px0, py0 * py0) * r12
    kinetic = fma(load(constants, 4, 8) * fma(px1, px1, py1 * py1), r20, kinetic)
    kinetic = fma(load(constants, 5, 8) * fma(px2, px2, py2 * py2), r01, kinetic)
    kinetic = fma(load(constants, 6, 8) * fma(wx1, wx2, wy1 * wy2), r0, kinetic)
    kinetic = fma(load(constants, 7, 8) * fma(wx2, wx0, wy2 * wy0), r1, kinetic)
    kinetic = fma(load(constants, 8, 8) * fma(wx0, wx1, wy0 * wy1), r2, kinetic)
    potential = load(constants, 0, 8) * r12
    potential = fma(load(constants, 1, 8), r20, fma(load(constants, 2, 8), r01, potential))
    return absolute(kinetic - potential - load(constants, 9, 8) * r0 * r12) / potential


@compiled()
def intake(x: Any, v: Any, mass: Any, state: Any, constants: Any, floors: Any) -> None:
    """Write what `derivative` starts from.

    Args:
        x: (samples, 3) complex positions in the barycentre's frame, no two the same.
        v: (samples, 3) complex velocities.
        mass: (samples, 3).
        state: (samples, ROWS), to be written.
        constants: (samples, CONSTANTS), to be written.
        floors: (samples, 7) sizes of u_k, P_k and time below which the error of a step counts as absolute:
            parts of the root of each pair's distance, of the momentum at which it collides, and of a time in
            which the system crosses itself. Their factors matter little. To be written.
    """
    for n in range(len(x)):
        whole, energy, size = 0.0, 0.0, 1.0
        for k in range(3):
            whole += mass[n, k]
            energy += 0.5 * mass[n, k] * (v[n, k].real ** 2 + v[n, k].imag ** 2)
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            product = mass[n, i] * mass[n, j]
            apart = x[n, j] - x[n, i]
            u = np.sqrt(apart)
            # a constant can be added to all p_k; chosen so that those of a light body are small, and nothing
            # cancels
            momentum = 2 * np.conj(u) * (product / whole) * (v[n, j] - v[n, i])
            state[n, 2 * k], state[n, 2 * k + 1] = u.real, u.imag
            state[n, 6 + 2 * k], state[n, 7 + 2 * k] = momentum.real, momentum.imag
            energy -= product / abs(apart)
            size *= abs(apart)
            constants[n, k] = product
            constants[n, 3 + k] = (1 / mass[n, i] + 1 / mass[n, j]) / 8
            constants[n, 6 + k] = -1 / (4 * mass[n, k])
            constants[n, 10 + k] = mass[n, k]
            floors[n, k] = 0.3 * np.sqrt(abs(apart))
            floors[n, 3 + k] = 0.1 * np.sqrt(product / constants[n, 3 + k])
        state[n, 12] = 0.0
        constants[n, 9], constants[n, 13] = energy, 1 / whole
        constants[n, 14], constants[n, 15] = 0.0, 0.0
        floors[n, 6] = 0.1 * np.sqrt(size / whole)
