"""How far apart two fields are as a network sees them that does not learn."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import torch
from torch import nn

__all__ = ["FeatureLoss"]


class FeatureLoss(nn.Module):
    """Mean square between a frozen network's features of two fields, averaged over some of its layers.

    Fields that a network calls alike cost little although they differ point by point: a front that stands a
    little beside its place. It is only as good as the features, and blind to what they are blind to: take it
    together with a loss of the fields. Gradients reach the answer and never the network, a copy of which is
    kept, as it is in evaluation.

    The perceptual loss of Johnson, Alahi & Fei-Fei 2016 (arXiv:1603.08155).

    Arguments:
        features: layers one after the other.
        layers: numbers of those whose outputs are compared, from 0.
    Raises `ValueError` for no layer, or one that is not there.
    """

    def __init__(self, *, features: nn.Sequential, layers: Sequence[int]) -> None:
        super().__init__()
        if not layers or not all(0 <= layer < len(features) for layer in layers):
            raise ValueError(
                f"layers must name some of 0 to {len(features) - 1}, whose outputs are compared; got "
                f"{tuple(layers)}"
            )
        self.layers = frozenset(layers)
        self.features = nn.Sequential(*list(copy.deepcopy(features))[: max(layers) + 1])
        self.features.requires_grad_(False).eval()

    def forward(self, answer: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Two fields as the network takes them -> ()"""
        found = []
        for number, layer in enumerate(self.features):
            answer, truth = layer(answer), layer(truth)
            if number in self.layers:
                found.append((answer - truth).square().mean())
        return torch.stack(found).mean()

    def train(self, mode: bool = True) -> Self:
        """It stays as it is in evaluation, whatever becomes of what it is a part of."""
        return super().train(False)
