"""How far apart two periodic fields are, mode by mode."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["SpectralLoss"]


class SpectralLoss(nn.Module):
    """Sum over the Fourier modes k of (1 + |k|)^power times the square of what lies between two amplitudes.

    Between complex amplitudes a and b that is phases |a - b|^2 + (1 - phases) (|a| - |b|)^2: with `phases` 1
    a wave has to be where it was, with 0 only as strong. At power 0 and phases 1 it is, by Parseval, the mean
    square error; higher powers let weak short waves count that a mean square does not see. What has only its
    strengths right has the right spectrum and may be wrong everywhere: do not use phases 0 alone.

    For the amplitudes of images: Jiang, Dai, Wu & Loy 2021 (arXiv:2012.12821).

    Arguments:
        dimensions: the last axes, those of space.
        power: of 1 + |k|, where k counts waves on the domain.
        phases: between 0 and 1.
    Raises `ValueError` for phases outside of [0, 1], or no dimension.
    """

    def __init__(self, *, dimensions: int, power: float = 0.0, phases: float = 1.0) -> None:
        super().__init__()
        if dimensions < 1 or not 0 <= phases <= 1:
            raise ValueError(
                f"dimensions must be at least 1 and phases lie in [0, 1], got {dimensions} and {phases}"
            )
        self.dimensions, self.power, self.phases = dimensions, power, phases

    def forward(self, answer: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Two fields (..., *grid) -> (), the mean over all that is not space."""
        axes = tuple(range(-self.dimensions, 0))
        first, second = (torch.fft.rfftn(field, dim=axes, norm="forward") for field in (answer, truth))
        apart = self.phases * _square(first - second)
        if self.phases < 1:
            apart = apart + (1 - self.phases) * (first.abs() - second.abs()).square()
        weights = self._weights(answer.shape[-self.dimensions :]).to(apart)
        return (weights * apart).sum(dim=axes).mean()

    def _weights(self, grid: Sequence[int]) -> torch.Tensor:
        """(*modes), as rfftn has them; it leaves out the mirror images of most."""
        waves = [torch.fft.fftfreq(n, d=1 / n, dtype=torch.float64) for n in grid[:-1]]
        waves.append(torch.arange(grid[-1] // 2 + 1, dtype=torch.float64))
        lengths = torch.stack(torch.meshgrid(*waves, indexing="ij")).square().sum(dim=0).sqrt()
        images = torch.full_like(waves[-1], 2.0)
        images[0] = 1.0
        if grid[-1] % 2 == 0:
            images[-1] = 1.0
        return images * (1 + lengths) ** self.power


def _square(modes: torch.Tensor) -> torch.Tensor:
    return modes.real.square() + modes.imag.square()
