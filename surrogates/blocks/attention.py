"""Every token looks at all others and takes up what it is looking for, in several ways at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

__all__ = ["Attention"]

FARTHEST = 9
"""Squared distance beyond which a local start tells no more apart: what is far is seen a little, or its
bias would have no slope."""


class Attention(nn.Module):
    """Softmax attention of tokens to one another: (batch, tokens, width) -> the same.

    Alone it knows no order: tokens in another order get the same answers in that order. With a grid, each
    head learns a bias for every offset between two tokens. On a periodic grid offsets wrap around, and the
    block commutes with translations by whole tokens; on another it knows where the ends are. The work grows
    with the square of the number of tokens.

    Vaswani et al. 2017 (arXiv:1706.03762); the bias is that of Liu et al. 2021 (arXiv:2103.14030).
    `nn.MultiheadAttention` is the same without a grid; a bias it takes as a mask of (batch * heads, tokens,
    tokens) only, copied for every sample, and it has no place for one that is learned.

    Arguments:
        width: numbers of each token; a multiple of the heads.
        heads: ways to look, each in a share of the width.
        grid: tokens along each axis, the last axis running fastest; None for no bias.
        periodic: whether that grid wraps around.
        local: start with a bias of minus the squared distance from a neighbour, another for each head,
            the nearest first: so heads begin much as the kernel of a convolution, which derivatives need
            (d'Ascoli et al. 2021, arXiv:2103.10697). Else it starts at zero, with all offsets alike.
        zero: start with a last layer of zeros, so that the block answers exactly zero until it has learned.
    Raises ValueError for heads that do not divide the width, a grid without tokens, and for tokens that do
    not fill the grid.
    """

    index: torch.Tensor

    def __init__(
        self,
        *,
        width: int,
        heads: int,
        grid: Sequence[int] | None = None,
        periodic: bool = True,
        local: bool = False,
        zero: bool = False,
    ) -> None:
        super().__init__()
        if heads < 1 or width < 1 or width % heads:
            raise ValueError(f"the heads must divide the width, got {heads} heads and a width of {width}")
        if local and grid is None:
            raise ValueError("without a grid no token is near another; give a grid, or leave local out")
        self.heads = heads
        self.pack, self.last = nn.Linear(width, 3 * width), nn.Linear(width, width)
        if zero:
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)
        self.grid = None if grid is None else tuple(grid)
        self.bias: nn.Parameter | None = None
        if self.grid is not None:
            if not self.grid or min(self.grid) < 1:
                raise ValueError(f"a grid of tokens needs at least one along each axis, got {self.grid}")
            # offsets are counted from 0 on where the grid wraps around, else from the most negative on
            counts = self.grid if periodic else tuple(2 * points - 1 for points in self.grid)
            firsts = tuple(0 if periodic else points - 1 for points in self.grid)
            begin = _near(counts, heads, periodic=periodic) if local else torch.zeros(heads, *counts)
            self.bias = nn.Parameter(begin)
            self.register_buffer("index", _index(self.grid, counts, firsts), persistent=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) -> the same"""
        mask = None
        if self.grid is not None and self.bias is not None:
            wanted = math.prod(self.grid)
            if tokens.shape[1] != wanted:
                raise ValueError(f"the grid {self.grid} has {wanted} tokens, got {tokens.shape[1]}")
            mask = self.bias.flatten(1)[:, self.index][None]
        asked, shown, given = self.pack(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(asked, shown, given, attn_mask=mask)
        answer: torch.Tensor = self.last(found.transpose(1, 2).flatten(2))
        return answer


def _index(grid: Sequence[int], counts: Sequence[int], firsts: Sequence[int]) -> torch.Tensor:
    """(tokens, tokens) the number of the offset from one token to another, as the bias counts them."""
    axes = torch.meshgrid(*(torch.arange(points) for points in grid), indexing="ij")
    index = torch.zeros((), dtype=torch.long)
    for axis, count, first in zip(axes, counts, firsts, strict=True):
        place = axis.flatten()
        ahead = place[None, :] - place[:, None]
        index = index * count + (ahead + first) % count
    return index


def _near(counts: Sequence[int], heads: int, *, periodic: bool) -> torch.Tensor:
    """(heads, *counts) minus the squared distance, up to `FARTHEST`, from one of the nearest offsets each."""
    sizes = torch.tensor(counts)

    def short(steps: torch.Tensor) -> torch.Tensor:
        return (steps + sizes // 2) % sizes - sizes // 2 if periodic else steps

    axes = torch.meshgrid(*(torch.arange(count) for count in counts), indexing="ij")
    offsets = short(torch.stack(axes, dim=-1) - (0 if periodic else sizes // 2))
    ranked = sorted(offsets.flatten(0, -2).tolist(), key=lambda steps: (sum(s**2 for s in steps), steps))
    neighbours = ranked[1:] or ranked
    own = torch.tensor([neighbours[head % len(neighbours)] for head in range(heads)])
    apart = short(offsets - own.reshape(heads, *[1] * len(counts), len(counts)))
    return -apart.square().sum(dim=-1).clamp(max=FARTHEST).float()
