"""What an answer costs in energy: an estimate from its operations, not a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from .blocks.matrix_layers import matrix_layers, multiply_adds
from .surrogate import Surrogate, SurrogateError

__all__ = ["ARITHMETIC", "BYTE", "Arithmetic", "energy", "operations"]

PICO = 1e-12


@dataclass(frozen=True)
class Arithmetic:
    """Joules of one product and of one sum, in some kind of numbers."""

    product: float
    addition: float

    @property
    def multiply_add(self) -> float:
        """Of both."""
        return self.product + self.addition


ARITHMETIC: Mapping[str, Arithmetic] = {
    # not in the source: a product's area grows with the square of its digits, (53 / 24)^2, a sum's with these
    "float64": Arithmetic(18.0 * PICO, 2.0 * PICO),
    "float32": Arithmetic(3.7 * PICO, 0.9 * PICO),
    # products as of 16 bits with eleven digits instead of eight, which is too much; sums of 32 bits
    "bfloat16": Arithmetic(1.1 * PICO, 0.9 * PICO),
    # sums of 32 bits
    "int8": Arithmetic(0.2 * PICO, 0.1 * PICO),
    # by signs; what is summed are inputs in single precision
    "ternary": Arithmetic(0.0, 0.9 * PICO),
}
"""Of a processor in 45 nm at 0.9 V; today's take less, in about the same ratios.

Horowitz 2014, figure 1.1.9, doi:10.1109/ISSCC.2014.6757323.
"""
BYTE = 12.5 * PICO
"""Joules to read a byte from a cache of a megabyte, eight at once; from memory it is ten times as much and
more. The same source."""


@torch.no_grad()
def operations(surrogate: Surrogate, inputs: Mapping[str, torch.Tensor]) -> int:
    """Products, each summed up, of linear maps and convolutions in an answer to these inputs.

    Activations, transforms, waves and scalings are not counted. Count before lowering, which leaves the
    number as it is, but for a narrowed network. Raises `SurrogateError` for a network in another form.
    """
    if surrogate.lowering and not surrogate.lowering.startswith("narrowed"):
        raise SurrogateError(
            f"operations are counted before lowering, and this {type(surrogate).__name__} was lowered to "
            f"{surrogate.lowering}"
        )
    found = 0

    def count(layer: nn.Module, given: Any, said: torch.Tensor) -> None:
        nonlocal found
        found += multiply_adds(layer, given[0], said)

    layers = [layer for net in surrogate.networks().values() for layer in matrix_layers(net).values()]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        surrogate(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def energy(operations: int, stored: int, numbers: str, *, share: float = 0.0) -> float:
    """Joules of an answer to one query: its operations, and every stored byte of the network read once.

    `share` of the products are left out, as a processor could that knows of zeros. `numbers` is one of
    `ARITHMETIC`.
    """
    return (1 - share) * operations * ARITHMETIC[numbers].multiply_add + stored * BYTE
