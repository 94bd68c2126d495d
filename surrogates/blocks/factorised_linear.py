"""A linear layer whose neurons have a scale of their own."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["FactorisedLinear"]


class FactorisedLinear(nn.Module):
    """A linear map with weights exp(scale) times direction, both learned, one scale for each output.

    At the start it is the same map as the `nn.Linear` that it is made of; descent moves differently.

    Wang, Wang, Seidman & Perdikaris (2022), arXiv:2210.01274.

    Arguments:
        linear: whose weights are factorised.
        mean, deviation: of the scales at the start, which are drawn from the normal distribution.
    """

    def __init__(self, linear: nn.Linear, *, mean: float = 0.5, deviation: float = 0.1) -> None:
        super().__init__()
        self.scale = nn.Parameter(mean + deviation * torch.randn(linear.out_features, 1).to(linear.weight))
        self.direction = nn.Parameter(linear.weight.detach() * torch.exp(-self.scale.detach()))
        self.bias = nn.Parameter(linear.bias.detach().clone())

    @property
    def weight(self) -> torch.Tensor:
        """(outputs, inputs)"""
        return torch.exp(self.scale) * self.direction

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., inputs) -> (..., outputs)"""
        return functional.linear(x, self.weight, self.bias)
