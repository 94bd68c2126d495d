"""The loss of a conditional denoiser, and ensembles by it."""

from __future__ import annotations

import torch
from torch import nn

from .blocks.heun_sampler import sampled
from .blocks.proper_scores import crps
from .refinement_scaling import EncodedViews
from .residual_denoiser import ResidualDenoiser

__all__ = ["DenoisingFit", "ensemble"]

JUDGED, MEMBERS = 64, 4
"""Windows that are validated, and members of their ensembles."""
WILD = 1e6
"""As which a sample counts that blew up, in units of what lacks."""


class DenoisingFit:
    """An `Objective`: an example is a window, whose lacking part gets noise of a random level.

    The loss is the square of the denoiser's error, weighed so that the network's own counts alike at all
    levels. Logarithms of the levels are normal numbers.

    Arguments:
        own, judged: what to learn and what to be judged by.
        mean, deviation: of the levels' logarithms.
        levels: those of the sampler, for validation.
    """

    def __init__(
        self, own: EncodedViews, judged: EncodedViews, *, mean: float, deviation: float, levels: torch.Tensor
    ) -> None:
        self._own, self._mean, self._deviation, self._levels = own, mean, deviation, levels
        every = -(-len(judged) // JUDGED)
        self._judged = EncodedViews(judged.shown[::every], judged.lacking[::every], judged.size)

    @property
    def examples(self) -> int:
        """Windows."""
        return len(self._own)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Objective`."""
        assert isinstance(module, ResidualDenoiser)
        dtype = next(module.parameters()).dtype
        shown, lacking = self._own.some(indices, dtype)
        # drawn on the CPU, so that it does not depend on the device
        drawn = torch.randn(len(lacking), generator=generator, dtype=dtype)
        level = (self._mean + self._deviation * drawn).exp().to(lacking.device)
        noise = torch.randn(lacking.shape, generator=generator, dtype=dtype).to(lacking.device)
        strength = level.reshape(-1, *[1] * (lacking.ndim - 1))
        error = module(lacking + strength * module.noise(noise), level, shown) - lacking
        return (module.denoiser.weight(level) * error.square().flatten(1).mean(dim=1)).mean()

    def validate(self, module: nn.Module) -> float:
        """CRPS of small ensembles, relative to the fields, from the same noise every time.

        The error of their mean would rather have all members alike. Samples of a network that has hardly
        learned may blow up; that is a bad score, and no reason to stop.
        """
        assert isinstance(module, ResidualDenoiser)
        dtype = next(module.parameters()).dtype
        shown, lacking = self._judged.some(slice(None), dtype)
        drawn = torch.Generator().manual_seed(0)
        noise = torch.randn(len(lacking), MEMBERS, *lacking.shape[1:], generator=drawn, dtype=dtype)
        found = ensemble(module, shown, noise.to(shown.device), self._levels)
        found = found.nan_to_num(nan=WILD).clamp(-WILD, WILD)
        score = crps(found.transpose(0, 1).double(), lacking.double()).mean()
        return float(score) / (self._judged.size or 1.0)


def ensemble(
    module: ResidualDenoiser, shown: torch.Tensor, noise: torch.Tensor, levels: torch.Tensor
) -> torch.Tensor:
    """What may lack, from unit noise: (batch, frames, *grid), (batch, members, frames, *grid) -> the latter.

    By the equation without churn, so that each noise has one answer.
    """
    beside = shown.repeat_interleave(noise.shape[1], dim=0)

    def denoise(field: torch.Tensor, level: float) -> torch.Tensor:
        said: torch.Tensor = module(field, field.new_full((len(field),), level), beside)
        return said

    start = float(levels[0]) * module.noise(noise.flatten(0, 1))
    return sampled(denoise, start, levels).unflatten(0, noise.shape[:2])
