"""Attention, then a perceptron for each token, both added to what came before."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .attention import Attention
from .perceptron import Perceptron

__all__ = ["TransformerBlock"]


class TransformerBlock(nn.Module):
    """x + attention(norm(x)), then y + perceptron(norm(y)): (batch, tokens, width) -> the same.

    Normalising what goes into each branch, and not what comes out, leaves a straight way for gradients
    through any number of blocks (Xiong et al. 2020, arXiv:2002.04745). Both branches end in weights that are
    zero, so that a new block is the identity bit for bit; scales of the branches that start small (Touvron
    et al. 2021, arXiv:2103.17239) or at zero (Bachlechner et al. 2020, arXiv:2003.04887) serve the same end.

    Arguments:
        width: numbers of each token.
        heads: of the attention; they divide the width.
        grid, periodic, local: of the tokens, for a bias by offset; see `Attention`.
        expansion: hidden numbers of the perceptron for each number of a token.
        activation: of the perceptron.
    Raises ValueError as `Attention` and `Perceptron` do, and for an expansion below 1.
    """

    def __init__(
        self,
        *,
        width: int,
        heads: int,
        grid: Sequence[int] | None = None,
        periodic: bool = True,
        local: bool = False,
        expansion: int = 2,
        activation: str = "gelu",
    ) -> None:
        super().__init__()
        if expansion < 1:
            raise ValueError(f"the expansion must be at least 1, got {expansion}")
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(
            width=width, heads=heads, grid=grid, periodic=periodic, local=local, zero=True
        )
        self.perceptron = Perceptron(
            inputs=width, hidden=(expansion * width,), outputs=width, activation=activation
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) -> the same"""
        tokens = tokens + self.attention(self.before(tokens))
        answer: torch.Tensor = tokens + self.perceptron(self.between(tokens))
        return answer
