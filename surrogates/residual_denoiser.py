"""The network of a diffusion that refines: it takes noise from what a coarse view does not tell."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .blocks.consistency import without_seen
from .blocks.mode_filter import ModeFilter
from .blocks.noise_conditioning import NoiseConditioning
from .blocks.periodic_convolution import PeriodicConvolution
from .blocks.preconditioned_denoiser import PreconditionedDenoiser
from .blocks.residual_block import ResidualBlock

__all__ = ["ResidualDenoiser"]


class ResidualDenoiser(nn.Module):
    """(noisy, level, shown) -> what was there before the noise, as far as can be told.

    All that it works on is hidden from the coarse grid: what lacks in its view, the noise, and the answer. So
    every sample has that view, and nothing is spent on what is known. What lacks has unit deviation. Noise,
    and what the network says, pass a filter, so that samples are as smooth as fields are.

    Arguments:
        frames: of a window, channels of what lacks and of what is shown.
        coarse: points of the coarse grid along each axis.
        passed: see `ModeFilter`.
        channels, width, blocks: of the residual network, which is told the level in each block.
    """

    def __init__(
        self,
        *,
        frames: int,
        coarse: Sequence[int],
        passed: ModeFilter,
        channels: int,
        width: int,
        blocks: int,
    ) -> None:
        super().__init__()
        self.coarse, self.passed = tuple(coarse), passed
        network = _Conditioned(
            frames=frames,
            dimensions=len(self.coarse),
            channels=channels,
            width=width,
            blocks=blocks,
            passed=passed,
        )
        self.denoiser = PreconditionedDenoiser(network)
        self.gain = _gain(passed, self.coarse) or 1.0  # where nothing is hidden there is no noise

    def noise(self, white: torch.Tensor) -> torch.Tensor:
        """What is added to fields, from white noise (batch, frames, *grid): filtered, and not to be seen.

        Its deviation is 1, as is that of what lacks.
        """
        return without_seen(self.passed(white) / self.gain, self.coarse)

    def forward(self, noisy: torch.Tensor, level: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
        """(batch, frames, *grid), (batch,) and (batch, frames, *grid) -> (batch, frames, *grid)"""
        return without_seen(self.denoiser(noisy, level, shown), self.coarse)


def _gain(passed: ModeFilter, coarse: Sequence[int]) -> float:
    """Root mean square of what is hidden of filtered white noise of deviation 1.

    Of each pair of waves that the coarse grid just sees, it sees the cosine alone: half of what they hold.
    """
    seen = torch.ones((), dtype=torch.float64)
    for axis, (many, few) in enumerate(zip(passed.grid, coarse, strict=True)):
        waves = (
            torch.arange(many // 2 + 1)
            if axis == len(coarse) - 1
            else torch.fft.fftfreq(many, 1 / many).round()
        )
        shares = (waves.abs() < few / 2).double() + 0.5 * (waves.abs() == few / 2).double()
        seen = seen[..., None] * (torch.ones_like(shares) if few == many else shares)
    images = torch.full(seen.shape[-1:], 2.0, dtype=torch.float64)
    images[0] = 1.0
    if passed.grid[-1] % 2 == 0:
        images[-1] = 1.0
    squares = images * (1 - seen) * passed.passed.detach().cpu().double().square()
    return float((squares.sum() / torch.Size(passed.grid).numel()).sqrt())


class _Conditioned(nn.Module):
    """Residual blocks that are told a number; a new one answers zero."""

    def __init__(
        self, *, frames: int, dimensions: int, channels: int, width: int, blocks: int, passed: ModeFilter
    ) -> None:
        super().__init__()
        self.passed = passed
        self.lift = PeriodicConvolution(
            dimensions=dimensions, inputs=2 * frames, outputs=channels, width=width
        )
        self.told = nn.ModuleList(NoiseConditioning(channels=channels) for _ in range(blocks))
        self.blocks = nn.ModuleList(
            ResidualBlock(dimensions=dimensions, channels=channels, width=width) for _ in range(blocks)
        )
        self.last = PeriodicConvolution(
            dimensions=dimensions, inputs=channels, outputs=frames, width=width, zero=True
        )

    def forward(self, noisy: torch.Tensor, number: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
        field: torch.Tensor = self.lift(torch.cat([noisy, shown], dim=1))
        for told, block in zip(self.told, self.blocks, strict=True):
            field = block(told(field, number))
        said: torch.Tensor = self.passed(self.last(field))
        return said
