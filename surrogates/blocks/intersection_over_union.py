"""How far two regions are one: what they share, over what they cover together."""

from __future__ import annotations

import torch

__all__ = ["box_overlaps", "mask_overlaps"]


def box_overlaps(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Intersection over union of each pair of boxes: (..., n, 4), (..., m, 4) -> (..., n, m).

    A box is its least row and column, then its largest ones. Of two boxes without an area it is 0.

    Jaccard, Bulletin de la Societe vaudoise des sciences naturelles 37 (1901), doi:10.5169/seals-266450.
    Raises `ValueError` for boxes that are not of four numbers.
    """
    if first.shape[-1] != 4 or second.shape[-1] != 4:
        raise ValueError(f"boxes have 4 numbers each, got {first.shape[-1]} and {second.shape[-1]}")
    a, b = first[..., :, None, :], second[..., None, :, :]
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    together = _area(a) + _area(b) - shared
    return torch.where(together > 0, shared / together.clamp(min=torch.finfo(shared.dtype).tiny), 0.0)


def mask_overlaps(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The same of masks, (..., rows, columns) each, from 0 to 1 -> (...); of two that are empty it is 1.

    Between 0 and 1 the smaller number is shared and the larger one covered, so that slopes pass.
    """
    shared = torch.minimum(first, second).sum(dim=(-2, -1))
    together = torch.maximum(first, second).sum(dim=(-2, -1))
    return torch.where(together > 0, shared / together.clamp(min=torch.finfo(shared.dtype).tiny), 1.0)


def _area(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(dim=-1)
