"""A few numbers from many, and the many back: a projection, and what networks add to it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .perceptron import Perceptron

__all__ = ["Autoencoder"]


class Autoencoder(nn.Module):
    """x -> z = W x + E(x) -> V z + D(z), all of which is learned.

    W and V start as a projection and its transpose, the networks E and D at zero: a new autoencoder whose
    projection is onto the leading principal components is the best linear one, and training can only go on
    from there. Without hidden layers it stays linear and, trained on squared errors, ends at the principal
    components, whatever it started from (Baldi & Hornik 1989, doi:10.1016/0893-6080(89)90014-2). The start:
    Linot & Graham 2020 (arXiv:2001.04263).

    Where samples lie on a curved surface of d dimensions, the error falls to what is off that surface at
    `latent` = d, or a little later where it does not lie flat in so few numbers; that of a projection goes on
    falling slowly. So the error against `latent` tells the dimension.

    Arguments:
        features: numbers of a sample, centred.
        latent: numbers that are left of it; from 1 to `features`.
        hidden: widths of the hidden layers of E, in reverse order those of D; empty for neither.
        start: (latent, features) orthonormal rows to start from; None for the first `latent` features, as is
            right for coordinates in order of falling deviation.
        activation: within E and D.

    Raises `ValueError` for a latent size out of range, or a start of another shape.
    """

    def __init__(
        self,
        *,
        features: int,
        latent: int,
        hidden: Sequence[int] = (),
        start: torch.Tensor | None = None,
        activation: str = "gelu",
    ) -> None:
        super().__init__()
        if not 1 <= latent <= features:
            raise ValueError(f"latent must lie between 1 and the {features} features, got {latent}")
        if start is None:
            start = torch.eye(features)[:latent]
        if tuple(start.shape) != (latent, features):
            raise ValueError(
                f"start must have shape ({latent}, {features}), a row for each latent number, got "
                f"{tuple(start.shape)}"
            )
        self.reduce = nn.Linear(features, latent)
        self.expand = nn.Linear(latent, features)
        with torch.no_grad():
            self.reduce.weight.copy_(start)
            self.expand.weight.copy_(start.T)
            self.reduce.bias.zero_()
            self.expand.bias.zero_()
        self.bend = self.unbend = None
        if hidden:
            self.bend = Perceptron(inputs=features, hidden=hidden, outputs=latent, activation=activation)
            self.unbend = Perceptron(
                inputs=latent, hidden=tuple(reversed(hidden)), outputs=features, activation=activation
            )

    def encode(self, samples: torch.Tensor) -> torch.Tensor:
        """(..., features) -> (..., latent)"""
        flat: torch.Tensor = self.reduce(samples)
        return flat if self.bend is None else flat + self.bend(samples)

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        """(..., latent) -> (..., features)"""
        flat: torch.Tensor = self.expand(codes)
        return flat if self.unbend is None else flat + self.unbend(codes)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """(..., features) -> what is left of them, (..., features)"""
        return self.decode(self.encode(samples))
