"""How wrong a finder is about presence, places, numbers and masks: what its training makes small."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .blocks.detection_head import Detected, as_maps
from .blocks.focal_loss import FocalLoss
from .blocks.intersection_over_union import mask_overlaps

__all__ = ["EncodedFields", "FindingFit"]

SOME = 256
"""Fields that are validated at once."""
ROUND = 0.1
"""Errors of places and numbers below which the loss is a square: of a head's cell, of a deviation."""


@dataclass(frozen=True)
class EncodedFields:
    """Fields and what is in them, as a network learns it.

    Attributes:
        fields: (samples, 2, rows, columns) velocities along columns and rows, normalised.
        things: places in cells of the head, numbers normalised.
        masks: (samples, rows, columns).
    """

    fields: torch.Tensor
    things: Detected
    masks: torch.Tensor

    def some(self, chosen: torch.Tensor | slice, dtype: torch.dtype) -> EncodedFields:
        """Of these samples, in this precision."""
        things = Detected(*(part[chosen].to(dtype) for part in self.things))
        return EncodedFields(self.fields[chosen].to(dtype), things, self.masks[chosen].to(dtype))


class FindingFit:
    """An `Objective`: a focal loss of presence, smooth absolute errors of places and numbers where things
    are, and the masks' cross entropy and what they lack of a full overlap.

    Arguments:
        own, judged: what to learn and what to be judged by.
        stride: cells of the fields along each side of a head's cell.
        odd: which numbers change their sign in a mirror, in units in which their mean is zero.
        mirrored: whether each field is learned in any of the square's eight positions, at random.
        focus: see `FocalLoss`.
        places, masks: weights beside presence and numbers.
    """

    def __init__(
        self,
        own: EncodedFields,
        judged: EncodedFields,
        *,
        stride: int,
        odd: tuple[bool, ...],
        mirrored: bool,
        focus: float,
        places: float,
        masks: float,
    ) -> None:
        self._own, self._judged, self._mirrored = own, judged, mirrored
        rows, columns = own.masks.shape[1:]
        self._grid = rows // stride, columns // stride
        self._odd = torch.tensor(odd, device=own.fields.device)
        self._presence = FocalLoss(focus=focus)
        self._weights = places, masks

    @property
    def examples(self) -> int:
        """Fields."""
        return len(self._own.fields)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Objective`; the position is random, one for the whole batch."""
        dtype = next(module.parameters()).dtype
        batch = self._own.some(indices.to(self._own.fields.device), dtype)
        if self._mirrored:
            turns = (torch.rand(3, generator=generator) < 0.5).tolist()
            batch = in_a_mirror(
                batch, self._grid, self._odd, across=turns[0], along=turns[1], swapped=turns[2]
            )
        said, logits = module(batch.fields)
        presence, wrong = self._errors(said, batch)
        errors = functional.smooth_l1_loss(wrong, torch.zeros_like(wrong), beta=ROUND, reduction="none")
        of_places, of_masks = self._weights
        things = batch.things.scores.sum().clamp(min=1.0)
        total: torch.Tensor = self._presence(said[:, 0], presence)
        total = total + (of_places * errors[:, :2].sum() + errors[:, 2:].sum()) / things
        # a core is few cells among many, which the cross entropy's mean forgets and the overlap does not
        lacking = 1 - mask_overlaps(logits.sigmoid(), batch.masks).mean()
        entropy = functional.binary_cross_entropy_with_logits(logits, batch.masks)
        return total + of_masks * (entropy + lacking)

    def validate(self, module: nn.Module) -> float:
        """Mean of what presence and masks lack of a full overlap with the truth, and of the mean absolute
        error of places and numbers where things are, in cells of the head and in deviations.
        """
        dtype, count = next(module.parameters()).dtype, len(self._judged.fields)
        lacking, errors, things = 0.0, 0.0, 0.0
        for first in range(0, count, SOME):
            batch = self._judged.some(slice(first, first + SOME), dtype)
            said, logits = module(batch.fields)
            presence, wrong = self._errors(said, batch)
            overlaps = mask_overlaps(said[:, 0].sigmoid(), presence) + mask_overlaps(
                logits.sigmoid(), batch.masks
            )
            lacking += float((2 - overlaps).double().sum())
            errors += float(wrong.abs().double().sum()) / wrong.shape[1]
            things += float(batch.things.scores.sum())
        return (lacking / count + errors / max(things, 1.0)) / 3

    def _errors(self, said: torch.Tensor, batch: EncodedFields) -> tuple[torch.Tensor, torch.Tensor]:
        """Presence (batch, *grid), and the errors of places and numbers, zero where nothing is."""
        maps = as_maps(batch.things, grid=self._grid)
        return maps[:, 0], (said[:, 1:] - maps[:, 1:]) * maps[:, :1]


def in_a_mirror(
    batch: EncodedFields,
    grid: tuple[int, int],
    odd: torch.Tensor,
    *,
    across: bool,
    along: bool,
    swapped: bool,
) -> EncodedFields:
    """The batch with columns, then rows in the opposite order, then rows for columns (of a square grid).

    Velocities turn with their axes; places lie in cells of `grid`; a mirror turns the sign of what is `odd`.
    """
    fields, masks, (scores, places, numbers) = batch.fields, batch.masks, batch.things
    signs = torch.tensor([-1.0 if across else 1.0, -1.0 if along else 1.0]).to(fields)
    fields = fields * signs[:, None, None]
    flipped = [-1] * across + [-2] * along
    fields, masks = fields.flip(flipped), masks.flip(flipped)
    size = torch.tensor(grid).to(places)
    away = torch.tensor([along, across], device=places.device)
    places = torch.where(away, size - places, places)
    mirrors = across + along
    if swapped and grid[0] == grid[1]:
        fields, masks = fields.flip(1).transpose(-1, -2), masks.transpose(-1, -2)
        places, mirrors = places.flip(-1), mirrors + 1
    if mirrors % 2:
        numbers = torch.where(odd, -numbers, numbers)
    return EncodedFields(fields.contiguous(), Detected(scores, places, numbers), masks.contiguous())
