"""What a network of coordinates is given: coordinates as they are, waves of periodic ones, random waves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["CoordinateFeatures"]


class CoordinateFeatures(nn.Module):
    """Coordinates in [-1, 1] -> features whose derivatives are known in closed form.

    A coordinate with harmonics is periodic, with period 2: it enters as sine and cosine of its first so many
    waves, and whatever a network makes of these is periodic, with all derivatives. The others enter as they
    are. Random waves of all together let a network learn what changes fast; they are drawn once and stay.

    Dong & Ni, J. Comput. Phys. 435 (2021), doi:10.1016/j.jcp.2021.110242, for periodic ones; Tancik et al.,
    NeurIPS 2020, arXiv:2006.10739, for random waves.

    Arguments:
        harmonics: for each coordinate how many waves, 0 for one that is not periodic.
        random: how many random waves, each a sine and a cosine.
        scale: standard deviation of their wavenumbers; a coordinate that is periodic gets whole waves.
        generator: of the random waves.

    Raises `ValueError` for a negative number of anything.
    """

    linear: torch.Tensor
    waves: torch.Tensor
    phases: torch.Tensor

    def __init__(
        self,
        harmonics: Sequence[int],
        *,
        random: int = 0,
        scale: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if min((random, *harmonics), default=0) < 0 or scale < 0:
            raise ValueError(
                f"harmonics, random waves and their scale must not be negative, got {tuple(harmonics)}, "
                f"{random} and {scale}"
            )
        unit = torch.eye(len(harmonics))
        rows = [(k + 1) * unit[i] for i, most in enumerate(harmonics) for k in range(most)]
        if random:
            drawn = scale / math.pi * torch.randn(random, len(harmonics), generator=generator)
            rows += list(torch.where(torch.tensor([bool(most) for most in harmonics]), drawn.round(), drawn))
        waves = torch.stack(rows) if rows else torch.zeros(0, len(harmonics))
        self.register_buffer("linear", unit[[i for i, most in enumerate(harmonics) if not most]])
        self.register_buffer("waves", torch.cat([waves, waves]))
        # a cosine is a sine a quarter further
        quarter = torch.full((len(waves),), 0.5)
        self.register_buffer("phases", torch.cat([torch.zeros(len(waves)), quarter]))

    @property
    def outputs(self) -> int:
        """How many features."""
        return len(self.linear) + len(self.waves)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, coordinates) -> (batch, features)"""
        return torch.cat([x @ self.linear.T, torch.sin(math.pi * (x @ self.waves.T + self.phases))], dim=1)

    def streams(self, x: torch.Tensor, directions: torch.Tensor, orders: Sequence[int]) -> torch.Tensor:
        """(1 + sum of orders, batch, features): values, then for each of the (directions, coordinates) its
        derivatives of order 1, 2, ... up to its own of `orders`.
        """
        phase, found = math.pi * (x @ self.waves.T + self.phases), [self(x)]
        for direction, order in zip(directions, orders, strict=True):
            speed, slope = math.pi * (self.waves @ direction), self.linear @ direction
            for n in range(1, order + 1):
                straight = (slope if n == 1 else torch.zeros_like(slope)).expand(len(x), -1)
                turned = speed**n * torch.sin(phase + 0.5 * math.pi * n)
                found.append(torch.cat([straight, turned], dim=1))
        return torch.stack(found)
