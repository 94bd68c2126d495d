"""A few numbers that change a large layer, which itself stays as it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from torch.nn.utils.parametrize import register_parametrization, remove_parametrizations

from .matrix_layers import output_axes

__all__ = ["LowRankAdapter", "adapt_layer", "merge_layer"]


class LowRankAdapter(nn.Module):
    """A parametrization (see `torch.nn.utils.parametrize`): weight -> weight + up down.

    `up` is (outputs, rank) and starts at zero, so that a new adapter changes nothing; `down` is (rank,
    inputs). A kernel is taken as a matrix of its outputs by all else, matrices of several channels as one
    that has the outputs of all. What another task needs beyond the first is often of low rank; where it is
    not, no training of the adapter helps.

    LoRA of Hu et al. 2021 (arXiv:2106.09685), with their scale alpha / r taken to be 1.

    Arguments:
        weight: that is adapted; of two axes or more.
        rank: at most that of the weight.
        outputs: axes of the weight along which its outputs lie; see `matrix_layers.output_axes`.

    Raises `ValueError` for a weight of one axis, or another rank.
    """

    def __init__(self, weight: torch.Tensor, *, rank: int, outputs: Sequence[int] = (0,)) -> None:
        super().__init__()
        if weight.ndim < 2:
            raise ValueError(f"a weight of two axes or more can be adapted, got shape {tuple(weight.shape)}")
        self.axes = tuple(outputs)
        self.shape = torch.Size(weight.shape[axis] for axis in self._order(weight))
        rows = math.prod(self.shape[: len(self.axes)])
        columns = weight.numel() // rows
        if not 1 <= rank <= min(rows, columns):
            raise ValueError(
                f"the rank of an adapter of a {rows} by {columns} matrix lies between 1 and "
                f"{min(rows, columns)}, got {rank}"
            )
        self.down = nn.Parameter(torch.randn(rank, columns).to(weight) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, rank).to(weight))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The same shape"""
        change = (self.up @ self.down).reshape(self.shape)
        return weight + change.movedim(tuple(range(weight.ndim)), self._order(weight))

    def _order(self, weight: torch.Tensor) -> tuple[int, ...]:
        """The weight's axes, those of its outputs first."""
        return *self.axes, *(axis for axis in range(weight.ndim) if axis not in self.axes)


def adapt_layer(layer: nn.Module, name: str = "weight", *, rank: int) -> LowRankAdapter:
    """Put a new adapter on a layer's weight, in place; all the layer's own numbers are frozen."""
    for number in layer.parameters(recurse=False):
        number.requires_grad_(False)
    weight = cast(torch.Tensor, getattr(layer, name))
    adapter = LowRankAdapter(weight, rank=rank, outputs=output_axes(layer, name))
    register_parametrization(layer, name, adapter)
    return adapter


def merge_layer(layer: nn.Module, name: str = "weight") -> None:
    """Make the adapted weight the layer's own, in place: the same answers at the price of the layer alone."""
    remove_parametrizations(layer, name, leave_parametrized=True)
