"""A layer that works in another precision than what is around it."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["RoundedLayer"]


class RoundedLayer(nn.Module):
    """Input -> this precision -> layer -> the precision that the input had.

    Weights and products take the fewer bits; sums within a product are the kernel's own, of 32 bits for
    `bfloat16`. Micikevicius et al. 2017 (arXiv:1710.03740), in use rather than in training.

    Arguments:
        layer: which is turned over to this precision, in place.
        dtype: a floating-point one.

    Raises `ValueError` for one that is none.
    """

    def __init__(self, layer: nn.Module, *, dtype: torch.dtype) -> None:
        super().__init__()
        if not dtype.is_floating_point:
            raise ValueError(f"a layer is rounded to a floating-point type, got {dtype}")
        self.layer, self.dtype = layer.to(dtype), dtype

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the layer does"""
        answer: torch.Tensor = self.layer(x.to(self.dtype))
        return answer.to(x.dtype)
