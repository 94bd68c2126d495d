"""A lattice-Boltzmann fluid, D2Q9 with two relaxation times: fluid parcels that meet in cells and fly on.

Each cell holds nine populations, one for each velocity of the lattice. A step reads from the neighbours what
flies in, relaxes it towards equilibrium, its even and its odd part at rates of their own, and writes it; all
cells alike, as straight code. What is special, walls and solids, inflow and outflow, is done before, for the
links that cross a surface alone: they lay down beyond it what the cell this side shall find.

Solids hold the fluid at their true distance (Bouzidi, Firdaouss & Lallemand, Phys. Fluids 13 (2001),
doi:10.1063/1.1399290); the two rates are bound so that a channel's walls lie between cells (Ginzburg,
Verhaeghe & d'Humieres, Commun. Comput. Phys. 3 (2008)): MAGIC. The equilibrium is that of a fluid whose
density varies little (He & Luo, J. Stat. Phys. 88 (1997), doi:10.1023/B:JOSS.0000015179.12689.e4), as steady
flows then obey div u = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled

__all__ = [
    "MAGIC",
    "OPPOSITE",
    "VELOCITIES",
    "WEIGHTS",
    "Links",
    "advance",
    "force",
    "links_of",
    "moments",
    "rest",
]

Array = NDArray[np.float64]
VELOCITIES = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]])
"""(9, 2) along x and y."""
WEIGHTS = np.array([4 / 9, *[1 / 9] * 4, *[1 / 36] * 4])
OPPOSITE = np.array([0, 3, 4, 1, 2, 7, 8, 5, 6])
MAGIC = 3 / 16
"""Product of what both relaxation times exceed one half by."""


@dataclass(frozen=True, eq=False)
class Links:
    """What crosses a surface; each link from a cell in the fluid along a velocity out of it.

    Attributes:
        cell: (links,) number of the cell in the padded grid (rows + 2, columns + 2), row-major.
        out: (links,) number of the velocity.
        share: (links,) of the link that is in the fluid, for solids.
        kind: (links,) SOLID, WALL, SLIDING, INFLOW or OUTFLOW.
        speed: (links,) at the inflow, along x, in lattice units.
        solid: numbers of the cells within solids.
    """

    cell: NDArray[np.int64]
    out: NDArray[np.int64]
    share: Array
    kind: NDArray[np.int64]
    speed: Array
    solid: NDArray[np.int64]


SOLID, WALL, SLIDING, INFLOW, OUTFLOW = range(5)


def links_of(distance: Array, inflow: Array, *, slip: bool) -> Links:
    """Of a geometry, by its signed distances in the middles of cells (rows, columns); `inflow` (rows,) in
    lattice units.
    """
    rows, columns = distance.shape
    number = np.arange((rows + 2) * (columns + 2)).reshape(rows + 2, columns + 2)
    fluid = distance >= 0
    parts: list[tuple[Array, ...]] = []
    j, i = np.nonzero(fluid)
    for q, (cx, cy) in enumerate(VELOCITIES):
        jj, ii = j + cy, i + cx
        kind = np.full(len(j), -1)
        share, speed = np.full(len(j), 0.5), np.zeros(len(j))
        inside = (jj >= 0) & (jj < rows) & (ii >= 0) & (ii < columns)
        other = distance[np.clip(jj, 0, rows - 1), np.clip(ii, 0, columns - 1)]
        here = distance[j, i]
        into = inside & (other < 0)
        kind[into] = SOLID
        share[into] = np.clip(here[into] / (here[into] - other[into]), 1e-3, 1.0)
        # in corners the wall comes first
        kind[ii >= columns] = OUTFLOW
        kind[ii < 0] = INFLOW
        speed[ii < 0] = inflow[j[ii < 0]]
        kind[(jj < 0) | (jj >= rows)] = SLIDING if slip else WALL
        some = kind >= 0
        parts.append(
            (number[j + 1, i + 1][some], np.full(some.sum(), q), share[some], kind[some], speed[some])
        )
    cell, out, share, kind, speed = (np.concatenate(column) for column in zip(*parts, strict=True))
    solid = number[1:-1, 1:-1][~fluid]
    return Links(cell.astype(np.int64), out.astype(np.int64), share, kind.astype(np.int64), speed, solid)


def rest(rows: int, columns: int, speed: Array) -> Array:
    """(9, rows + 2, columns + 2) populations at equilibrium with a speed (rows,) along x in each row."""
    f = np.empty((9, rows + 2, columns + 2))
    u = np.pad(speed, 1, mode="edge")[:, None]
    for q, (cx, _) in enumerate(VELOCITIES):
        f[q] = WEIGHTS[q] * (1 + 3 * cx * u + 4.5 * (cx * u) ** 2 - 1.5 * u**2)
    return f


@compiled(fastmath={"contract", "nsz", "arcp"})
def _lay_down(
    f: Any,
    cell: Any,
    out: Any,
    share: Any,
    kind: Any,
    speed: Any,
    solid: Any,
    weights: Any,
    opposite: Any,
    vx: Any,
    vy: Any,
) -> None:
    """Write beyond each surface what the cell this side of it shall find."""
    width = f.shape[2]
    flat = f.reshape(9, f.shape[1] * width)
    for s in range(solid.size):
        for q in range(9):
            flat[q, solid[s]] = weights[q]
    for n in range(cell.size):
        c, q = cell[n], out[n]
        back, beyond = opposite[q], c + vy[q] * width + vx[q]
        if kind[n] == SOLID:
            if share[n] < 0.5:
                inward = c - vy[q] * width - vx[q]
                value = 2.0 * share[n] * flat[q, c] + (1.0 - 2.0 * share[n]) * flat[q, inward]
            else:
                part = 0.5 / share[n]
                value = part * flat[q, c] + (1.0 - part) * flat[back, c]
            flat[back, beyond] = value
        elif kind[n] == WALL:
            flat[back, beyond] = flat[q, c]
        elif kind[n] == SLIDING:
            # mirrored: the population that goes along x as this one, and comes back along y
            mirror = q
            for other in range(9):
                if vx[other] == vx[q] and vy[other] == -vy[q]:
                    mirror = other
            flat[mirror, beyond - vx[q] + 0] = flat[q, c]
        elif kind[n] == INFLOW:
            flat[back, beyond] = flat[q, c] - 6.0 * weights[q] * vx[q] * speed[n]
        else:
            ux, uy = 0.0, 0.0
            for p in range(9):
                ux += vx[p] * flat[p, c]
                uy += vy[p] * flat[p, c]
            along = vx[q] * ux + vy[q] * uy
            level = weights[q] * (1.0 + 4.5 * along * along - 1.5 * (ux * ux + uy * uy))
            flat[back, beyond] = 2.0 * level - flat[q, c]


@compiled(fastmath={"contract", "nsz", "arcp"})
def _collide(f: Any, g: Any, even: Any, odd: Any) -> None:
    """Read what flies in from f, relax it, write it to g."""
    rows, columns = f.shape[1] - 2, f.shape[2] - 2
    for j in range(1, rows + 1):
        for i in range(1, columns + 1):
            f0 = f[0, j, i]
            f1, f3 = f[1, j, i - 1], f[3, j, i + 1]
            f2, f4 = f[2, j - 1, i], f[4, j + 1, i]
            f5, f7 = f[5, j - 1, i - 1], f[7, j + 1, i + 1]
            f6, f8 = f[6, j - 1, i + 1], f[8, j + 1, i - 1]
            density = f0 + f1 + f2 + f3 + f4 + f5 + f6 + f7 + f8
            ux = f1 - f3 + f5 - f6 - f7 + f8
            uy = f2 - f4 + f5 + f6 - f7 - f8
            base = density - 1.5 * (ux * ux + uy * uy)
            g[0, j, i] = f0 - even * (f0 - (4.0 / 9.0) * base)
            e = even * (0.5 * (f1 + f3) - (1.0 / 9.0) * (base + 4.5 * ux * ux))
            o = odd * (0.5 * (f1 - f3) - (1.0 / 3.0) * ux)
            g[1, j, i], g[3, j, i] = f1 - e - o, f3 - e + o
            e = even * (0.5 * (f2 + f4) - (1.0 / 9.0) * (base + 4.5 * uy * uy))
            o = odd * (0.5 * (f2 - f4) - (1.0 / 3.0) * uy)
            g[2, j, i], g[4, j, i] = f2 - e - o, f4 - e + o
            both = ux + uy
            e = even * (0.5 * (f5 + f7) - (1.0 / 36.0) * (base + 4.5 * both * both))
            o = odd * (0.5 * (f5 - f7) - (1.0 / 12.0) * both)
            g[5, j, i], g[7, j, i] = f5 - e - o, f7 - e + o
            both = uy - ux
            e = even * (0.5 * (f6 + f8) - (1.0 / 36.0) * (base + 4.5 * both * both))
            o = odd * (0.5 * (f6 - f8) - (1.0 / 12.0) * both)
            g[6, j, i], g[8, j, i] = f6 - e - o, f8 - e + o


@compiled()
def _march(
    f: Any,
    g: Any,
    steps: Any,
    even: Any,
    odd: Any,
    cell: Any,
    out: Any,
    share: Any,
    kind: Any,
    speed: Any,
    solid: Any,
    weights: Any,
    opposite: Any,
    vx: Any,
    vy: Any,
) -> None:
    """An even number of steps, from f by way of g back to f."""
    for _ in range(steps // 2):
        _lay_down(f, cell, out, share, kind, speed, solid, weights, opposite, vx, vy)
        _collide(f, g, even, odd)
        _lay_down(g, cell, out, share, kind, speed, solid, weights, opposite, vx, vy)
        _collide(g, f, even, odd)


def advance(f: Array, g: Array, links: Links, *, viscosity: float, steps: int) -> None:
    """So many steps (an even number), in place; g is room of the same shape. Viscosity in lattice units."""
    even = 1 / (3 * viscosity + 0.5)
    odd = 1 / (MAGIC / (1 / even - 0.5) + 0.5)
    vx, vy = np.ascontiguousarray(VELOCITIES[:, 0]), np.ascontiguousarray(VELOCITIES[:, 1])
    _march(
        f, g, steps, even, odd, links.cell, links.out, links.share, links.kind, links.speed, links.solid,
        WEIGHTS, OPPOSITE, vx, vy,
    )  # fmt: skip


def moments(f: Array) -> tuple[Array, Array, Array]:
    """Velocity along x and y, and density, each (rows, columns), of populations as `advance` leaves them."""
    inner = f[:, 1:-1, 1:-1]
    ux, uy = (np.tensordot(VELOCITIES[:, c].astype(float), inner, axes=1) for c in (0, 1))
    return ux, uy, inner.sum(axis=0)


def force(f: Array, links: Links) -> tuple[float, float]:
    """On all solids, by the momentum that is exchanged along their links in a step; in lattice units."""
    some = links.kind == SOLID
    c, q, share = links.cell[some], links.out[some], links.share[some]
    flat, width = f.reshape(9, -1), f.shape[2]
    inward = c - VELOCITIES[q, 1] * width - VELOCITIES[q, 0]
    back = np.where(
        share < 0.5,
        2 * share * flat[q, c] + (1 - 2 * share) * flat[q, inward],
        0.5 / share * flat[q, c] + (1 - 0.5 / share) * flat[OPPOSITE[q], c],
    )
    exchanged = VELOCITIES[q].T * (flat[q, c] + back)
    return float(exchanged[0].sum()), float(exchanged[1].sum())
