"""A linear layer whose weights are -1, 0 and 1 times one scale."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from .bit_packing import packed, unpacked
from .quantised_linear import quantised
from .straight_through import straight_through

__all__ = ["StoredTernary", "Ternary", "TernaryLinear", "ternarised"]

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


class TernaryLinear(nn.Module):
    """(..., inputs) -> (..., outputs) by sums and differences of inputs, one scale for all.

    Trained from its first step on it loses little; a layer that was trained with full weights and rounded
    afterwards loses most of what it knew. Without the normalisation of inputs that the paper has.

    BitLinear of Wang et al. 2023 (arXiv:2310.11453), with the zero of Ma et al. 2024 (arXiv:2402.17764).

    Arguments:
        inputs, outputs: numbers in and out.
        bias: whether a number is added to each output.
        activations: `int8` rounds inputs, too, to 8 bits of the largest of each sample.

    Raises `ValueError` for sizes below 1 and other activations.
    """

    def __init__(
        self, *, inputs: int, outputs: int, bias: bool = True, activations: Literal["full", "int8"] = "full"
    ) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1:
            raise ValueError(f"inputs and outputs must be at least 1, got {inputs} and {outputs}")
        if activations not in ("full", "int8"):
            raise ValueError(f"activations must be full or int8, got {activations!r}")
        self.activations = activations
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(inputs))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., inputs) -> (..., outputs)"""
        values, scale = _values(self.weight)
        if self.activations == "int8":
            with torch.no_grad():
                codes, size = quantised(x, dims=(-1,))
            # of whole numbers, so that the sums are exact
            x, scale = straight_through(codes.to(x.dtype), x / size), scale * size
        answer = functional.linear(x, values) * scale
        return answer if self.bias is None else answer + self.bias


def _values(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """-1, 0 and 1, whose gradient goes to the weights, and the scale, whose gradient goes nowhere."""
    with torch.no_grad():
        values, scale = ternarised(weight)
    return straight_through(values.to(weight.dtype), weight / scale), scale
