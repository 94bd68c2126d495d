"""A network that thinks on a coarse grid and answers on a fine one, along the edges it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .blocks.axial_mixing import AxialMixing
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
        chosen = self.settings
        assert self.scaling is not None
        first = len(self.scaling.shown)
        edges = range(first, first + len(chosen.fields.edge_scales))
        fields = self.scaling.fields
        return _Network(inputs, fields, grid, chosen, edges=edges, numbers=outputs - fields)


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
    def __init__(
        self,
        inputs: int,
        fields: int,
        grid: tuple[int, int],
        settings: FieldMixer.Settings,
        *,
        edges: range,
        numbers: int,
    ) -> None:
        super().__init__()
        self.grid, self.patch, self.edges, self.fields = grid, settings.patch, edges, fields
        maps = 1 + len(edges)
        coarse = tuple(-(-n // self.patch) for n in grid)
        self.rows, self.columns = (c * self.patch - n for c, n in zip(coarse, grid, strict=True))
        width, area = settings.channels, self.patch**2
        self.first = nn.Conv2d(inputs * area, width, 1)
        self.blocks = nn.Sequential(*(_Block(width, (coarse[0], coarse[1])) for _ in range(settings.layers)))
        self.smooth = nn.Conv2d(width, fields * maps, 3, padding=1)
        self.patches = nn.Conv2d(width, (fields + numbers) * area, 1)
        for axis, points in zip(("tall", "wide"), coarse, strict=True):
            self.register_buffer(axis, _finer(points, self.patch), persistent=False)
        for layer in (self.smooth, self.patches):
            if settings.fields.ending != "relu":  # of which nothing would ever come alive
                nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    tall: torch.Tensor
    wide: torch.Tensor

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        whole = functional.pad(image, (0, self.columns, 0, self.rows), mode="replicate")
        hidden = self.blocks(self.first(functional.pixel_unshuffle(whole, self.patch)))
        maps = (self.tall @ (self.smooth(hidden) @ self.wide.T)).unflatten(1, (self.fields, -1))
        fields = maps[:, :, 0]
        if self.edges:
            edges = whole[:, self.edges.start : self.edges.stop]
            fields = fields + (maps[:, :, 1:] * edges[:, None]).sum(dim=2)
        patches = functional.pixel_shuffle(self.patches(hidden), self.patch)
        answer = torch.cat([fields + patches[:, : self.fields], patches[:, self.fields :]], dim=1)
        return answer[..., : self.grid[0], : self.grid[1]]


def _finer(points: int, times: int) -> torch.Tensor:
    """(points * times, points) cubic interpolation between the middles of intervals."""
    rows = torch.eye(points).reshape(points, 1, points)
    return functional.interpolate(
        rows[:, None], size=(1, points * times), mode="bicubic", align_corners=False
    )[:, 0, 0].T.contiguous()
