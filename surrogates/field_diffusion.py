"""A diffusion as a probabilistic refinement: samples of what may be there, given a coarse view."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from .blocks.heun_sampler import noise_levels
from .denoising_fit import DenoisingFit, ensemble
from .refinement_scaling import EncodedViews
from .residual_denoiser import ResidualDenoiser
from .surrogate import SurrogateError
from .trained_refiner import TrainedRefiner
from .training import Objective, TrainingSettings

__all__ = ["FieldDiffusion"]


class FieldDiffusion(TrainedRefiner):
    """p(fine | coarse): noise is turned into what the interpolation of a coarse view may lack.

    A call answers the mean of an ensemble from noise that is always the same: it is the same every time, and
    the same for a query alone or among others. `sample` gives ensembles, of which each member is a field that
    may be there: with its coarse view, and as rough as fields are. Where the view tells the fine field they
    are all alike. The frames of a window are channels, as in `super_resolution`, which answers some hundred
    times sooner.

    Karras, Aittala, Aila & Laine 2022 (arXiv:2206.00364); on the residual to a deterministic answer: Mardani
    et al. 2023 (arXiv:2309.15214).
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, levels of noise, and the training. Levels are relative to what lacks.

        Attributes:
            channels: of every hidden layer.
            width: points of each kernel along each axis; odd.
            blocks: residual blocks, each of which is told the level.
            level_mean: of the natural logarithm of the levels in training.
            level_deviation: of the same.
            smallest: level that the sampler still takes away; less than what a view leaves open.
            largest: level from which it starts; much more than 1, so that nothing is left of what lacks.
            steps: of the sampler, each of which asks the network twice.
            members: of the ensemble whose mean is the answer.
            filter_floor: see `TrainedRefiner`.
            training: optimiser, steps, schedule.
        """

        channels: int = 24
        width: int = 9
        blocks: int = 3
        level_mean: float = -1.2
        level_deviation: float = 1.5
        smallest: float = 0.005
        largest: float = 20.0
        steps: int = 12
        members: int = 8
        filter_floor: float = 1e-2
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=6_000, batch=64, learning_rate=3e-3, check_every=600
        )

        def __post_init__(self) -> None:
            if min(self.channels, self.blocks, self.width) < 1 or self.width % 2 == 0:
                raise SurrogateError(
                    "channels and blocks must be at least 1 and width odd, got "
                    f"{self.channels}, {self.blocks} and {self.width}"
                )
            if not 0 <= self.filter_floor < math.inf:
                raise SurrogateError(f"filter_floor must be at least 0, got {self.filter_floor}")
            if self.steps < 2 or self.members < 1 or not 0 < self.smallest < self.largest:
                raise SurrogateError(
                    "steps must be at least 2, members at least 1 and 0 < smallest < largest, got "
                    f"{self.steps}, {self.members}, {self.smallest} and {self.largest}"
                )
            if not self.level_deviation > 0:
                raise SurrogateError(f"level_deviation must be positive, got {self.level_deviation}")

    settings: Settings

    @property
    def levels(self) -> torch.Tensor:
        """Of the sampler."""
        chosen = self.settings
        return noise_levels(chosen.steps, smallest=chosen.smallest, largest=chosen.largest)

    def build(self) -> nn.Module:
        """See `TrainedRefiner`."""
        chosen = self.settings
        return ResidualDenoiser(
            frames=self.frames,
            coarse=self.coarse,
            passed=self.new_filter(),
            channels=chosen.channels,
            width=chosen.width,
            blocks=chosen.blocks,
        )

    def fit_of(self, own: EncodedViews, judged: EncodedViews) -> Objective:
        """See `TrainedRefiner`."""
        chosen = self.settings
        return DenoisingFit(
            own, judged, mean=chosen.level_mean, deviation=chosen.level_deviation, levels=self.levels
        )

    @property
    def at_once(self) -> int:
        """See `Refiner`; each query is a whole ensemble."""
        return max(1, super().at_once // self.settings.members)

    def refined(self, seen: torch.Tensor) -> torch.Tensor:
        """See `Refiner`: the mean over noise that is the same for all queries."""
        noise = self._noise(1, self.settings.members, seed=0).expand(len(seen), *[-1] * (seen.ndim))
        return self._ensemble(seen, noise).mean(dim=1)

    @torch.no_grad()
    def sample(
        self, inputs: Mapping[str, torch.Tensor], members: int, *, seed: int
    ) -> dict[str, torch.Tensor]:
        """Ensembles of what may be there: name -> (members, batch, frames, *grid).

        Every query has noise of its own, which depends on the seed, its place in the batch and `members`.
        """
        seen = self.check(inputs)
        if members < 1:
            raise SurrogateError(f"an ensemble has at least 1 member, got {members}")
        noise = self._noise(len(seen), members, seed=seed)
        some = max(1, super().at_once // members)
        parts = [
            self._ensemble(seen[first : first + some], noise[first : first + some])
            for first in range(0, len(seen), some)
        ]
        return {self.field: torch.cat(parts).transpose(0, 1)}

    def _ensemble(self, seen: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """(batch, frames, *coarse), (batch, members, frames, *grid) -> fields of the noise's shape."""
        module, scaling = self.ready()
        assert isinstance(module, ResidualDenoiser)
        shown = scaling.shown(seen, self.grid)
        return scaling.answer(shown[:, None], ensemble(module, shown, noise, self.levels))

    def _noise(self, batch: int, members: int, *, seed: int) -> torch.Tensor:
        """Unit noise, drawn in double precision on the CPU whatever the network computes in and on."""
        drawn = torch.Generator().manual_seed(seed)
        shape = (batch, members, self.frames, *self.grid)
        return torch.randn(shape, generator=drawn, dtype=torch.float64).to(self.device, self.dtype)
