"""Sines and cosines of the inputs, with which a network learns fine detail as readily as coarse."""

from __future__ import annotations

import math

import torch
from torch import nn

__all__ = ["FourierFeatures"]


class FourierFeatures(nn.Module):
    """x -> (x, sin(x B), cos(x B)): (..., inputs) -> (..., inputs + 2 features).

    Without them a perceptron learns slow variations first and fast ones hardly at all. B is drawn from a
    normal distribution and then learned with the other weights.

    Arguments:
        inputs: numbers of each sample, of unit size.
        features: frequencies.
        scale: standard deviation of the frequencies, in cycles per unit of x. Too small blurs; too large
            makes an answer between training samples noise.

    Reference: Tancik et al. 2020 (arXiv:2006.10739).
    """

    def __init__(self, *, inputs: int, features: int, scale: float) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(2 * math.pi * scale * torch.randn(inputs, features))
        self.outputs = inputs + 2 * features

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """(..., inputs) -> (..., outputs)"""
        phases = points @ self.frequencies
        return torch.cat([points, phases.sin(), phases.cos()], dim=-1)
