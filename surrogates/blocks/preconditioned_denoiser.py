"""A denoiser for all levels of noise, whose network sees and says numbers of unit size at each of them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

__all__ = ["PreconditionedDenoiser", "Preconditioning"]


class Preconditioning(NamedTuple):
    """Factors at each level: of the noisy field that is passed on (`skip`), of what the network says (`out`)
    and is given (`into`), and the number that tells it the level (`told`).
    """

    skip: torch.Tensor
    out: torch.Tensor
    into: torch.Tensor
    told: torch.Tensor


class PreconditionedDenoiser(nn.Module):
    """D(x, level) = skip x + out network(into x, told, *beside), of x with noise of deviation `level`.

    The factors are such that, of data with this deviation, both what the network is given and what it has to
    say have unit variance at every level, and its errors are amplified least: where noise is weak the field
    is passed on and the network says what is left of it, where noise is strong the network says the field.
    Trained on mean squares weighed by `weight`, D is the mean of the data given x, and (x - D) / level the
    slope along which `heun_sampler` goes from noise to data.

    Karras, Aittala, Aila & Laine 2022, table 1 (arXiv:2206.00364).

    Arguments:
        network: (field, told (batch,), *beside) -> field.
        deviation: of the data about zero.
    Raises `ValueError` for a deviation that is not positive.
    """

    def __init__(self, network: nn.Module, *, deviation: float = 1.0) -> None:
        super().__init__()
        if not deviation > 0:
            raise ValueError(f"the data's deviation must be positive, got {deviation}")
        self.network, self.deviation = network, deviation

    def factors(self, level: torch.Tensor) -> Preconditioning:
        """At each of the levels, which are positive, any shape."""
        whole = level.square() + self.deviation**2
        return Preconditioning(
            skip=self.deviation**2 / whole,
            out=level * self.deviation / whole.sqrt(),
            into=1 / whole.sqrt(),
            told=level.log() / 4,
        )

    def weight(self, level: torch.Tensor) -> torch.Tensor:
        """Of the square of D's error, so that the network's own error counts alike at all levels."""
        return 1 / self.factors(level).out.square()

    def forward(self, noisy: torch.Tensor, level: torch.Tensor, *beside: torch.Tensor) -> torch.Tensor:
        """(batch, channels, *grid) and levels (batch,) -> the field without noise, as far as can be told."""
        factors = self.factors(level)
        skip, out, into = (f.reshape(-1, *[1] * (noisy.ndim - 1)) for f in factors[:3])
        said: torch.Tensor = self.network(into * noisy, factors.told, *beside)
        return skip * noisy + out * said
