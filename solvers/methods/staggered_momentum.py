"""Steady momentum of a stream function on a staggered grid: what is missing, and how that changes with it.

Nodes carry the stream function psi, faces what flows through them, u = dpsi/dy and v = -dpsi/dx, so that no
cell gains or loses fluid, to the last bit. The balance of momentum is struck for each face; its discrete
curl, a number for each node, holds no pressure, as pressure is a gradient: it is zero at the solution.
Convection and friction are central, of second order.

Solids resist: a face within one is held by a resistance so large that nothing passes, and a face beside one
by what friction with a wall at its true distance is above that with the next face. So every geometry has the
same stencil.

Harlow & Welch, Phys. Fluids 8 (1965), doi:10.1063/1.1761178, for the grid; Chang, Giraldo & Perot, J. Comput.
Phys. 180 (2002), doi:10.1006/jcph.2002.7087, for the stream function; Gibou, Fedkiw, Cheng & Kang, J. Comput.
Phys. 176 (2002), doi:10.1006/jcph.2001.6977, for walls between nodes.

Arrays are [row, column], rows along y. psi is (rows + 1, columns + 1), u (rows, columns + 1), v (rows + 1,
columns). Unknown is psi but for its first column (inflow) and its first and last row (walls): (rows - 1,
columns) nodes. The last column is an outflow, where nothing but what flows changes no more, or, `closed`, a
wall.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .nested_dissection import CENTRE, OFFSETS

__all__ = ["STIFFEST", "curl", "jacobian", "momentum", "resistances", "velocities"]

STIFFEST = 1e7
"""Resistance within a solid, in parts of that of friction between two faces."""
NEAREST = 1e-3
"""Of a cell: no wall is counted as nearer to a face."""


@compiled()
def velocities(psi: Any, spacing: Any, u: Any, v: Any) -> None:
    """Through the faces of all cells, from psi."""
    rows, columns = psi.shape[0] - 1, psi.shape[1] - 1
    for j in range(rows):
        for i in range(columns + 1):
            u[j, i] = (psi[j + 1, i] - psi[j, i]) / spacing
    for j in range(rows + 1):
        for i in range(columns):
            v[j, i] = -(psi[j, i + 1] - psi[j, i]) / spacing


@compiled()
def _around_u(u: Any, v: Any, j: Any, i: Any) -> Any:
    """About a face of u: what carries momentum at its east and west end; through the corners up and down, and
    what is carried through these. Past the outflow nothing changes, and half of each corner is beyond it.
    """
    rows, columns = u.shape[0], u.shape[1] - 1
    last, here = i == columns, u[j, i]
    east = here if last else 0.5 * (here + u[j, i + 1])
    up = 0.5 * (v[j + 1, i - 1] + (0.0 if last else v[j + 1, i]))
    down = 0.5 * (v[j, i - 1] + (0.0 if last else v[j, i]))
    above = 0.0 if j == rows - 1 else 0.5 * (here + u[j + 1, i])
    below = 0.0 if j == 0 else 0.5 * (here + u[j - 1, i])
    return east, 0.5 * (here + u[j, i - 1]), up, down, above, below


@compiled()
def _around_v(u: Any, v: Any, j: Any, i: Any) -> Any:
    """The same about a face of v: at its north and south end; through the corners right and left, and what is
    carried there. What arrives at the outflow leaves as it is.
    """
    here = v[j, i]
    north, south = 0.5 * (here + v[j + 1, i]), 0.5 * (here + v[j - 1, i])
    right, left = 0.5 * (u[j - 1, i + 1] + u[j, i + 1]), 0.5 * (u[j - 1, i] + u[j, i])
    east = here if i == v.shape[1] - 1 else 0.5 * (here + v[j, i + 1])
    west = 0.0 if i == 0 else 0.5 * (here + v[j, i - 1])
    return north, south, right, left, east, west


@compiled()
def momentum(
    u: Any,
    v: Any,
    viscosity: Any,
    spacing: Any,
    grip: Any,
    lid: Any,
    closed: Any,
    convection: Any,
    ku: Any,
    kv: Any,
    fu: Any,
    fv: Any,
) -> None:
    """What momentum each face loses to its neighbours and to solids, in fu (as u) and fv (as v).

    Args:
        u, v: velocities.
        viscosity: the fluid's.
        spacing: side of a cell.
        grip: friction with the two walls: 2 for a wall that holds the fluid, half a cell away; 0 for one that
            does not.
        lid: speed of the upper wall, along x.
        closed: whether the last column is a wall.
        convection: 1, or 0 for creeping flow.
        ku, kv: resistance of each face.
        fu, fv: to be written; at the inflow and the walls they stay as they are.
    """
    rows, columns = u.shape[0], u.shape[1] - 1
    friction, inertia = viscosity / spacing**2, convection / spacing
    for j in range(rows):
        for i in range(1, columns + 1):
            last = i == columns
            # a face at the outflow has half a cell; beyond it nothing changes
            share = 0.5 if last else 1.0
            here = u[j, i]
            east, west, up, down, above, below = _around_u(u, v, j, i)
            total = inertia * (east * east - west * west + up * above - down * below)
            drag = here - u[j, i - 1]
            if not last:
                drag += here - u[j, i + 1]
            drag += share * (grip * (here - lid) if j == rows - 1 else here - u[j + 1, i])
            drag += share * (grip * here if j == 0 else here - u[j - 1, i])
            fu[j, i] = total + friction * drag + share * ku[j, i] * here
    for j in range(1, rows):
        for i in range(columns):
            here = v[j, i]
            north, south, right, left, east, west = _around_v(u, v, j, i)
            total = inertia * (north * north - south * south + right * east - left * west)
            drag = 2.0 * here - v[j + 1, i] - v[j - 1, i]
            if i < columns - 1:
                drag += here - v[j, i + 1]
            elif closed:
                drag += 2.0 * here
            drag += 2.0 * here if i == 0 else here - v[j, i - 1]
            fv[j, i] = total + friction * drag + kv[j, i] * here


@compiled()
def curl(fu: Any, fv: Any, spacing: Any, closed: Any, missing: Any) -> None:
    """Of what is missing at the faces, into (rows - 1, columns) nodes; nothing at those of a wall."""
    rows, columns = fu.shape[0], fu.shape[1] - 1
    for j in range(1, rows):
        for i in range(1, columns + 1):
            total = fu[j - 1, i] - fu[j, i] - fv[j, i - 1]
            if i < columns:
                total += fv[j, i]
            missing[j - 1, i - 1] = 0.0 if closed and i == columns else total / spacing


# the eight nodes on which a face depends, as steps from the two nodes that count it
_U_UPPER = tuple(map(OFFSETS.index, ((-2, 0), (-1, 0), (0, 0), (1, 0), (-1, -1), (0, -1), (-1, 1), (0, 1))))
_U_LOWER = tuple(map(OFFSETS.index, ((-1, 0), (0, 0), (1, 0), (2, 0), (0, -1), (1, -1), (0, 1), (1, 1))))
_V_RIGHT = tuple(map(OFFSETS.index, ((0, -2), (0, -1), (0, 0), (0, 1), (-1, -1), (-1, 0), (1, -1), (1, 0))))
_V_LEFT = tuple(map(OFFSETS.index, ((0, -1), (0, 0), (0, 1), (0, 2), (-1, 0), (-1, 1), (1, 0), (1, 1))))


@compiled()
def _into(
    coefficients: Any,
    j: Any,
    i: Any,
    slots: Any,
    a: Any,
    b: Any,
    c: Any,
    d: Any,
    e: Any,
    f: Any,
    g: Any,
    h: Any,
) -> None:
    """Add eight numbers to the row of node (j, i), if it is unknown."""
    if 1 <= j <= coefficients.shape[0] and i >= 1:
        row = coefficients[j - 1, i - 1]
        row[slots[0]] += a
        row[slots[1]] += b
        row[slots[2]] += c
        row[slots[3]] += d
        row[slots[4]] += e
        row[slots[5]] += f
        row[slots[6]] += g
        row[slots[7]] += h


@compiled()
def jacobian(
    u: Any,
    v: Any,
    viscosity: Any,
    spacing: Any,
    grip: Any,
    closed: Any,
    convection: Any,
    ku: Any,
    kv: Any,
    coefficients: Any,
) -> None:
    """How `curl` of `momentum` changes with psi: (rows - 1, columns, 13), see `nested_dissection`.

    Each face's balance is differentiated by the velocities around it, these are differences of psi, and two
    nodes count the face.
    """
    rows, columns = u.shape[0], u.shape[1] - 1
    scale = 1.0 / spacing**2
    friction, inertia = scale * viscosity / spacing**2, scale * convection / spacing
    half = 0.5 * inertia
    coefficients[:] = 0.0
    for j in range(rows):
        for i in range(1, columns + 1):
            last = i == columns
            share = 0.5 if last else 1.0
            east, west, up, down, above, below = _around_u(u, v, j, i)
            own = inertia * ((2.0 if last else 1.0) * east - west) + friction + scale * share * ku[j, i]
            to_west, to_east = -inertia * west - friction, 0.0
            if not last:
                own += friction
                to_east = inertia * east - friction
            to_north, to_south = half * up - share * friction, -half * down - share * friction
            own += share * friction * (grip if j == rows - 1 else 1.0) + (0.0 if j == rows - 1 else half * up)
            own += share * friction * (grip if j == 0 else 1.0) - (0.0 if j == 0 else half * down)
            to_north = 0.0 if j == rows - 1 else to_north
            to_south = 0.0 if j == 0 else to_south
            corner_nw, corner_sw = half * above, -half * below
            corner_ne, corner_se = (0.0, 0.0) if last else (half * above, -half * below)
            # nodes below, lower end, upper end, above; then west and east of the lower and the upper end
            n0 = -to_south
            n1 = to_south - own + corner_se - corner_sw
            n2 = own - to_north + corner_ne - corner_nw
            n3 = to_north
            n4, n5 = corner_sw - to_west, corner_nw + to_west
            n6, n7 = -to_east - corner_se, to_east - corner_ne
            _into(coefficients, j + 1, i, _U_UPPER, n0, n1, n2, n3, n4, n5, n6, n7)
            _into(coefficients, j, i, _U_LOWER, -n0, -n1, -n2, -n3, -n4, -n5, -n6, -n7)
    for j in range(1, rows):
        for i in range(columns):
            north, south, right, left, east, west = _around_v(u, v, j, i)
            own = inertia * (north - south) + 2.0 * friction + scale * kv[j, i]
            to_north, to_south = inertia * north - friction, -inertia * south - friction
            to_east, to_west = 0.0, 0.0
            if i < columns - 1:
                own += friction + half * right
                to_east = half * right - friction
            else:
                # what arrives at the outflow leaves as it is; a wall holds it
                own += inertia * right + (2.0 * friction if closed else 0.0)
            if i > 0:
                own += friction - half * left
                to_west = -half * left - friction
            else:
                own += 2.0 * friction
            by_right, by_left = half * east, -half * west
            # nodes west, left end, right end, east; then below and above the left and the right end
            n0 = to_west
            n1 = own - to_west
            n2 = to_east - own
            n3 = -to_east
            n4, n5 = to_south - by_left, -to_south - by_right
            n6, n7 = to_north + by_left, by_right - to_north
            _into(coefficients, j, i + 1, _V_RIGHT, -n0, -n1, -n2, -n3, -n4, -n5, -n6, -n7)
            _into(coefficients, j, i, _V_LEFT, n0, n1, n2, n3, n4, n5, n6, n7)
    if closed:
        coefficients[:, columns - 1] = 0.0
        coefficients[:, columns - 1, CENTRE] = 1.0


@compiled()
def resistance(distance: Any, friction: Any, found: Any) -> None:
    """Of the faces of one kind, from their signed distances to solids, negative within; into `found`."""
    rows, columns = distance.shape
    for j in range(rows):
        for i in range(columns):
            here = distance[j, i]
            if here < 0:
                found[j, i] = STIFFEST * friction
                continue
            total = 0.0
            for k, m in ((j - 1, i), (j + 1, i), (j, i - 1), (j, i + 1)):
                if 0 <= k < rows and 0 <= m < columns and distance[k, m] < 0:
                    total += 1 / max(here / (here - distance[k, m]), NEAREST) - 1
            found[j, i] = friction * total


def resistances(
    at_u: NDArray[np.float64], at_v: NDArray[np.float64], viscosity: float, spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the faces u (rows, columns + 1) and v (rows + 1, columns), from their signed distances to solids,
    negative within.
    """
    found = np.empty_like(at_u), np.empty_like(at_v)
    for distance, into in zip((at_u, at_v), found, strict=True):
        resistance(distance, viscosity / spacing**2, into)
    return found
