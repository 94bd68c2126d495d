"""Of several detections of one thing, the surest."""

from __future__ import annotations

import torch

__all__ = ["survivors"]


def survivors(overlaps: torch.Tensor, scores: torch.Tensor, *, most: float) -> torch.Tensor:
    """(..., n, n) overlaps and (..., n) scores -> (..., n): True for detections that are kept.

    From the surest on, each is kept that overlaps none of those kept before by more than `most`. Of equal
    scores the first comes first. Two things that truly overlap by more become one. All batches are gone
    through at once: the loop is over n.

    Rosenfeld & Thurston 1971, doi:10.1109/T-C.1971.223290, for edges; greedy and for boxes as in Girshick et
    al. 2014 (arXiv:1311.2524).

    Raises `ValueError` for shapes that do not fit, and a limit that is not from 0 to 1.
    """
    if overlaps.shape != (*scores.shape, scores.shape[-1]):
        raise ValueError(
            f"{tuple(scores.shape)} scores have overlaps of each pair, got {tuple(overlaps.shape)}"
        )
    if not 0 <= most <= 1:
        raise ValueError(f"the overlap that is allowed must lie in [0, 1], got {most}")
    order = scores.argsort(dim=-1, descending=True, stable=True)
    rows = overlaps.gather(-2, order[..., None].expand_as(overlaps))
    close = rows.gather(-1, order[..., None, :].expand_as(rows)) > most
    kept = torch.ones_like(scores, dtype=torch.bool)
    for place in range(1, scores.shape[-1]):
        kept[..., place] = ~(close[..., place, :place] & kept[..., :place]).any(dim=-1)
    return torch.zeros_like(kept).scatter(-1, order, kept)
