"""A residual network of the query alone, that answers a whole trajectory at once, as a spline in time."""

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
from .blocks.spline_basis import SplineBasis
from .training import TrainingSettings

__all__ = ["SplineDense"]


class SplineDense(AnswerNetwork):
    """Query -> coefficients of cubic splines in time, one for each output coordinate.

    A branch and a trunk, as in an operator network, but the trunk is not learned: it is a basis of B-splines.
    So the network is run once for a query, however many times are asked for, in training and in answering,
    and an update sees many frames of each trajectory for the price of one. Detail in time that is finer than
    a piece (horizon / pieces) is lost. Pairs that are not timed have one coefficient for each output.

    Reference: Lu et al. 2021, "Learning nonlinear operators via DeepONet" (arXiv:1910.03193), and with a
    basis in the trunk's place, Lu et al. 2022 (arXiv:2111.05512).
    """

    shares_times = True

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            width: of every hidden layer.
            blocks: residual blocks, of two layers each.
            pieces: of the spline, over the horizon.
            activation: in the blocks.
            features: Fourier frequencies of the query; 0 for none.
            scale: their standard deviation, in cycles per unit deviation of the query's coordinates.
            answering: loss, start, and whether errors are predicted.
            training: optimiser, steps, schedule.
        """

        width: int = 256
        blocks: int = 3
        pieces: int = 80
        activation: Literal["relu", "gelu", "silu", "tanh"] = "silu"
        features: int = 64
        scale: float = 0.35
        answering: AnsweringSettings = AnsweringSettings(frames=64)  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=2_500, batch=512, optimiser="soap", learning_rate=3e-3, check_every=250
        )

    settings: Settings

    def network(self, *, query: int, outputs: int, timed: bool) -> nn.Module:
        """See `AnswerNetwork`."""
        return _Network(self.settings, query=query, outputs=outputs, timed=timed)


class _Network(nn.Module):
    def __init__(self, chosen: SplineDense.Settings, *, query: int, outputs: int, timed: bool) -> None:
        super().__init__()
        self.outputs = outputs
        self.spline = SplineBasis(pieces=chosen.pieces) if timed else None
        lifted = (
            FourierFeatures(inputs=query, features=chosen.features, scale=chosen.scale)
            if chosen.features
            else nn.Identity()
        )
        self.branch = nn.Sequential(
            lifted,
            nn.Linear(query + 2 * chosen.features, chosen.width),
            *(
                DenseResidualBlock(width=chosen.width, activation=chosen.activation)
                for _ in range(chosen.blocks)
            ),
            ACTIVATIONS[chosen.activation](),
        )
        self.last = nn.Linear(chosen.width, outputs * (self.spline.coefficients if self.spline else 1))
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
        said: torch.Tensor = self.last(self.branch(query))
        if time is None or self.spline is None:
            return said[:, None]
        curves: torch.Tensor = self.spline(said.reshape(len(query), self.outputs, -1), time)
        return curves
