"""Jets of a perceptron on the processor, with compiled activations: what trains fastest here.

They are those of `JetPerceptron.jets`, to round-off; on other devices that one is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from .blocks.jet_perceptron import JetPerceptron
from .jet_kernels import KINDS, back, through

__all__ = ["jets"]


def jets(perceptron: JetPerceptron, streams: torch.Tensor, orders: Sequence[int]) -> torch.Tensor:
    """See `JetPerceptron.jets`."""
    if streams.device.type != "cpu" or streams.dtype not in (torch.float32, torch.float64):
        return perceptron.jets(streams, orders)
    flat = [tensor for layer in perceptron.layers for tensor in (layer.weight, layer.bias)]
    # neurons first: products with weights are fastest so, and each neuron's points lie side by side
    turned = streams.permute(2, 0, 1).contiguous()
    found: torch.Tensor = _Jets.apply(turned, tuple(orders), perceptron.activation, *flat)
    return found.permute(1, 2, 0)


def _dear(activation: str, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What the kernels want to be told of an activation; see `KINDS`."""
    if activation == "tanh":
        found = torch.tanh(x)
        return found, found
    if activation == "gelu":
        density = torch.exp(-0.5 * x.square()).mul_(1 / math.sqrt(2 * math.pi))
        return torch.erf(x * math.sqrt(0.5)).add_(1).mul_(0.5), density
    if activation == "silu":
        found = torch.sigmoid(x)
        return found, found
    return torch.sin(x), torch.cos(x)


class _Jets(torch.autograd.Function):
    """All layers at once, on streams (features, streams, points)."""

    @staticmethod
    def forward(
        ctx: Any, streams: torch.Tensor, orders: tuple[int, ...], activation: str, *flat: torch.Tensor
    ) -> torch.Tensor:
        kept: list[torch.Tensor] = []
        x, along = streams, np.array(orders, dtype=np.int64)
        for i in range(0, len(flat), 2):
            if i:
                one, two = _dear(activation, x[:, 0])
                kept += [x, one, two]
                z, x = x, torch.empty_like(x)
                through(KINDS[activation], z.numpy(), one.numpy(), two.numpy(), along, x.numpy())
            kept.append(x)
            x = (flat[i] @ x.reshape(x.shape[0], -1)).reshape(-1, *x.shape[1:])
            x[:, 0] += flat[i + 1][:, None]
        ctx.save_for_backward(*flat[::2], *kept)
        ctx.along, ctx.layers, ctx.kind = along, len(flat) // 2, KINDS[activation]
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        saved, layers = ctx.saved_tensors, ctx.layers
        weights, kept = saved[:layers], saved[layers:]
        found: list[torch.Tensor | None] = [None] * (2 * layers)
        gradient = gradient.contiguous()
        for i in reversed(range(layers)):
            x = kept[4 * i]
            flat = gradient.reshape(gradient.shape[0], -1)
            found[2 * i] = flat @ x.reshape(x.shape[0], -1).T
            found[2 * i + 1] = gradient[:, 0].sum(dim=1)
            if i or ctx.needs_input_grad[0]:
                gradient = (weights[i].T @ flat).reshape(x.shape)
            if i:
                z, one, two = kept[4 * i - 3 : 4 * i]
                gone = torch.empty_like(z)
                back(ctx.kind, z.numpy(), one.numpy(), two.numpy(), ctx.along, gradient.numpy(), gone.numpy())
                gradient = gone
        return (gradient if ctx.needs_input_grad[0] else None, None, None, *found)
