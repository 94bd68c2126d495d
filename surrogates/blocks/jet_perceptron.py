"""A perceptron that carries its derivatives by the inputs along with its values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

__all__ = ["SMOOTH", "JetPerceptron"]

HIGHEST = 4


def _tanh(x: torch.Tensor, order: int) -> list[torch.Tensor]:
    y = torch.tanh(x)
    s = 1 - y * y
    found = [y, s]
    if order > 1:
        found.append(-2 * y * s)
    if order > 2:
        found.append(s * (6 * y * y - 2))
    if order > 3:
        found.append(y * s * (16 - 24 * y * y))
    return found[: order + 1]


def _gelu(x: torch.Tensor, order: int) -> list[torch.Tensor]:
    below = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    bell = torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    square = x * x
    found = [x * below, below + x * bell]
    if order > 1:
        found.append(bell * (2 - square))
    if order > 2:
        found.append(bell * x * (square - 4))
    if order > 3:
        found.append(bell * (-square * square + 7 * square - 4))
    return found[: order + 1]


def _silu(x: torch.Tensor, order: int) -> list[torch.Tensor]:
    s = torch.sigmoid(x)
    slopes = [s, s * (1 - s)]
    if order > 1:
        slopes.append(slopes[1] * (1 - 2 * s))
    if order > 2:
        slopes.append(slopes[1] * (1 - 6 * s + 6 * s * s))
    if order > 3:
        slopes.append(slopes[2] * (1 - 12 * s + 12 * s * s))
    # (x s)^(n) = x s^(n) + n s^(n - 1)
    return [x * s] + [x * slopes[n] + n * slopes[n - 1] for n in range(1, order + 1)]


def _sine(x: torch.Tensor, order: int) -> list[torch.Tensor]:
    sine, cosine = torch.sin(x), torch.cos(x)
    return [sine, cosine, -sine, -cosine, sine][: order + 1]


SMOOTH: dict[str, Callable[[torch.Tensor, int], list[torch.Tensor]]] = {
    "gelu": _gelu,
    "tanh": _tanh,
    "silu": _silu,
    "sine": _sine,
}
"""Activations by name, each (x, order) -> its value and derivatives up to that order."""


class JetPerceptron(nn.Module):
    """Linear layers with a smooth activation between them, and `jets`, their derivatives.

    Along each input the derivatives up to an order go through the layers side by side: through a linear map
    each by itself, through an activation by the chain rule (Faa di Bruno). So many times the work of a value
    as there are derivatives, where nested differentiation doubles its work with each order.

    Griewank, Utke & Walther, Math. Comp. 69 (2000), doi:10.1090/S0025-5718-00-01120-0.

    Arguments:
        inputs, outputs: numbers in and out.
        hidden: widths of the hidden layers.
        activation: gelu, tanh, silu or sine.
        gain: of the weights at the start, in units of Glorot & Bengio's; 1.6 suits gelu.
    """

    def __init__(
        self, *, inputs: int, hidden: Sequence[int], outputs: int, activation: str = "gelu", gain: float = 1.0
    ) -> None:
        super().__init__()
        if activation not in SMOOTH:
            why = "; the second derivative of a relu is zero, and with it its part in most equations"
            raise ValueError(
                f"the activation must be one of {', '.join(SMOOTH)}, got {activation!r}"
                + (why if "relu" in activation else "")
            )
        if min((inputs, outputs, *hidden)) < 1:
            raise ValueError(f"widths must be at least 1, got {inputs}, {tuple(hidden)} and {outputs}")
        self.activation = activation
        widths = (inputs, *hidden, outputs)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight, gain=gain)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, inputs) -> (batch, outputs)"""
        for layer in self.layers[:-1]:
            x = SMOOTH[self.activation](layer(x), 0)[0]
        answer: torch.Tensor = self.layers[-1](x)
        return answer

    def jets(self, x: torch.Tensor, orders: Sequence[int]) -> tuple[torch.Tensor, list[list[torch.Tensor]]]:
        """(batch, outputs) values, and for each input its derivatives of order 1, 2, ... up to the one that
        `orders` names for it, (batch, outputs) each; none where that is 0.

        Raises `ValueError` for other than one order for each input, each from 0 to 4.
        """
        if x.ndim != 2 or len(orders) != x.shape[1] or not all(0 <= order <= HIGHEST for order in orders):
            raise ValueError(
                f"there must be an order from 0 to {HIGHEST} for each input of (batch, "
                f"inputs), got {tuple(orders)} for {tuple(x.shape)}"
            )
        layers: list[Any] = list(self.layers)
        weight, value = layers[0].weight, layers[0](x)
        # along one input the first layer is linear: it has a slope and no more
        along = [
            [weight[:, i].expand(len(x), -1) if n == 0 else None for n in range(order)]
            for i, order in enumerate(orders)
        ]
        highest = max(orders)
        for layer in layers[1:]:
            f = SMOOTH[self.activation](value, highest)
            along = [_chain(f, h) for h in along]
            flat = [f[0], *(part for h in along for part in h if part is not None)]
            mapped = functional.linear(torch.stack(flat), layer.weight)
            value, parts = mapped[0] + layer.bias, iter(mapped[1:])
            along = [[None if part is None else next(parts) for part in h] for h in along]
        found = [[value.new_zeros(value.shape) if part is None else part for part in h] for h in along]
        return value, found


def _chain(f: Sequence[torch.Tensor], h: Sequence[Any]) -> list[Any]:
    """Derivatives of f(h) of orders 1 to 4, from those of f, 0 first, and of h, 1 first; None is zero."""
    every = list(h) + [None] * (HIGHEST - len(h))
    one, two, three, four = every
    found: list[Any] = []
    if len(h) > 0:
        found.append(f[1] * one)
    if len(h) > 1:
        squared = one * one
        found.append(_sum(f[2] * squared, _times(f[1], two)))
    if len(h) > 2:
        found.append(_sum(f[3] * squared * one, _times(3 * f[2] * one, two), _times(f[1], three)))
    if len(h) > 3:
        found.append(
            _sum(
                f[4] * squared * squared,
                _times(6 * f[3] * squared, two),
                _times(4 * f[2] * one, three),
                None if two is None else 3 * f[2] * two * two,
                _times(f[1], four),
            )
        )
    return found


def _times(factor: torch.Tensor, part: torch.Tensor | None) -> torch.Tensor | None:
    return None if part is None else factor * part


def _sum(*parts: torch.Tensor | None) -> torch.Tensor:
    known = [part for part in parts if part is not None]
    total = known[0]
    for part in known[1:]:
        total = total + part
    return total
