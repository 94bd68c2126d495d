"""For each cell of a grid, whether the middle of a thing lies in it, where in it, and numbers of it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

__all__ = ["Detected", "DetectionHead", "as_maps", "from_maps"]

RARE = 0.05
"""How probable a thing is held in each cell before anything is learned."""


class Detected(NamedTuple):
    """Things in slots.

    Attributes:
        scores: (batch, slots), 0 where a slot is empty.
        places: (batch, slots, 2) row and column, in cells from the grid's corner.
        numbers: (batch, slots, numbers).
    """

    scores: torch.Tensor
    places: torch.Tensor
    numbers: torch.Tensor


class DetectionHead(nn.Module):
    """Features -> for each cell a logit of presence, the place in the cell from its middle, and numbers.

    One thing for each cell, and no anchors: Redmon, Divvala, Girshick & Farhadi 2016 (arXiv:1506.02640);
    things as middles: Zhou, Wang & Kraehenbuehl 2019 (arXiv:1904.07850). Two middles in one cell cannot be
    told apart; choose smaller cells. Places are not held within their cells, so that a middle near a border
    may be found from either side: the surest of such twins has to be taken, see `survivors`.

    Arguments:
        channels: of the features.
        numbers: of each thing, beside its place.
    Raises `ValueError` for no channel or a negative count of numbers.
    """

    def __init__(self, *, channels: int, numbers: int = 0) -> None:
        super().__init__()
        if channels < 1 or numbers < 0:
            raise ValueError(f"channels must be at least 1 and numbers 0, got {channels} and {numbers}")
        last = nn.Conv2d(channels, 3 + numbers, 1)
        nn.init.zeros_(last.weight)
        bias = torch.zeros(3 + numbers)
        bias[0] = torch.logit(torch.tensor(RARE))
        last.bias = nn.Parameter(bias)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="replicate"), nn.GELU(), last
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, channels, rows, columns) -> (batch, 3 + numbers, rows, columns)"""
        maps: torch.Tensor = self.layers(features)
        return maps


def as_maps(things: Detected, *, grid: tuple[int, int]) -> torch.Tensor:
    """What a head ought to say: (batch, 3 + numbers, *grid), presence as 0 or 1.

    Slots whose score is 0 are empty; of two things in one cell the one in the earlier slot stays. A place
    beyond the grid counts for the nearest cell.
    """
    rows, columns = grid
    batch, slots = things.scores.shape
    cells = things.places.floor().long()
    cells = torch.stack([cells[..., 0].clamp(0, rows - 1), cells[..., 1].clamp(0, columns - 1)], dim=-1)
    within = things.places - cells - 0.5
    values = torch.cat([torch.ones_like(within[..., :1]), within, things.numbers], dim=-1)
    flat = cells[..., 0] * columns + cells[..., 1]
    maps = values.new_zeros(batch, rows * columns, values.shape[-1])
    for slot in reversed(range(slots)):
        here = things.scores[:, slot] > 0
        maps[torch.arange(batch, device=maps.device)[here], flat[here, slot]] = values[here, slot]
    return maps.transpose(1, 2).unflatten(2, grid)


def from_maps(maps: torch.Tensor, *, slots: int) -> Detected:
    """The surest things of what a head says, (batch, 3 + numbers, rows, columns), the surest first.

    Scores are the sigmoids of the logits. Undoes `as_maps` where its 0 and 1 are logits far from 0.
    Raises `ValueError` for more slots than cells.
    """
    columns = maps.shape[3]
    flat = maps.flatten(2).transpose(1, 2)
    if not 1 <= slots <= flat.shape[1]:
        raise ValueError(f"slots must be 1 to {flat.shape[1]}, one for each cell, got {slots}")
    logits, cells = flat[..., 0].topk(slots, dim=1)
    chosen = flat.gather(1, cells[..., None].expand(-1, -1, flat.shape[2]))
    corners = torch.stack([cells // columns, cells % columns], dim=-1)
    return Detected(logits.sigmoid(), corners + 0.5 + chosen[..., 1:3], chosen[..., 3:])
