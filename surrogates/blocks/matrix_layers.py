"""The layers of a network whose work is a product with a matrix: where its numbers and its time are."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from .axial_mixing import AxialMixing
from .periodic_convolution import PeriodicConvolution

__all__ = ["matrix_layers", "multiply_adds", "output_axes", "weights_of"]

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
ONE_WEIGHT = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED, PeriodicConvolution)


def matrix_layers(network: nn.Module) -> dict[str, nn.Module]:
    """Linear maps, convolutions and axial mixing within a network, by name; the network's own is empty.

    Waves, splines and modes are left out: they are where a network meets its coordinates, and few numbers.
    """
    return {name: layer for name, layer in network.named_modules() if weights_of(layer)}


def weights_of(layer: nn.Module) -> tuple[str, ...]:
    """Names of its matrices; empty for what has none, or is none of these layers."""
    if isinstance(layer, ONE_WEIGHT):
        return ("weight",)
    return ("along", "across") if isinstance(layer, AxialMixing) else ()


def output_axes(layer: nn.Module, name: str = "weight") -> tuple[int, ...]:
    """Axes of this matrix along which the layer's outputs lie; along all others lie its inputs.

    The first of a linear map and a convolution, the second of a transposed one, in which outputs of several
    groups share a place; of axial mixing channel and column, as its matrices stand to the right of fields.
    """
    if isinstance(layer, AxialMixing) and name in weights_of(layer):
        return (0, 2)
    return (1,) if isinstance(layer, TRANSPOSED) else (0,)


def multiply_adds(layer: nn.Module, given: torch.Tensor, said: torch.Tensor) -> int:
    """Products, each summed up, of one of these layers from this input to this output."""
    if isinstance(layer, AxialMixing):
        return said.numel() * (said.shape[-2] + said.shape[-1])
    weight = cast(torch.Tensor, layer.weight)
    # a transposed convolution spreads each input, the others gather each output
    spread = given.numel() if isinstance(layer, TRANSPOSED) else said.numel()
    return spread // len(weight) * weight.numel()
