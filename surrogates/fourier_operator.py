"""A Fourier neural operator for fields between ends: steady flow, for one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .blocks.fourier_block import FourierBlock
from .field_network import FieldNetwork
from .field_settings import FieldSettings
from .network_sizes import refuse_modes
from .surrogate import SurrogateError
from .training import TrainingSettings

__all__ = ["FourierOperator"]


class FourierOperator(FieldNetwork):
    """A pointwise map into hidden channels, Fourier blocks among them, and a pointwise perceptron back.

    Every block sees the whole domain, which a flow needs. Fourier modes wrap around and a channel does not:
    behind its ends zeros are put, so that what leaves at one end comes in at the other only from farther than
    these reach. What is sharp goes beside the modes, point by point: so it is shown the distance to an edge,
    not learned from afar. Work is that of the fine grid.

    Li et al. 2021, "Fourier neural operator" (arXiv:2010.08895), as residual blocks.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            channels: of every hidden layer.
            modes: wavenumbers along each axis that blocks multiply.
            blocks: Fourier blocks.
            width: points, along each axis, of the kernels beside the modes; odd.
            gated: whether blocks are gated (see `FourierBlock`), in place of a GELU.
            padding: zeros behind the ends of each axis, as a share of its points; 0 for fields that wrap.
            fields: the loss, and the edge.
            training: optimiser, steps, schedule.
        """

        channels: int = 24
        modes: int = 8
        blocks: int = 4
        width: int = 1
        gated: bool = False
        padding: float = 0.25
        fields: FieldSettings = FieldSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=3_000, batch=16, optimiser="adam", learning_rate=2e-3, clip=1.0, check_every=250
        )

        def __post_init__(self) -> None:
            if min(self.channels, self.blocks, self.modes) < 1:
                raise SurrogateError(
                    "channels, blocks and modes must be at least 1, got "
                    f"{self.channels}, {self.blocks} and {self.modes}"
                )
            if not 0 <= self.padding < math.inf or self.width < 1 or self.width % 2 == 0:
                raise SurrogateError(
                    "padding must be at least 0 and finite, and the width odd, so that kernels have a "
                    f"centre; got {self.padding} and {self.width}"
                )

    settings: Settings

    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """See `FieldNetwork`."""
        return _Network(inputs, outputs, grid, self.settings)


class _Network(nn.Module):
    def __init__(
        self, inputs: int, outputs: int, grid: tuple[int, int], settings: FourierOperator.Settings
    ) -> None:
        super().__init__()
        self.rows, self.columns = (math.ceil(settings.padding * points) for points in grid)
        whole, width = (grid[0] + self.rows, grid[1] + self.columns), settings.channels
        refuse_modes(settings.modes, whole)
        self.first = nn.Conv2d(inputs, width, 1)
        self.blocks = nn.Sequential(
            *(
                FourierBlock(
                    grid=whole,
                    channels=width,
                    modes=settings.modes,
                    width=settings.width,
                    gated=settings.gated,
                )
                for _ in range(settings.blocks)
            )
        )
        self.hidden, self.last = nn.Conv2d(width, 2 * width, 1), nn.Conv2d(2 * width, outputs, 1)
        if settings.fields.ending != "relu":  # of which nothing would ever come alive
            nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        rows, columns = image.shape[2:]
        wide = functional.pad(self.first(image), (0, self.columns, 0, self.rows))
        hidden = self.blocks(wide)[..., :rows, :columns]
        answer: torch.Tensor = self.last(functional.gelu(self.hidden(hidden)))
        return answer
