"""Fields on a fine grid from features on a coarse one, as sharp as the edges that are known on the fine."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["EdgeMaps"]


class EdgeMaps(nn.Module):
    """Smooth maps, known on the coarse grid and interpolated, times functions of an edge, known on the fine
    one; besides, each patch adds what it will: (batch, width, *coarse) -> (batch, fields + numbers, *grid).

    What is sharp in an answer is sharp because a solid's edge is. The first map stands alone, the others each
    multiply one channel of the edge.

    Arguments:
        width: features of each point of the coarse grid.
        fields: that are written so; numbers, whose channels come after them, are patches alone.
        grid: rows and columns of the fine grid, which need not be a multiple of the patch.
        patch: points of the fine grid, along each axis, for one of the coarse.
        edges: channels of an image on the fine grid that are functions of the edge.
        zero: start from zero weights.
    """

    tall: torch.Tensor
    wide: torch.Tensor

    def __init__(
        self,
        *,
        width: int,
        fields: int,
        numbers: int,
        grid: tuple[int, int],
        patch: int,
        edges: range,
        zero: bool,
    ) -> None:
        super().__init__()
        self.grid, self.patch, self.edges, self.fields = grid, patch, edges, fields
        self.smooth = nn.Conv2d(width, fields * (1 + len(edges)), 3, padding=1)
        self.patches = nn.Conv2d(width, (fields + numbers) * patch**2, 1)
        for axis, points in zip(("tall", "wide"), grid, strict=True):
            self.register_buffer(axis, _finer(-(-points // patch), patch), persistent=False)
        for layer in (self.smooth, self.patches):
            if zero:
                nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, features: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        """(batch, width, *coarse), image (batch, channels, *grid) -> (batch, fields + numbers, *grid)"""
        rows, columns = self.grid
        maps = self.tall @ (self.smooth(features) @ self.wide.T)
        maps = maps[..., :rows, :columns].unflatten(1, (self.fields, -1))
        fields = maps[:, :, 0]
        if self.edges:
            edges = image[:, self.edges.start : self.edges.stop]
            fields = fields + (maps[:, :, 1:] * edges[:, None]).sum(dim=2)
        patches = functional.pixel_shuffle(self.patches(features), self.patch)[..., :rows, :columns]
        return torch.cat([fields + patches[:, : self.fields], patches[:, self.fields :]], dim=1)


def _finer(points: int, times: int) -> torch.Tensor:
    """(points * times, points) cubic interpolation between the middles of intervals."""
    rows = torch.eye(points).reshape(points, 1, points)
    return functional.interpolate(
        rows[:, None], size=(1, points * times), mode="bicubic", align_corners=False
    )[:, 0, 0].T.contiguous()
