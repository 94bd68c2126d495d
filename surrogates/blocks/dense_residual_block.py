"""A fully connected block that adds to its input what it has learned."""

from __future__ import annotations

import torch
from torch import nn

from .perceptron import ACTIVATIONS

__all__ = ["DenseResidualBlock"]


class DenseResidualBlock(nn.Module):
    """h + B f(A f(h)): (..., width) -> (..., width), where B starts at zero.

    A new block is the identity, so that depth never hurts the start of the training.
    He et al. 2016 (arXiv:1603.05027); the zero start: Goyal et al. 2017 (arXiv:1706.02677).
    """

    def __init__(self, *, width: int, activation: str) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"the activation must be one of {sorted(ACTIVATIONS)}, got {activation!r}")
        self.activate = ACTIVATIONS[activation]()
        self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(..., width) -> (..., width)"""
        return features + self.outer(self.activate(self.inner(self.activate(features))))
