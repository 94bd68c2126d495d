"""A perceptron that carries the derivatives of its inputs along with their values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .factorised_linear import FactorisedLinear

__all__ = ["HIGHEST", "SMOOTH", "JetPerceptron", "streams_of"]

HIGHEST = 4
"""Order of a derivative."""


def _tanh(x: torch.Tensor, order: int) -> list[torch.Tensor]:
    y = torch.tanh(x)
    square = y * y
    s = 1 - square
    found = [y, s]
    if order > 1:
        found.append(-2 * y * s)
    if order > 2:
        found.append(s * (6 * square - 2))
    if order > 3:
        found.append(y * s * (16 - 24 * square))
    if order > 4:
        found.append(s * (16 - 120 * square * s))
    return found[: order + 1]


def _gelu(x: torch.Tensor, order: int) -> list[torch.Tensor]:
    below = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    square = x * x
    bell = torch.exp(-0.5 * square) / math.sqrt(2 * math.pi)
    found = [x * below, below + x * bell]
    if order > 1:
        found.append(bell * (2 - square))
    if order > 2:
        found.append(bell * x * (square - 4))
    if order > 3:
        found.append(bell * ((7 - square) * square - 4))
    if order > 4:
        found.append(bell * x * ((square - 11) * square + 18))
    return found[: order + 1]


def _silu(x: torch.Tensor, order: int) -> list[torch.Tensor]:
    s = torch.sigmoid(x)
    slopes = [s, s * (1 - s)]
    if order > 1:
        slopes.append(slopes[1] * (1 - 2 * s))
    if order > 2:
        slopes.append(slopes[1] * (1 - 6 * slopes[1]))
    if order > 3:
        slopes.append(slopes[2] * (1 - 12 * slopes[1]))
    if order > 4:
        slopes.append(slopes[1] * (1 + slopes[1] * (120 * slopes[1] - 30)))
    # (x s)^(n) = x s^(n) + n s^(n - 1)
    return [x * s] + [x * slopes[n] + n * slopes[n - 1] for n in range(1, order + 1)]


def _sine(x: torch.Tensor, order: int) -> list[torch.Tensor]:
    sine, cosine = torch.sin(x), torch.cos(x)
    return [sine, cosine, -sine, -cosine, sine, cosine][: order + 1]


SMOOTH: dict[str, Callable[[torch.Tensor, int], list[torch.Tensor]]] = {
    "gelu": _gelu,
    "tanh": _tanh,
    "silu": _silu,
    "sine": _sine,
}
"""Activations by name, each (x, order) -> its value and derivatives up to that order, at most the fifth."""


class JetPerceptron(nn.Module):
    """Linear layers with a smooth activation between them, and `jets`, their derivatives.

    The derivatives along each direction, up to an order, go through the layers side by side: through a linear
    map each by itself, through an activation by the chain rule (Faa di Bruno). So many times the work of a
    value as there are derivatives, where nested differentiation doubles its work with each order. The way
    back is written out, too: jets can be differentiated by weights and inputs, once.

    Griewank, Utke & Walther, Math. Comp. 69 (2000), doi:10.1090/S0025-5718-00-01120-0.

    Arguments:
        inputs, outputs: numbers in and out.
        hidden: widths of the hidden layers.
        activation: gelu, tanh, silu or sine.
        gain: of the weights at the start, in units of Glorot & Bengio's; 1.6 suits gelu.
        factorised: whether each neuron's scale is a number of its own; see `FactorisedLinear`.

    Raises `ValueError` for widths below 1 and for other activations.
    """

    def __init__(
        self,
        *,
        inputs: int,
        hidden: Sequence[int],
        outputs: int,
        activation: str = "gelu",
        gain: float = 1.0,
        factorised: bool = False,
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
        if factorised:
            self.layers = nn.ModuleList(FactorisedLinear(layer) for layer in self.layers)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, inputs) -> (batch, outputs)"""
        for layer in self.layers[:-1]:
            x = SMOOTH[self.activation](layer(x), 0)[0]
        answer: torch.Tensor = self.layers[-1](x)
        return answer

    def jets(self, streams: torch.Tensor, orders: Sequence[int]) -> torch.Tensor:
        """(1 + sum of orders, batch, inputs) -> the same of outputs: first the values, then for each
        direction its derivatives of order 1, 2, ... up to the one that `orders` names for it.

        Raises `ValueError` for other orders than from 0 to 4, or another number of streams.
        """
        if not all(0 <= order <= HIGHEST for order in orders) or streams.shape[0] != 1 + sum(orders):
            raise ValueError(
                f"there must be orders from 0 to {HIGHEST} and a stream for each derivative and the value, "
                f"got orders {tuple(orders)} and streams of shape {tuple(streams.shape)}"
            )
        flat = [tensor for layer in self.layers for tensor in (layer.weight, layer.bias)]
        answer: torch.Tensor = _Jets.apply(streams, tuple(orders), self.activation, *flat)
        return answer


