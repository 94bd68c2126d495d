"""Which layers of a network have the last word: found by asking, not by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .blocks.matrix_layers import matrix_layers

__all__ = ["last_layers"]


def last_layers(network: nn.Module, run: Callable[[], Any]) -> list[str]:
    """Names of the layers whose outputs reach the answer through no other layer, a head for each output.

    `run` calls the network, with gradients; where it does so again and again, as a rollout, the first counts.
    What a layer says is heard by another if that has a gradient by it. Layers are those of `matrix_layers`.
    Raises `ValueError` where none of them was run.
    """
    said: dict[str, torch.Tensor] = {}
    hooks = []
    for name, layer in matrix_layers(network).items():

        def hear(_: nn.Module, __: Any, output: torch.Tensor, name: str = name) -> None:
            said.setdefault(name, output)

        hooks.append(layer.register_forward_hook(hear))
    try:
        with torch.enable_grad():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    if not said:
        raise ValueError("no linear map or convolution of this network was run: nothing has the last word")
    passed_on: set[str] = set()
    for name, output in said.items():
        others = [other for other in said if other != name and said[other].requires_grad]
        with torch.enable_grad():
            total = output.sum()
        slopes = torch.autograd.grad(
            total, [said[other] for other in others], retain_graph=True, allow_unused=True
        )
        passed_on |= {other for other, slope in zip(others, slopes, strict=True) if slope is not None}
    return [name for name in said if name not in passed_on]
