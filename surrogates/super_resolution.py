"""Super-resolution: a convolutional network adds to the interpolation of a coarse view what it lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from .blocks.consistency import without_seen
from .blocks.periodic_convolution import PeriodicConvolution
from .blocks.residual_block import ResidualBlock
from .refinement_scaling import EncodedViews
from .refining_fit import AdversarialFit, RefiningFit
from .refining_loss import LossSettings
from .surrogate import SurrogateError
from .trained_refiner import TrainedRefiner
from .training import Objective, TrainingSettings

__all__ = ["SuperResolution"]


class SuperResolution(TrainedRefiner):
    """seen -> Fourier interpolation on the fine grid -> residual network -> without what is seen -> added.

    The frames of a window are channels: what one frame does not tell may be in how it came about. The coarse
    view of an answer is the one that was given, to round-off, whatever the network says. A new network adds
    nothing. Its convolutions see half a width times the blocks and two, to either side; interpolation and
    filter are of the whole grid.

    Where a view does not tell the fine field, the answer is that of the loss: the mean of what may be there
    for `mse`, something that looks like it for `adversarial`. `field_diffusion` gives all of it.

    The residual on an interpolation: Kim, Lee & Lee 2016 (arXiv:1511.04587). With an adversary: Ledig et al.
    2017 (arXiv:1609.04802). Of flows: Fukami, Fukagata & Taira 2019 (arXiv:1811.11328).
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, what it makes small, and how.

        Attributes:
            channels: of every hidden layer.
            width: points of each kernel along each axis; odd.
            blocks: residual blocks.
            loss: weights of the loss's parts.
            filter_floor: see `TrainedRefiner`.
            training: optimiser, steps, schedule.
        """

        channels: int = 24
        width: int = 9
        blocks: int = 3
        loss: LossSettings = LossSettings()  # noqa: RUF009 (frozen)
        filter_floor: float = 1e-3
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=3_000, batch=64, learning_rate=3e-3, check_every=300
        )

        def __post_init__(self) -> None:
            if min(self.channels, self.blocks, self.width) < 1 or self.width % 2 == 0:
                raise SurrogateError(
                    "channels and blocks must be at least 1 and width odd, got "
                    f"{self.channels}, {self.blocks} and {self.width}"
                )
            if not 0 <= self.filter_floor < math.inf:
                raise SurrogateError(f"filter_floor must be at least 0, got {self.filter_floor}")

    settings: Settings

    def build(self) -> nn.Module:
        """See `TrainedRefiner`."""
        chosen, dimensions = self.settings, len(self.grid)
        lift = PeriodicConvolution(
            dimensions=dimensions, inputs=self.frames, outputs=chosen.channels, width=chosen.width
        )
        blocks = [
            ResidualBlock(dimensions=dimensions, channels=chosen.channels, width=chosen.width)
            for _ in range(chosen.blocks)
        ]
        last = PeriodicConvolution(
            dimensions=dimensions,
            inputs=chosen.channels,
            outputs=self.frames,
            width=chosen.width,
            zero=True,
        )
        return _Lacking(nn.Sequential(lift, *blocks, last, self.new_filter()), self.coarse)

    def fit_of(self, own: EncodedViews, judged: EncodedViews) -> Objective:
        """See `TrainedRefiner`; with a critic where `adversarial` has a weight."""
        loss = self.settings.loss
        parts = loss.parts(self.frames, own.dimensions)
        if not loss.adversarial:
            return RefiningFit(own, judged, parts=parts)
        critic = loss.new_critic(self.frames, own.dimensions).to(self.device)
        return AdversarialFit(
            own,
            judged,
            parts=parts,
            critic=critic,
            weight=loss.adversarial,
            penalty=loss.penalty,
            rate=loss.critic_rate,
        )

    def refined(self, seen: torch.Tensor) -> torch.Tensor:
        """See `Refiner`."""
        module, scaling = self.ready()
        shown = scaling.shown(seen, self.grid)
        return scaling.answer(shown, module(shown))


class _Lacking(nn.Module):
    """What a network says, less what the coarse grid knows."""

    def __init__(self, network: nn.Module, coarse: Sequence[int]) -> None:
        super().__init__()
        self.network, self.coarse = network, tuple(coarse)

    def forward(self, shown: torch.Tensor) -> torch.Tensor:
        """(batch, frames, *grid) -> the same shape"""
        return without_seen(self.network(shown), self.coarse)
