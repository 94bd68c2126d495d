"""A convolution whose products are those of whole numbers of 8 bits."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from .periodic_convolution import PeriodicConvolution
from .quantised_linear import QuantisedLinear, quantised

__all__ = ["QuantisedConvolution"]


class QuantisedConvolution(nn.Module):
    """(batch, inputs, *grid) -> (batch, outputs, *grid): each patch of a rounded field times rounded weights.

    Weights have a scale for each output, fields one for each sample. For use after training. Patches are
    written out side by side, as there is no kernel for 8 bits in torch: small nets may become slower by it.

    Arguments:
        layer: the convolution in full precision, periodic or torch's own, in one, two or three dimensions.

    Raises `ValueError` for groups, dilation, a padding by name, transposed ones, and what is no convolution.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        if isinstance(layer, PeriodicConvolution):
            weight: torch.Tensor = layer.weight
            bias: torch.Tensor | None = layer.bias
            self.stride: tuple[int, ...] = (1,) * (weight.ndim - 2)
            self.padding, self.mode = list(layer.padding), "circular"
        elif isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            if layer.groups != 1 or any(step != 1 for step in layer.dilation):
                raise ValueError(
                    f"groups and dilation must be 1, got {layer.groups} and {tuple(layer.dilation)}"
                )
            if isinstance(layer.padding, str):
                raise ValueError(f"the padding must be given in points, got {layer.padding!r}")
            weight, bias, self.stride = layer.weight, layer.bias, tuple(layer.stride)
            self.padding = [points for points in reversed(layer.padding) for _ in range(2)]
            self.mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
        else:
            raise ValueError(f"expected a convolution that is not transposed, got {type(layer).__name__}")
        self.kernel = tuple(weight.shape[2:])
        self.product = QuantisedLinear(weight=weight.flatten(1), bias=bias)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, inputs, *grid) -> (batch, outputs, *grid), in the precision of the field"""
        if any(self.padding):
            field = functional.pad(field, self.padding, mode=self.mode)
        patches, size = quantised(field, dims=range(1, field.ndim))
        for axis, (points, step) in enumerate(zip(self.kernel, self.stride, strict=True), start=2):
            patches = patches.unfold(axis, points, step)
        axes = range(2, 2 + len(self.kernel))
        grid = [patches.shape[axis] for axis in axes]
        inside = range(2 + len(self.kernel), patches.ndim)
        rows = patches.permute(0, *axes, 1, *inside).reshape(len(field) * math.prod(grid), -1)
        sizes = size.reshape(-1, 1).repeat_interleave(math.prod(grid), dim=0)
        answer = self.product.scaled(rows, sizes).reshape(len(field), *grid, -1)
        return answer.movedim(-1, 1).contiguous()
