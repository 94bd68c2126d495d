"""Cubic B-splines of one variable: a curve from a few coefficients, at any place on it."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["SplineBasis"]


class SplineBasis(nn.Module):
    """Uniform cubic B-splines on [-1, 1]: coefficients (samples, outputs, pieces + 3) -> curves.

    Twice continuously differentiable. A coefficient moves the curve in four neighbouring pieces and nowhere
    else, and is about the curve's value there, so that a network which answers coefficients is well
    conditioned. Detail that is finer than a piece (2 / pieces) is lost.

    Reference: de Boor, "A Practical Guide to Splines", 1978, doi:10.1007/978-1-4612-6333-3.
    """

    def __init__(self, *, pieces: int) -> None:
        super().__init__()
        if pieces < 1:
            raise ValueError(f"a spline needs at least one piece, got {pieces}")
        self.pieces = pieces
        self.coefficients = pieces + 3

    def forward(self, coefficients: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Coefficients (samples, outputs, pieces + 3), places (samples or 1, m) -> (samples, m, outputs)."""
        first, weights = self.weights(places)
        if len(places) == 1:  # the same for all samples: a product of matrices
            matrix = weights.new_zeros(places.shape[1], self.coefficients)
            matrix.scatter_(1, first[0, :, None] + torch.arange(4, device=places.device), weights[0])
            return (coefficients @ matrix.T).transpose(1, 2)
        chosen = first[..., None] + torch.arange(4, device=places.device)
        samples = torch.arange(len(places), device=places.device)[:, None, None]
        return torch.einsum("smjo,smj->smo", coefficients.transpose(1, 2)[samples, chosen], weights)

    def weights(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The first of the four coefficients that count at each place, (...), and their weights, (..., 4)."""
        along = (places + 1) * (0.5 * self.pieces)
        first = along.detach().floor().clamp(0, self.pieces - 1)
        u = along - first
        v = 1 - u
        weights = torch.stack(
            [v**3, 3 * u**3 - 6 * u**2 + 4, 3 * v**3 - 6 * v**2 + 4, u**3],
            dim=-1,
        )
        return first.long(), weights / 6
