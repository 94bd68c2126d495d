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
    """Every point of the output looks at every point of the input, by way of a few hidden numbers; numbers of
    the query are inputs once.

    It knows nothing of neighbourhood, and has weights by the million.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            hidden: widths of the hidden layers.
            activation: between them.
            fields: the loss; where a point is, each of its weights knows.
            training: optimiser, steps, schedule.
        """

        hidden: tuple[int, ...] = (256,)
        activation: Literal["relu", "gelu", "silu", "tanh"] = "relu"
        fields: FieldSettings = FieldSettings(place=False)  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=2_000, batch=32, optimiser="adam", learning_rate=1e-3, check_every=250
        )

    settings: Settings

    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """See `FieldNetwork`."""
        assert self.scaling is not None
        even = self.scaling.even
        perceptron = Perceptron(
            inputs=(inputs - len(even)) * math.prod(grid) + len(even),
            hidden=self.settings.hidden,
            outputs=outputs * math.prod(grid),
            activation=self.settings.activation,
        )
        return _Flattened(perceptron, even, (outputs, *grid))


class _Flattened(nn.Module):
    """All points of all fields in a row, and each number once."""

    def __init__(self, perceptron: Perceptron, even: list[int], shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.perceptron, self.even, self.shape = perceptron, even, shape
        begin_small(perceptron)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        uneven = [k for k in range(image.shape[1]) if k not in self.even]
        flat = torch.cat([image[:, uneven].flatten(1), image[:, self.even, 0, 0]], dim=1)
        answer: torch.Tensor = self.perceptron(flat).unflatten(1, self.shape)
        return answer


def begin_small(module: nn.Module) -> None:
    """Glorot & Bengio's weights and no bias, in place: else what ends in a ReLU may begin, and stay, dead."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
