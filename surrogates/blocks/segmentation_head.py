"""For each cell of a grid, whether it belongs to what is sought."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["SegmentationHead"]


class SegmentationHead(nn.Module):
    """Features on a coarse grid -> logits on one that is `finer` times as fine, by convolutions on the coarse
    one whose channels are then laid out as fine cells.

    Long, Shelhamer & Darrell 2015 (arXiv:1411.4038); laid out as in Shi et al. 2016 (arXiv:1609.05158).

    Arguments:
        channels: of the features.
        finer: cells of the mask along each side of a cell of the features.
    Raises `ValueError` for fewer than one of either.
    """

    def __init__(self, *, channels: int, finer: int = 1) -> None:
        super().__init__()
        if channels < 1 or finer < 1:
            raise ValueError(f"channels and finer must be at least 1, got {channels} and {finer}")
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="replicate"),
            nn.GELU(),
            nn.Conv2d(channels, finer**2, 1),
            nn.PixelShuffle(finer),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, channels, rows, columns) -> (batch, finer rows, finer columns)"""
        logits: torch.Tensor = self.layers(features)
        return logits[:, 0]
