"""Every point of a plane sees its whole row and column at once."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["AxialMixing"]


class AxialMixing(nn.Module):
    """Each channel times a matrix of its own along the rows, then times one along the columns.

    Two small products join all points of a grid, what takes a convolution many layers; for grids that always
    have the same size and meaning, as a channel with an inflow and an outflow. It mixes no channels: a linear
    map of these belongs after it.

    After Tolstikhin et al. 2021 (arXiv:2105.01601), who mix all points at once and all channels alike.

    Arguments:
        channels: in and out.
        grid: rows and columns.
    """

    def __init__(self, *, channels: int, grid: tuple[int, int]) -> None:
        super().__init__()
        rows, columns = grid
        self.along = nn.Parameter(torch.randn(channels, columns, columns) / columns**0.5)
        self.across = nn.Parameter(torch.randn(channels, rows, rows) / rows**0.5)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, channels, rows, columns) -> the same"""
        batch, channels, rows, columns = field.shape
        mixed = torch.bmm(field.permute(1, 0, 2, 3).reshape(channels, batch * rows, columns), self.along)
        mixed = mixed.reshape(channels, batch, rows, columns).transpose(2, 3)
        mixed = torch.bmm(mixed.reshape(channels, batch * columns, rows), self.across)
        return mixed.reshape(channels, batch, columns, rows).permute(1, 0, 3, 2).contiguous()
