"""A network that thinks on a coarse grid and answers on a fine one, along the edges it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .blocks.axial_mixing import AxialMixing
from .blocks.edge_maps import EdgeMaps
from .field_network import FieldNetwork
from .field_settings import FieldSettings
from .training import TrainingSettings

__all__ = ["FieldMixer"]


class FieldMixer(FieldNetwork):
    """Patches of the input -> blocks on their grid -> smooth maps times the edge's channels.

    Each block joins a convolution, which sees what is beside, with `AxialMixing`, which sees the whole
    domain. What is sharp in an answer is sharp because a solid's edge is: so
    it is written as smooth maps, known on the coarse grid and interpolated, times functions of the distance
    to the edge, known exactly on the fine one; besides, each patch adds what it will. The work is that of the
    coarse grid: of a patch of four by four, a sixteenth.

    It needs the grid that it was trained on. Without an edge in `fields` smooth maps and patches are all it
    has.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            channels: on the coarse grid.
            layers: blocks.
            patch: points of the fine grid, along each axis, for one of the coarse.
            fields: the loss, and the edge.
            training: optimiser, steps, schedule.
        """

        channels: int = 64
        layers: int = 4
        patch: int = 4
        fields: FieldSettings = FieldSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=3_000, batch=16, optimiser="adam", learning_rate=2e-3, clip=1.0, check_every=250
        )

    settings: Settings

    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """See `FieldNetwork`."""
        chosen, patch = self.settings, self.settings.patch
        assert self.scaling is not None
        fields = self.scaling.fields
        coarse = -(-grid[0] // patch), -(-grid[1] // patch)
        first = nn.Conv2d(inputs * patch**2, chosen.channels, 1)
        blocks = nn.Sequential(*(_Block(chosen.channels, coarse) for _ in range(chosen.layers)))
        head = EdgeMaps(
            width=chosen.channels,
            fields=fields,
            numbers=outputs - fields,
            grid=grid,
            patch=patch,
            edges=self.scaling.edges,
            # of zeros that end in a relu nothing would ever come alive
            zero=chosen.fields.ending != "relu",
        )
        return _Network(first, blocks, head)


class _Block(nn.Module):
    """x + linear(gelu(convolution(gelu(x)) + linear(mixed(x)))), the last of which starts at zero."""

    def __init__(self, channels: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.beside = nn.Conv2d(channels, channels, 3, padding=1)
        self.mixing = AxialMixing(channels=channels, grid=grid)
        self.join, self.last = (nn.Conv2d(channels, channels, 1) for _ in range(2))
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        hidden = self.beside(functional.gelu(field)) + self.join(self.mixing(field))
        answer: torch.Tensor = field + self.last(functional.gelu(hidden))
        return answer


class _Network(nn.Module):
    def __init__(self, first: nn.Module, blocks: nn.Module, head: EdgeMaps) -> None:
        super().__init__()
        self.first, self.blocks, self.head = first, blocks, head

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        patch, (rows, columns) = self.head.patch, image.shape[2:]
        whole = functional.pad(image, (0, -columns % patch, 0, -rows % patch), mode="replicate")
        hidden = self.blocks(self.first(functional.pixel_unshuffle(whole, patch)))
        answer: torch.Tensor = self.head(hidden, image)
        return answer
