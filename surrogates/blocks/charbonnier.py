"""A loss that is a square for small errors and an absolute value for large ones."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["Charbonnier"]


class Charbonnier(nn.Module):
    """scale^2 (sqrt(1 + (error / scale)^2) - 1), its mean.

    Half the square of an error far below `scale`, `scale` times the size of one far above: a few hopeless
    points do not take the network from all others, and the slope does not jump where an error vanishes. Its
    gradient is error / sqrt(1 + (error / scale)^2).

    Charbonnier, Blanc-Feraud, Aubert & Barlaud 1994, doi:10.1109/ICIP.1994.413553; in this form, as one of a
    family, Barron 2019 (arXiv:1701.03077).

    Raises `ValueError` for a scale that is not positive.
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        super().__init__()
        if not scale > 0:
            raise ValueError(f"the scale must be positive, got {scale}")
        self.scale = scale

    def forward(self, answer: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Two fields of one shape -> ()"""
        square = (answer - truth).square()
        # of the root less one, without the digits that a difference would lose
        return (square / (1 + (1 + square / self.scale**2).sqrt())).mean()
