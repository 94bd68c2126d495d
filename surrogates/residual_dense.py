"""A residual network of query and time, with Fourier features of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from .answer_network import AnswerNetwork
from .answering import AnsweringSettings
from .blocks.dense_residual_block import DenseResidualBlock
from .blocks.fourier_features import FourierFeatures
from .blocks.perceptron import ACTIVATIONS
from .blocks.query_and_time import beside
from .training import TrainingSettings

__all__ = ["ResidualDense"]


class ResidualDense(AnswerNetwork):
    """Query and time side by side, lifted to Fourier features, through residual blocks.

    Against `dense`, at the same cost of an answer: smooth activations, features that make fine detail as easy
    to learn as coarse, and depth that does not hurt. Each time costs as much as each query; where whole
    trajectories are learned, `spline_dense` is cheaper by far.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            width: of every hidden layer.
            blocks: residual blocks, of two layers each.
            activation: in the blocks.
            query_features, time_features: frequencies of each; 0 for none.
            query_scale, time_scale: their standard deviations, in cycles per unit; a query's coordinates have
                unit deviation, and the horizon is two units long.
            gated: let time multiply what comes from the query, besides standing beside it.
            answering: loss, start, and whether errors are predicted.
            training: optimiser, steps, schedule.
        """

        width: int = 128
        blocks: int = 4
        activation: Literal["relu", "gelu", "silu", "tanh"] = "silu"
        query_features: int = 32
        time_features: int = 16
        query_scale: float = 0.3
        time_scale: float = 1.0
        gated: bool = True
        answering: AnsweringSettings = AnsweringSettings(frames=16)  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=3_000, batch=320, optimiser="soap", learning_rate=3e-3, check_every=250
        )

    settings: Settings

    def network(self, *, query: int, outputs: int, timed: bool) -> nn.Module:
        """See `AnswerNetwork`."""
        return _Network(self.settings, query=query, outputs=outputs, timed=timed)


class _Network(nn.Module):
    def __init__(self, chosen: ResidualDense.Settings, *, query: int, outputs: int, timed: bool) -> None:
        super().__init__()
        self.query = _lift(query, chosen.query_features, chosen.query_scale)
        asked = query + 2 * chosen.query_features
        self.time = _lift(1, chosen.time_features, chosen.time_scale) if timed else None
        times = 1 + 2 * chosen.time_features if timed else 0
        self.first = nn.Linear(asked + times, chosen.width)
        self.gate = nn.Linear(times, chosen.width) if timed and chosen.gated else None
        self.blocks = nn.Sequential(
            *(
                DenseResidualBlock(width=chosen.width, activation=chosen.activation)
                for _ in range(chosen.blocks)
            ),
            ACTIVATIONS[chosen.activation](),
        )
        self.last = nn.Linear(chosen.width, outputs)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
        seen = None if time is None or self.time is None else self.time(time[..., None])
        hidden = self.first(beside(self.query(query), seen))
        if self.gate is not None:
            hidden = hidden * (1 + self.gate(seen))
        answer: torch.Tensor = self.last(self.blocks(hidden))
        return answer


def _lift(inputs: int, features: int, scale: float) -> nn.Module:
    if not features:
        return nn.Identity()
    return FourierFeatures(inputs=inputs, features=features, scale=scale)
