"""Vortices in the slots of an answer, and the cells that their cores cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["SLOTTED", "cores", "in_slots", "table_of"]

Array = NDArray[np.float64]
SLOTTED = ("present", "centre_x", "centre_y", "circulation", "radius")
"""Fields of an answer that have a value in each slot; all are zero where no vortex is."""


def in_slots(found: Sequence[Array], *, slots: int) -> dict[str, Array]:
    """Tables (vortices, 5), of how sure each vortex is and then its `COLUMNS`, as fields (samples, slots).

    The surest come first; those beyond the last slot are left out.
    """
    values = np.zeros((len(found), slots, len(SLOTTED)))
    for own, table in zip(values, found, strict=True):
        surest = np.argsort(-table[:, 0], kind="stable")[:slots]
        own[: len(surest)] = table[surest]
    return {name: values[..., i].copy() for i, name in enumerate(SLOTTED)}


def table_of(values: Mapping[str, Array], *, least: float = 0.5) -> Array:
    """(vortices, 5) of one sample's slots, those at least so sure, the surest first."""
    table = np.stack([np.asarray(values[name], dtype=np.float64) for name in SLOTTED], axis=-1)
    table = table[table[:, 0] >= least]
    return table[np.argsort(-table[:, 0], kind="stable")]


def cores(values: Mapping[str, Array], *, points: int, least: float = 0.5) -> Array:
    """(samples, points, points): 1 for cells of the unit square whose middle lies in a core, else 0."""
    middles = (np.arange(points) + 0.5) / points
    mask = np.zeros((len(values["present"]), points, points))
    for sample, slot in np.argwhere(np.asarray(values["present"]) >= least):
        across, along = (middles - values[f"centre_{n}"][sample, slot] for n in ("x", "y"))
        mask[sample] = np.where(
            along[:, None] ** 2 + across**2 <= values["radius"][sample, slot] ** 2, 1.0, mask[sample]
        )
    return mask
