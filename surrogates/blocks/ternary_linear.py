"""Weights of a layer that are -1, 0 and 1 times one scale."""

from __future__ import annotations

import torch
from torch import nn

from .bit_packing import packed, unpacked
from .straight_through import straight_through

__all__ = ["StoredTernary", "Ternary", "ternarised"]

BITS = 2
"""Of a weight, as it is stored."""


def ternarised(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights of any shape -> -1, 0 and 1 as int8, and the scale of all of them: the mean of their sizes.

    What is smaller than half of the scale becomes 0. Ma et al. 2024 (arXiv:2402.17764).
    """
    scale = weight.abs().mean().clamp(min=torch.finfo(weight.dtype).tiny)
    return (weight / scale).round().clamp(-1, 1).to(torch.int8), scale


class Ternary(nn.Module):
    """A parametrization (see `torch.nn.utils.parametrize`) for training: weights count as their nearest -1, 0
    or 1 times the scale; gradients move the weights behind them as if they counted themselves.

    Trained from its first step on a layer loses little; one that was trained with full weights and rounded
    afterwards loses most of what it knew. Inputs are not normalised or rounded as in the paper.

    BitLinear of Wang et al. 2023 (arXiv:2310.11453), with the zero of Ma et al. 2024 (arXiv:2402.17764).
    """

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The same shape"""
        values, scale = _values(weight)
        return values * scale


class StoredTernary(nn.Module):
    """A parametrization for use: four weights in a byte, and the scale; unpacked for each product."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.shape = tuple(weight.shape)

    def right_inverse(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is stored."""
        values, scale = ternarised(weight)
        return packed(values + 1, bits=BITS), scale

    def forward(self, stored: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """The weights, of the shape that they had."""
        return (unpacked(stored, self.shape, bits=BITS).to(scale.dtype) - 1) * scale


def _values(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """-1, 0 and 1, whose gradient goes to the weights, and the scale, whose gradient goes nowhere."""
    with torch.no_grad():
        values, scale = ternarised(weight)
    return straight_through(values.to(weight.dtype), weight / scale), scale
