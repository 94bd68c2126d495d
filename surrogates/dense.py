"""The fully connected network that answered Newton's three bodies in 2019, for any pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from .answer_network import AnswerNetwork
from .answering import AnsweringSettings
from .blocks.perceptron import Perceptron
from .blocks.query_and_time import beside
from .training import TrainingSettings

__all__ = ["Dense"]


class Dense(AnswerNetwork):
    """Query and time side by side into one perceptron; the defaults are those of the paper.

    Ten hidden layers of 128 with ReLU, Adam, batches of 5,000 pairs, mean absolute error. Slow to learn fine
    detail in time, and as dear for each time as for each query: the baseline of the others.

    Reference: Breen, Foley, Boekholt & Portegies Zwart 2019 (arXiv:1910.07291), doi:10.1093/mnras/staa713.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            hidden: widths of the hidden layers.
            activation: between them.
            answering: loss, start, and whether errors are predicted.
            training: optimiser, steps, schedule.
        """

        hidden: tuple[int, ...] = (128,) * 10
        activation: Literal["relu", "gelu", "silu", "tanh"] = "relu"
        answering: AnsweringSettings = AnsweringSettings(exact_start=False, frames=1)  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=5_000, batch=5_000, optimiser="adam", learning_rate=1e-3, check_every=250
        )

    settings: Settings

    def network(self, *, query: int, outputs: int, timed: bool) -> nn.Module:
        """See `AnswerNetwork`."""
        return _Beside(
            Perceptron(
                inputs=query + timed,
                hidden=self.settings.hidden,
                outputs=outputs,
                activation=self.settings.activation,
            )
        )


class _Beside(nn.Module):
    def __init__(self, perceptron: Perceptron) -> None:
        super().__init__()
        self.perceptron = perceptron

    def forward(self, query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
        return self.perceptron(beside(query, time))
