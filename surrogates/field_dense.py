"""A fully connected network from all points of one image to all of another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from .blocks.perceptron import Perceptron
from .field_network import FieldNetwork
from .field_settings import FieldSettings
from .training import TrainingSettings

__all__ = ["FieldDense"]


class FieldDense(FieldNetwork):
    """Every point of the output looks at every point of the input, by way of a few hidden numbers.

    It knows nothing of neighbourhood, so that it learns by heart what it has seen, with weights by the
    million: the baseline of networks that do better.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            hidden: widths of the hidden layers.
            activation: between them.
            fields: the loss.
            training: optimiser, steps, schedule.
        """

        hidden: tuple[int, ...] = (256,)
        activation: Literal["relu", "gelu", "silu", "tanh"] = "relu"
        fields: FieldSettings = FieldSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=2_000, batch=32, optimiser="adam", learning_rate=1e-3, check_every=250
        )

    settings: Settings

    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """See `FieldNetwork`."""
        return _Flattened(
            Perceptron(
                inputs=inputs * math.prod(grid),
                hidden=self.settings.hidden,
                outputs=outputs * math.prod(grid),
                activation=self.settings.activation,
            ),
            (outputs, *grid),
        )


class _Flattened(nn.Module):
    def __init__(self, perceptron: Perceptron, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.perceptron, self.shape = perceptron, shape

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.perceptron(image.flatten(1)).unflatten(1, self.shape)
        return answer
