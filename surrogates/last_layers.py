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

    `run` calls the network; where it does so again and again, as a rollout, the first counts. Each layer
    turns gradients on, so that one who answers without them may be asked, too.
    What a layer says is heard by another if that has a gradient by it. Layers are those of `matrix_layers`.
    One that was not run is a head where its like in the same `ModuleList` is: an expert that nobody asked.
    Raises `ValueError` where none of them was run.
    """
    said: dict[str, torch.Tensor] = {}
    hooks: list[Any] = []
    for name, layer in matrix_layers(network).items():

        def hear(_: nn.Module, __: Any, output: torch.Tensor, name: str = name) -> None:
            said.setdefault(name, output)

        hooks += [layer.register_forward_pre_hook(_with_gradients), layer.register_forward_hook(hear)]
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
        if not others:
            continue
        with torch.enable_grad():
            total = output.sum()
        slopes = torch.autograd.grad(
            total, [said[other] for other in others], retain_graph=True, allow_unused=True
        )
        passed_on |= {other for other, slope in zip(others, slopes, strict=True) if slope is not None}
    heads = [name for name in said if name not in passed_on]
    places = {_place(network, name) for name in heads}
    return heads + [
        name for name in matrix_layers(network) if name not in said and _place(network, name) in places
    ]


def _with_gradients(*_: Any) -> None:
    """Whoever turned them off turns them back to what they were when it ends."""
    torch.set_grad_enabled(True)


def _place(network: nn.Module, name: str) -> str:
    """The layer's name with a star for its number in each `ModuleList`: the same for all that are alike."""
    parts = name.split(".")
    return ".".join(
        "*" if isinstance(network.get_submodule(".".join(parts[:depth])), nn.ModuleList) else part
        for depth, part in enumerate(parts)
    )
