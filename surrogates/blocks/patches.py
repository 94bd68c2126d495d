"""A field cut into patches, each of which is a token, and put together again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

__all__ = ["Patches"]


@dataclass(frozen=True, kw_only=True)
class Patches:
    """(batch, channels, *grid) <-> (batch, tokens, channels * points of a patch), exactly.

    Tokens stand in the order of the grid, the last axis running fastest; within a token channels come first.
    Dosovitskiy et al. 2020 (arXiv:2010.11929).

    Attributes:
        grid: points along 1, 2 or 3 axes.
        patch: points of a patch along each axis.
        pad: whether a grid that patches do not fill is continued behind its ends with the last values, which
            `join` leaves out again; not for periodic grids, whose end is no end.

    Raises ValueError for a grid that patches do not fill, unless it is padded.

    >>> Patches(grid=(6, 5), patch=2, pad=True).tokens
    (3, 3)
    """

    grid: tuple[int, ...]
    patch: int
    pad: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.grid) <= 3 or min(self.grid) < 1 or self.patch < 1:
            raise ValueError(
                f"patches of at least 1 point are cut from 1, 2 or 3 axes, got {self.patch} and {self.grid}"
            )
        if not self.pad and any(points % self.patch for points in self.grid):
            shared = math.gcd(*self.grid)
            whole = ", ".join(str(n) for n in range(1, shared + 1) if shared % n == 0)
            raise ValueError(
                f"patches of {self.patch} points do not fill the grid {self.grid}; choose a patch of {whole} "
                "points, or pad the grid"
            )

    @property
    def tokens(self) -> tuple[int, ...]:
        """Along each axis."""
        return tuple(-(-points // self.patch) for points in self.grid)

    @property
    def points(self) -> int:
        """Of one patch."""
        return int(self.patch ** len(self.grid))

    def cut(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, channels, *grid) -> (batch, tokens, channels * points)"""
        if tuple(field.shape[2:]) != self.grid:
            raise ValueError(f"these patches are cut from a grid {self.grid}, got {tuple(field.shape[2:])}")
        axes = range(len(self.grid))
        missing = [n * self.patch - points for n, points in zip(self.tokens, self.grid, strict=True)]
        if any(missing):
            ends = [end for more in reversed(missing) for end in (0, more)]
            field = functional.pad(field, ends, mode="replicate")
        shape = [size for n in self.tokens for size in (n, self.patch)]
        order = (0, *(2 + 2 * axis for axis in axes), 1, *(3 + 2 * axis for axis in axes))
        parts = field.reshape(*field.shape[:2], *shape).permute(order)
        return parts.flatten(1 + len(axes)).flatten(1, len(axes))

    def join(self, tokens: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, channels * points) -> (batch, channels, *grid)"""
        count = len(self.grid)
        parts = tokens.unflatten(1, self.tokens).unflatten(-1, (-1, *[self.patch] * count))
        order = (0, 1 + count, *(place for axis in range(count) for place in (1 + axis, 2 + count + axis)))
        parts = parts.permute(order)
        whole = parts.reshape(*parts.shape[:2], *(n * self.patch for n in self.tokens))
        return whole[(..., *(slice(points) for points in self.grid))]
