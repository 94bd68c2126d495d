"""A number for each sample that a convolutional network has to know at every place."""

from __future__ import annotations

import torch
from torch import nn

from .fourier_features import FourierFeatures
from .perceptron import Perceptron

__all__ = ["NoiseConditioning"]


class NoiseConditioning(nn.Module):
    """h -> h (1 + a) + b, where a and b, one for each channel, depend on a number: how strong the noise is.

    A new one leaves h as it is, bit for bit. Perez et al. 2018, "FiLM" (arXiv:1709.07871).

    Arguments:
        channels: of h.
        features: frequencies of the number that its small network is given.
        hidden: width of that network.
    """

    def __init__(self, *, channels: int, features: int = 8, hidden: int = 32) -> None:
        super().__init__()
        self.lift = FourierFeatures(inputs=1, features=features, scale=0.5)
        self.said = Perceptron(inputs=self.lift.outputs, hidden=(hidden,), outputs=2 * channels)

    def forward(self, field: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
        """(batch, channels, *grid) and (batch,) -> (batch, channels, *grid)"""
        both: torch.Tensor = self.said(self.lift(number[:, None]))
        factor, shift = (part[(..., *[None] * (field.ndim - 2))] for part in both.chunk(2, dim=1))
        return field * (1 + factor) + shift
