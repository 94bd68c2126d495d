"""Layers that connect everything to everything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["Perceptron"]


class Perceptron(nn.Module):
    """Linear layers with GELU between them: (..., inputs) -> (..., outputs).

    The last layer starts at zero, so that a new perceptron answers exactly zero.
    GELU: Hendrycks & Gimpel 2016 (arXiv:1606.08415).
    """

    def __init__(self, *, inputs: int, hidden: Sequence[int], outputs: int) -> None:
        super().__init__()
        widths = [inputs, *hidden]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Linear(before, after), nn.GELU()]
        last = nn.Linear(widths[-1], outputs)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(*layers, last)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(..., inputs) -> (..., outputs)"""
        return self.layers(features)
