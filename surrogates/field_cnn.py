"""The convolutional encoder and decoders of the first paper on steady flow by networks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .field_dense import begin_small
from .field_network import FieldNetwork
from .field_settings import FieldSettings
from .surrogate import SurrogateError
from .training import TrainingSettings

__all__ = ["FieldCNN"]


class FieldCNN(FieldNetwork):
    """The shape is encoded in a thousand numbers, from which each output has a decoder of its own.

    Guo, Li & Iorio 2016, doi:10.1145/2939672.2939738, whose inputs are signed distances. All that the
    decoders know of the shape has gone through the code, so that walls come out blurred.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            encoder: channels of each strided convolution.
            strides: of each of these, and of the decoders' transposed ones in turn.
            code: numbers in the middle.
            decoder: channels between the decoders' steps.
            fields: the loss, and what the outputs go through.
            training: optimiser, steps, schedule.
        """

        encoder: tuple[int, ...] = (128, 512)
        strides: tuple[int, ...] = (8, 4)
        code: int = 1024
        decoder: tuple[int, ...] = (512, 128)
        fields: FieldSettings = FieldSettings(centred=False)  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=2_000, batch=32, optimiser="adam", learning_rate=1e-3, check_every=250
        )

        def __post_init__(self) -> None:
            if not len(self.encoder) == len(self.strides) == len(self.decoder):
                raise SurrogateError(
                    "encoder, strides and decoder must be of one length, got "
                    f"{self.encoder}, {self.strides} and {self.decoder}"
                )

    settings: Settings

    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """See `FieldNetwork`."""
        return _Network(inputs, outputs, grid, self.settings)


class _Network(nn.Module):
    def __init__(self, inputs: int, outputs: int, grid: tuple[int, int], settings: FieldCNN.Settings) -> None:
        super().__init__()
        whole = math.prod(settings.strides)
        self.grid, self.coarse = grid, tuple(-(-n // whole) for n in grid)
        self.padding = tuple(c * whole - n for c, n in zip(self.coarse, grid, strict=True))
        widths = (inputs, *settings.encoder)
        layers: list[nn.Module] = []
        for before, after, stride in zip(widths, widths[1:], settings.strides, strict=False):
            layers += [nn.Conv2d(before, after, stride, stride=stride), nn.ReLU()]
        layers += [nn.Flatten(), nn.Linear(widths[-1] * math.prod(self.coarse), settings.code), nn.ReLU()]
        self.encoder = nn.Sequential(*layers)
        self.decoders = nn.ModuleList(self._decoder(settings) for _ in range(outputs))
        begin_small(self)

    def _decoder(self, settings: FieldCNN.Settings) -> nn.Module:
        widths = (*settings.decoder, 1)
        layers: list[nn.Module] = [
            nn.Linear(settings.code, widths[0] * math.prod(self.coarse)),
            nn.Unflatten(1, (widths[0], *self.coarse)),
        ]
        for before, after, stride in zip(widths, widths[1:], reversed(settings.strides), strict=False):
            layers += [nn.ReLU(), nn.ConvTranspose2d(before, after, stride, stride=stride)]
        return nn.Sequential(*layers)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        rows, columns = self.padding
        code = self.encoder(functional.pad(image, (0, columns, 0, rows), mode="replicate"))
        answer = torch.cat([decoder(code) for decoder in self.decoders], dim=1)
        return answer[..., : self.grid[0], : self.grid[1]]