def streams_of(x: torch.Tensor, orders: Sequence[int]) -> torch.Tensor:
    """The streams of plain inputs (batch, inputs), with an order for each input: unit slopes."""
    streams = x.new_zeros(1 + sum(orders), *x.shape)
    streams[0] = x
    for i, place in enumerate(_first(orders)):
        if orders[i]:
            streams[place, :, i] = 1
    return streams


def _first(orders: Sequence[int]) -> list[int]:
    """Where each direction's first derivative stands."""
    return [1 + sum(orders[:i]) for i in range(len(orders))]


class _Jets(torch.autograd.Function):
    """All layers at once: an operation of its own is what makes small networks fast."""

    @staticmethod
    def forward(
        ctx: Any, streams: torch.Tensor, orders: tuple[int, ...], activation: str, *flat: torch.Tensor
    ) -> torch.Tensor:
        kept: list[torch.Tensor] = []
        wanted = any(ctx.needs_input_grad)
        x, highest = streams, max(orders, default=0)
        for i in range(0, len(flat), 2):
            if i:
                # one derivative more than is needed here: the way back needs it
                f = SMOOTH[activation](x[0], highest + wanted)
                if wanted:
                    kept += [x, *f[1:]]
                x = _through(f, x, orders)
            kept.append(x)
            x = functional.linear(x, flat[i])
            x[0] += flat[i + 1]
        ctx.save_for_backward(*flat[::2], *(kept if wanted else ()))
        ctx.orders, ctx.layers, ctx.each = orders, len(flat) // 2, 3 + highest
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        saved, layers, each = ctx.saved_tensors, ctx.layers, ctx.each
        weights, kept = saved[:layers], saved[layers:]
        found: list[torch.Tensor | None] = [None] * (2 * layers)
        for i in reversed(range(layers)):
            x = kept[i * each]
            flat = gradient.reshape(-1, gradient.shape[-1])
            found[2 * i] = flat.T @ x.reshape(-1, x.shape[-1])
            found[2 * i + 1] = gradient[0].sum(dim=0)
            if i or ctx.needs_input_grad[0]:
                gradient = gradient @ weights[i]
            if i:
                # as they were kept: what went into the activation, then the activation's derivatives
                gone_in, *slopes = kept[(i - 1) * each + 1 : i * each]
                gradient = _back(slopes, gone_in, gradient, ctx.orders)
        return (gradient if ctx.needs_input_grad[0] else None, None, None, *found)


def _through(f: Sequence[torch.Tensor], h: torch.Tensor, orders: Sequence[int]) -> torch.Tensor:
    """Streams of f(h), from the derivatives of f at h, 0 first."""
    out = torch.empty_like(h)
    out[0] = f[0]
    for order, first in zip(orders, _first(orders), strict=True):
        for n in range(1, order + 1):
            _derivative(f, h[first : first + n], out[first + n - 1])
    return out


def _derivative(f: Sequence[torch.Tensor], h: torch.Tensor, out: torch.Tensor) -> None:
    """The derivative of f(h) of order 1 to 4, as many as `h` holds, 1 first."""
    torch.mul(f[1], h[-1], out=out)
    if len(h) == 2:
        out.addcmul_(f[2], h[0] * h[0])
    elif len(h) == 3:
        out.addcmul_(f[2], h[0] * h[1], value=3)
        out.addcmul_(f[3], h[0] * h[0] * h[0])
    elif len(h) == 4:
        square = h[0] * h[0]
        out.addcmul_(f[2], h[0] * h[2], value=4)
        out.addcmul_(f[2], h[1] * h[1], value=3)
        out.addcmul_(f[3], square * h[1], value=6)
        out.addcmul_(f[4], square * square)


def _back(
    slopes: Sequence[torch.Tensor], h: torch.Tensor, gradient: torch.Tensor, orders: Sequence[int]
) -> torch.Tensor:
    """The gradient by the streams h, from that by the streams of f(h); `slopes` are f', f'', ...

    The n-th derivative of f(h) depends on the m-th of h by n over m times the (n - m)-th derivative of f'(h).
    """
    out = torch.empty_like(gradient)
    torch.mul(slopes[0], gradient[0], out=out[0])
    scratch = torch.empty_like(out[0])
    for order, first in zip(orders, _first(orders), strict=True):
        for n in range(order + 1):  # the n-th derivative of f'(h)
            if n:
                _derivative(slopes, h[first : first + n], scratch)
            factor = scratch if n else slopes[0]
            for m in range(max(1 - n, 0), order + 1 - n):
                place, source = (first + m - 1 if m else 0), gradient[first + m + n - 1]
                if m and not n:
                    torch.mul(factor, source, out=out[place])
                else:
                    out[place].addcmul_(factor, source, value=math.comb(m + n, m))
    return out
