"""Leave out the weights, or the neurons, that are smallest."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from .bit_packing import packed, unpacked
from .dense_residual_block import DenseResidualBlock

__all__ = ["Pruned", "StoredPruned", "kept", "neuron_pairs", "remove_neurons"]

SILENT = (nn.GELU, nn.ReLU, nn.SiLU, nn.Tanh)
"""Activations that say nothing where they hear nothing: a neuron of no weights can be left out."""


def kept(weight: torch.Tensor, *, share: float) -> torch.Tensor:
    """Where weights stay, True: all but the `share` of them that is smallest in size, to the nearest number.

    Of equal ones the first go. Han, Pool, Tran & Dally 2015 (arXiv:1506.02626). Raises `ValueError` for a
    share that is not in [0, 1).
    """
    _refuse_share(share)
    mask = torch.ones(weight.numel(), dtype=torch.bool, device=weight.device)
    mask[weight.abs().flatten().argsort(stable=True)[: round(share * weight.numel())]] = False
    return mask.reshape(weight.shape)


class Pruned(nn.Module):
    """A parametrization (see `torch.nn.utils.parametrize`) for training on: what is left out stays zero."""

    mask: torch.Tensor

    def __init__(self, weight: torch.Tensor, *, share: float) -> None:
        super().__init__()
        self.register_buffer("mask", kept(weight.detach(), share=share))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The same shape"""
        return weight * self.mask


class StoredPruned(nn.Module):
    """A parametrization for use: a bit for each weight, and those that stay; written out for each product."""

    def __init__(self, weight: torch.Tensor, *, share: float) -> None:
        super().__init__()
        _refuse_share(share)
        self.shape, self.share = tuple(weight.shape), share

    def right_inverse(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is stored."""
        mask = kept(weight, share=self.share)
        return packed(mask, bits=1), weight[mask]

    def forward(self, bits: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """The weights, of the shape that they had."""
        mask = unpacked(bits, self.shape, bits=1).bool()
        return values.new_zeros(self.shape).masked_scatter(mask, values)


def neuron_pairs(network: nn.Module) -> Iterator[tuple[nn.Linear, nn.Linear]]:
    """Linear layers with nothing between them but an activation that keeps zero: so that what the first says
    is heard by the second alone.
    """
    for module in network.modules():
        if isinstance(module, DenseResidualBlock):
            yield module.inner, module.outer
        if isinstance(module, nn.Sequential):
            layers = list(module)
            for first, between, second in zip(layers, layers[1:], layers[2:], strict=False):
                if (
                    isinstance(between, SILENT)
                    and isinstance(first, nn.Linear)
                    and isinstance(second, nn.Linear)
                ):
                    yield first, second


def remove_neurons(first: nn.Linear, second: nn.Linear, *, share: float) -> None:
    """Take the weakest neurons between two layers out of both, in place: their matrices become smaller.

    Weak is what has a small norm of all that comes in, its bias included, times that of what goes out. One
    neuron at least stays. Raises `ValueError` for a share that is not in [0, 1).
    """
    _refuse_share(share)
    with torch.no_grad():
        coming = first.weight.square().sum(dim=1)
        if first.bias is not None:
            coming = coming + first.bias.square()
        strength = coming.sqrt() * second.weight.norm(dim=0)
        gone = min(round(share * len(strength)), len(strength) - 1)
        stay = strength.argsort(stable=True)[gone:].sort().values
        first.weight = nn.Parameter(first.weight[stay].clone())
        if first.bias is not None:
            first.bias = nn.Parameter(first.bias[stay].clone())
        second.weight = nn.Parameter(second.weight[:, stay].clone())
    first.out_features = second.in_features = len(stay)


def _refuse_share(share: float) -> None:
    if not 0 <= share < 1:
        raise ValueError(f"the share that is left out must lie in [0, 1), got {share}")
