"""From a stream function to velocities that keep all fluid and stand still within solids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..contract import SolverError

if TYPE_CHECKING:
    from .system import SteadyFlow

__all__ = ["held", "velocities"]

Array = NDArray[np.float64]
ACROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
ALONE = np.stack([np.zeros_like(ACROSS), ACROSS, np.zeros_like(ACROSS)])
"""Neighbours of a node of one sample, none of another one's."""


def held(system: SteadyFlow, psi: Array, distance: Array) -> Array:
    """(samples, rows, columns) the stream function where nothing flows through walls nor within solids.

    On the channel's walls it is 0 and 1; at the corners of cells within one solid it is their mean. What any
    network answers becomes so a flow without divergence, slip or loss, however wrong it is else; a true one
    stays as it is.

    Raises `SolverError` for arrays of other shapes.
    """
    if psi.ndim != 3 or psi.shape != distance.shape or psi.shape[1:] != system.grid:
        raise SolverError(
            f"psi and distance must be (samples, {system.rows}, {system.columns}), got {psi.shape} and "
            f"{distance.shape}"
        )
    found = np.array(psi, dtype=np.float64)
    found[:, -1] = 1.0
    nodes = system.corners(np.asarray(distance, dtype=np.float64))[:, 1:, 1:] < 0
    nodes[:, -1] = False
    bodies, count = ndimage.label(nodes, structure=ALONE)
    if count:
        means = ndimage.mean(found, bodies, np.arange(1, count + 1))
        found[nodes] = means[bodies[nodes] - 1]
    return found


def velocities(system: SteadyFlow, psi: Array) -> tuple[Array, Array]:
    """u and v (..., rows, columns) through the right and upper sides of cells: the differences of psi.

    At the inflow and the lower wall the system's own stream function is taken. In each cell as much flows in
    as out.
    """
    inflow = np.broadcast_to(system.inflow()[1:, None], (*psi.shape[:-1], 1))
    left = np.concatenate([inflow, psi[..., :-1]], axis=-1)
    below = np.concatenate([np.zeros_like(psi[..., :1, :]), psi[..., :-1, :]], axis=-2)
    return (psi - below) / system.spacing, (left - psi) / system.spacing
