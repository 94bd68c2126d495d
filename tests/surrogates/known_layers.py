"""Layers in a form for use, and what they hold."""

from torch import nn
from torch.nn.utils.parametrize import register_parametrization


def stored(layer: nn.Module, form: nn.Module, name: str = "weight") -> nn.Module:
    """The layer with its weight in a form for use."""
    layer.requires_grad_(False)
    return register_parametrization(layer, name, form, unsafe=True)


def held_bytes(layer: nn.Module) -> int:
    return sum(t.numel() * t.element_size() for t in layer.state_dict().values())
