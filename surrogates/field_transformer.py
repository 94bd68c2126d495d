"""A transformer of patches that answers along the edges it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from .blocks.edge_maps import EdgeMaps
from .blocks.patches import Patches
from .blocks.transformer_block import TransformerBlock
from .field_network import FieldNetwork
from .field_settings import FieldSettings
from .network_sizes import refuse_token_sizes
from .training import TrainingSettings

__all__ = ["FieldTransformer"]


class FieldTransformer(FieldNetwork):
    """Patches of the input are tokens, which attend to one another; the answer as `FieldMixer` gives it.

    Where a shape is, decides which parts of the domain matter to one another, and attention can follow it;
    offsets, from one end of the domain to the other, are learned. Grids of any size are continued to whole
    patches. The work grows with the square of the number of patches: larger ones are far cheaper and hold
    more in one token. It needs the grid that it was trained on.

    Vaswani et al. 2017 (arXiv:1706.03762); patches: Dosovitskiy et al. 2020 (arXiv:2010.11929).
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            patch: points of the grid in one token along each axis.
            width: numbers of each token.
            heads: of the attention; they divide the width.
            blocks: of attention and perceptron.
            expansion: hidden numbers of each perceptron for each number of a token.
            local: whether heads begin by looking at neighbours (see `Attention`), or at all tokens alike.
            fields: the loss, and the edge.
            training: optimiser, steps, schedule.
        """

        patch: int = 8
        width: int = 64
        heads: int = 4
        blocks: int = 4
        expansion: int = 2
        local: bool = True
        fields: FieldSettings = FieldSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=3_000, batch=16, optimiser="adam", learning_rate=1e-3, clip=1.0, check_every=250
        )

        def __post_init__(self) -> None:
            refuse_token_sizes(self.patch, self.width, self.heads, self.blocks, self.expansion)

    settings: Settings

    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """See `FieldNetwork`."""
        chosen = self.settings
        assert self.scaling is not None
        fields = self.scaling.fields
        patches = Patches(grid=grid, patch=chosen.patch, pad=True)
        blocks = nn.Sequential(
            *(
                TransformerBlock(
                    width=chosen.width,
                    heads=chosen.heads,
                    grid=patches.tokens,
                    periodic=False,
                    local=chosen.local,
                    expansion=chosen.expansion,
                )
                for _ in range(chosen.blocks)
            )
        )
        head = EdgeMaps(
            width=chosen.width,
            fields=fields,
            numbers=outputs - fields,
            grid=grid,
            patch=chosen.patch,
            edges=self.scaling.edges,
            # of zeros that end in a relu nothing would ever come alive
            zero=chosen.fields.ending != "relu",
        )
        return _Network(nn.Linear(inputs * patches.points, chosen.width), blocks, head, patches)


class _Network(nn.Module):
    def __init__(self, first: nn.Linear, blocks: nn.Module, head: EdgeMaps, patches: Patches) -> None:
        super().__init__()
        self.first, self.blocks, self.head, self.patches = first, blocks, head, patches
        self.norm = nn.LayerNorm(first.out_features)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        tokens = self.norm(self.blocks(self.first(self.patches.cut(image))))
        features = tokens.transpose(1, 2).unflatten(2, self.patches.tokens)
        answer: torch.Tensor = self.head(features, image)
        return answer
