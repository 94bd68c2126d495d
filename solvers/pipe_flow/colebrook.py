"""The laws of friction: laminar, critical zone, turbulent; and how far a friction factor is from them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = [
    "GRAINS",
    "LAMINAR_UNTIL",
    "REGIMES",
    "START",
    "TURBULENT_FROM",
    "VISCOUS",
    "in_all_regimes",
    "regimes_of",
    "residual_of",
    "turbulent_root",
]

Array = NDArray[np.float64]

GRAINS, VISCOUS = 3.7, 2.51
"""Of Colebrook's equation: what the grains of the wall are divided by, and the viscous layer's weight."""
LAMINAR_UNTIL, TURBULENT_FROM = 2300.0, 4000.0
"""Reynolds numbers between which lies the critical zone."""
REGIMES = ("laminar", "critical", "turbulent")
"""In Moody's words: what his chart calls transition is turbulent, where walls are not yet fully rough."""
START = 7.0
"""1 / sqrt f in the middle of Moody's chart: where iterations begin."""
TURNS = 20
"""Of the iteration that finds the critical zone's upper end, each of which leaves less than a fifth."""


def regimes_of(reynolds: NDArray[np.floating]) -> NDArray[np.int8]:
    """For each Reynolds number its place in `REGIMES`; the critical zone is what lies between its ends."""
    values = np.asarray(reynolds)
    return ((values > LAMINAR_UNTIL).astype(np.int8) + (values >= TURBULENT_FROM)).astype(np.int8)


def turbulent_root(root: Array, reynolds: Array, roughness: Array) -> Array:
    """What Colebrook's equation makes of 1 / sqrt f, which is the same where f is its solution."""
    return np.asarray(-2 * np.log10(roughness / GRAINS + VISCOUS / reynolds * root))


def in_all_regimes(reynolds: Array, turbulent: Array) -> Array:
    """f at each Reynolds number, from the turbulent one at the larger of it and 4,000."""
    share = np.clip((reynolds - LAMINAR_UNTIL) / (TURBULENT_FROM - LAMINAR_UNTIL), 0.0, 1.0)
    laminar = 64 / np.minimum(reynolds, LAMINAR_UNTIL)
    # laminar flow needs no turbulent answer, be there one or not
    return np.asarray((1 - share) * laminar + np.where(share > 0, share * turbulent, 0.0))


def residual_of(friction: torch.Tensor, reynolds: torch.Tensor, roughness: torch.Tensor) -> torch.Tensor:
    """See `PipeFlow.residual`; all three of shapes that can be broadcast."""

    def root_again(root: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        return -2 * (roughness / GRAINS + VISCOUS / at * root).log10()

    size = friction.clamp(min=1e-12)  # a network may say anything
    laminar = friction * reynolds / 64 - 1
    turbulent = 1 - size.sqrt() * root_again(size.rsqrt(), reynolds)
    end = torch.full_like(roughness, TURBULENT_FROM)
    root = torch.full_like(roughness, START)
    for _ in range(TURNS):
        root = root_again(root, end)
    share = ((reynolds - LAMINAR_UNTIL) / (TURBULENT_FROM - LAMINAR_UNTIL)).clamp(0, 1)
    between = friction / ((1 - share) * 64 / LAMINAR_UNTIL + share * root.pow(-2)) - 1
    outside = torch.where(reynolds <= LAMINAR_UNTIL, laminar, turbulent)
    return torch.where((reynolds > LAMINAR_UNTIL) & (reynolds < TURBULENT_FROM), between, outside)
