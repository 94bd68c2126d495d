"""A transformer on a periodic grid, as a stepper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from .blocks.patches import Patches
from .blocks.transformer_block import TransformerBlock
from .network_sizes import refuse_token_sizes
from .propagation import SteppingSettings
from .stepper import Stepper
from .surrogate import SurrogateError
from .training import TrainingSettings

__all__ = ["TransformerStepper"]


class TransformerStepper(Stepper):
    """Patches of the state are tokens, which attend to one another, and each answers its own patch.

    What a token looks at depends on what is there, not on the offset alone as in a convolution, and every
    token sees the whole domain. It is told no place but offsets, so it commutes with translations by whole
    patches of the coarse grid. The work grows with the square of the number of tokens.

    Vaswani et al. 2017 (arXiv:1706.03762); patches: Dosovitskiy et al. 2020 (arXiv:2010.11929).
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, the step and the training.

        Attributes:
            patch: points of the (coarse) grid in one token along each axis; divides it.
            width: numbers of each token.
            heads: of the attention; they divide the width.
            blocks: of attention and perceptron.
            expansion: hidden numbers of each perceptron for each number of a token.
            local: whether heads begin by looking at neighbours (see `Attention`), or at all tokens alike.
            stepping: linear part, filter, coarse grid, and what the loss looks at.
            training: optimiser, steps, schedule.
        """

        patch: int = 2
        width: int = 24
        heads: int = 4
        blocks: int = 2
        expansion: int = 2
        local: bool = True
        stepping: SteppingSettings = SteppingSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(learning_rate=1e-2)  # noqa: RUF009 (frozen)

        def __post_init__(self) -> None:
            refuse_token_sizes(self.patch, self.width, self.heads, self.blocks, self.expansion)

    settings: Settings

    def network(self, channels: int, grid: Sequence[int]) -> nn.Module:
        """See `Stepper`."""
        chosen = self.settings
        try:
            patches = Patches(grid=tuple(grid), patch=chosen.patch)
        except ValueError as error:
            raise SurrogateError(f"{error}; or choose another stepping.coarsen") from error
        blocks = [
            TransformerBlock(
                width=chosen.width,
                heads=chosen.heads,
                grid=patches.tokens,
                local=chosen.local,
                expansion=chosen.expansion,
            )
            for _ in range(chosen.blocks)
        ]
        return _Network(channels, patches, chosen.width, blocks)


class _Network(nn.Module):
    def __init__(self, channels: int, patches: Patches, width: int, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.patches = patches
        self.first = nn.Linear(channels * patches.points, width)
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, channels * patches.points)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        tokens = self.blocks(self.first(self.patches.cut(state)))
        return self.patches.join(self.last(self.norm(tokens)))
