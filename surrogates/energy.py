"""What an answer costs in energy: an estimate from its operations, not a measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn

from .blocks.matrix_layers import matrix_layers, multiply_adds, weights_of
from .low_precision import of_whole_numbers
from .sizes import refuse_lowered
from .surrogate import Surrogate, SurrogateError

__all__ = ["ARITHMETIC", "BYTE", "Arithmetic", "Products", "energy", "operations", "zero_share"]

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


class Products(NamedTuple):
    """How many there are in an answer; `sum` has them all.

    Attributes:
        rounded: of layers that have products of whole numbers, when they are lowered to `int8`.
        others: of those that multiply in full then: axial mixing, transposed, grouped and dilated
            convolutions.
    """

    rounded: int
    others: int = 0


@torch.no_grad()
def operations(surrogate: Surrogate, inputs: Mapping[str, torch.Tensor]) -> Products:
    """Products, each summed up, of linear maps and convolutions in an answer to these inputs.

    Activations, transforms, waves and scalings are not counted. Count before lowering, which leaves the
    number as it is, but for a narrowed network. Raises `SurrogateError` for a network in another form.
    """
    refuse_lowered(surrogate, "operations")
    found = {True: 0, False: 0}

    def count(layer: nn.Module, given: Any, said: torch.Tensor) -> None:
        found[of_whole_numbers(layer) is not None] += multiply_adds(layer, given[0], said)

    _watched(surrogate, inputs, count)
    return Products(rounded=found[True], others=found[False])


@torch.no_grad()
def zero_share(surrogate: Surrogate, inputs: Mapping[str, torch.Tensor]) -> float:
    """Share of the products in an answer to these inputs whose weight is zero, in [0, 1].

    Of linear maps and convolutions as they are, pruned and ternary ones too; layers that `lowered` has
    replaced are not looked at. Raises `SurrogateError` where there are no others.
    """
    idle = all_of_them = 0.0

    def count(layer: nn.Module, given: Any, said: torch.Tensor) -> None:
        nonlocal idle, all_of_them
        products = multiply_adds(layer, given[0], said)
        weights = [getattr(layer, name) for name in weights_of(layer)]
        # of axial mixing each matrix has a share of the layer's products by the points that it joins
        points = sum(weight.shape[-1] for weight in weights)
        for weight in weights:
            zeros = float((weight == 0).sum()) / weight.numel()
            idle += products * weight.shape[-1] / points * zeros
        all_of_them += products

    _watched(surrogate, inputs, count)
    if not all_of_them:
        raise SurrogateError(f"this {type(surrogate).__name__} multiplies by no matrix whose zeros are known")
    return idle / all_of_them


def energy(
    products: Products, stored: int, numbers: str, *, share: float = 0.0, otherwise: str = "float32"
) -> float:
    """Joules of an answer to one query: its products, and every stored byte of the network read once.

    Arguments:
        products: as `operations` counts them.
        stored: bytes of the network.
        numbers: of `ARITHMETIC`, in which products are. Where that is `int8`, those of layers that have no
            product of whole numbers are in `otherwise`.
        share: of the products that are left out, as a processor could that knows of zeros; see `zero_share`.

    Raises `SurrogateError` for other numbers, and for a share that is not in [0, 1).
    """
    for name in (numbers, otherwise):
        if name not in ARITHMETIC:
            raise SurrogateError(f"energy is known of {', '.join(ARITHMETIC)}, got {name!r}")
    if not 0 <= share < 1:
        raise SurrogateError(f"the share that is left out must lie in [0, 1), got {share}")
    rest = ARITHMETIC[otherwise if numbers == "int8" else numbers]
    each = products.rounded * ARITHMETIC[numbers].multiply_add + products.others * rest.multiply_add
    return (1 - share) * each + stored * BYTE


def _watched(surrogate: Surrogate, inputs: Mapping[str, torch.Tensor], look: Callable[..., None]) -> None:
    """Ask the surrogate, and let `look` see each layer with a matrix, what it was given and what it said."""
    layers = [layer for net in surrogate.networks().values() for layer in matrix_layers(net).values()]
    hooks = [layer.register_forward_hook(look) for layer in layers]
    try:
        surrogate(inputs)
    finally:
        for hook in hooks:
            hook.remove()
