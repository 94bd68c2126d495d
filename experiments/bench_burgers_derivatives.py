"""Derivatives of a network by its inputs, in several ways: the loss of Burgers' equation, with gradient."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..surrogates import fast_jets
from ..surrogates.blocks.jet_perceptron import SMOOTH, JetPerceptron, streams_of
from .report import write_json
from .timing import pinned_threads, provenance

__all__ = ["NAMES", "PRESETS", "WAYS", "Settings", "run", "table"]

VISCOSITY = 0.01 / math.pi
PEAK = 2.0
"""Of floating-point operations for each weight, value and point: a product and a sum."""
IN_A_ROW = 5
"""Calls of one way before the next one's turn."""


@dataclass(frozen=True)
class Settings:
    """What is timed.

    Attributes:
        activations: of the networks, three layers of `width`.
        points: at which the residual is asked for.
        width: of the layers.
        ways: see `WAYS`; `compiled` needs a C++ compiler.
        rounds: how often, in turn; each time some calls in a row.
        threads: of each.
    """

    activations: tuple[str, ...] = ("gelu", "tanh")
    points: int = 2_048
    width: int = 20
    ways: tuple[str, ...] = ("jets", "torch jets", "nested", "forward over forward", "taylor", "compiled")
    rounds: int = 40
    threads: int = 1


Loss = Callable[[JetPerceptron, torch.Tensor], torch.Tensor]


def _residual(u: torch.Tensor, t: torch.Tensor, x: torch.Tensor, xx: torch.Tensor) -> torch.Tensor:
    return (t + u * x - VISCOSITY * xx).square().mean()


def jets(network: JetPerceptron, places: torch.Tensor) -> torch.Tensor:
    """Ours: all derivatives side by side, the way back written out, activations compiled by numba."""
    said = fast_jets.jets(network, streams_of(places, (1, 2)), (1, 2))[..., 0]
    return _residual(said[0], said[1], said[2], said[3])


def torch_jets(network: JetPerceptron, places: torch.Tensor) -> torch.Tensor:
    """The same in torch alone, as on other devices."""
    said = network.jets(streams_of(places, (1, 2)), (1, 2))[..., 0]
    return _residual(said[0], said[1], said[2], said[3])


def nested(network: JetPerceptron, places: torch.Tensor) -> torch.Tensor:
    """Reverse mode again and again, as most codes do."""
    places = places.detach().requires_grad_()
    u = network(places)[:, 0]
    (first,) = torch.autograd.grad(u.sum(), places, create_graph=True)
    (second,) = torch.autograd.grad(first[:, 1].sum(), places, create_graph=True)
    return _residual(u, first[:, 0], first[:, 1], second[:, 1])


def forward_over_forward(network: JetPerceptron, places: torch.Tensor) -> torch.Tensor:
    """Forward mode (`torch.func.jvp`), one within the other for the second derivative."""
    along_t, along_x = (torch.zeros_like(places) for _ in range(2))
    along_t[:, 0], along_x[:, 1] = 1, 1

    def values(at: torch.Tensor) -> torch.Tensor:
        return network(at)[:, 0]

    def slope(at: torch.Tensor) -> Any:
        return torch.func.jvp(values, (at,), (along_x,))[1]

    jvp: Any = torch.func.jvp  # which gives two things, unless it is asked for a third
    u, t = jvp(values, (places,), (along_t,))
    x, xx = jvp(slope, (places,), (along_x,))
    return _residual(u, t, x, xx)


def taylor(network: JetPerceptron, places: torch.Tensor) -> torch.Tensor:
    """The derivatives side by side as in ours, in plain torch, which differentiates them."""
    layers: list[Any] = list(network.layers)
    h = layers[0](places)
    weight = layers[0].weight
    t, x, xx = weight[:, 0].expand_as(h), weight[:, 1].expand_as(h), torch.zeros_like(h)
    for layer in layers[1:]:
        f = SMOOTH[network.activation](h, 2)
        h, t, x, xx = f[0], f[1] * t, f[1] * x, f[2] * x * x + f[1] * xx
        h, t, x, xx = layer(h), *(part @ layer.weight.T for part in (t, x, xx))
    return _residual(h[:, 0], t[:, 0], x[:, 0], xx[:, 0])


WAYS: dict[str, Loss] = {
    "jets": jets,
    "torch jets": torch_jets,
    "nested": nested,
    "forward over forward": forward_over_forward,
    "taylor": taylor,
    "compiled": taylor,
}
"""By name; `compiled` is `taylor` through `torch.compile`."""
NAMES: dict[str, tuple[str, ...]] = {"activations": ("gelu", "tanh", "silu", "sine"), "ways": tuple(WAYS)}
PRESETS = {
    "quick": Settings(("tanh",), points=256, ways=("jets", "nested"), rounds=3),
    "default": Settings(),
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Time all ways in turn; writes and returns the results."""
    rows = []
    with pinned_threads(settings.threads):
        for activation in settings.activations:
            network = JetPerceptron(
                inputs=2, hidden=(settings.width,) * 3, outputs=1, activation=activation
            ).double()
            generator = torch.Generator().manual_seed(0)
            places = torch.rand(settings.points, 2, dtype=torch.float64, generator=generator)
            rows += _timed(settings, network, places, activation=activation)
        rate = _products_per_second(settings)
    results = {
        "rows": rows,
        "floor_seconds": _operations(settings) / rate,
        "operations_per_second": rate,
        "settings": asdict(settings),
        **provenance(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, results)
    return results


def _timed(
    settings: Settings, network: JetPerceptron, places: torch.Tensor, *, activation: str
) -> list[dict[str, Any]]:
    calls: dict[str, Callable[[], Sequence[torch.Tensor]]] = {}
    whys: dict[str, str] = {}
    for way in settings.ways:
        loss = torch.compile(WAYS[way]) if way == "compiled" else WAYS[way]
        calls[way] = _gradient_of(loss, network, places)
        try:
            calls[way]()
        except Exception as error:  # no compiler, for one: the others are timed all the same
            whys[way] = f"{type(error).__name__}: {str(error).splitlines()[0][:100]}"
            del calls[way]
    first = next(iter(calls.values()))()
    seconds: dict[str, list[float]] = {way: [] for way in calls}
    for _, (way, call) in itertools.product(range(settings.rounds), calls.items()):
        call()  # after another way the caches hold other numbers; a descent calls one and the same
        begin = time.perf_counter()
        for _ in range(IN_A_ROW):
            call()
        seconds[way].append((time.perf_counter() - begin) / IN_A_ROW)
    found: list[dict[str, Any]] = []
    for way in settings.ways:
        row: dict[str, Any] = {"activation": activation, "way": way, "why_not": whys.get(way, "")}
        if way in calls:
            row["seconds"] = float(np.median(seconds[way]))
            row["differs"] = max(float((a - b).abs().max()) for a, b in zip(calls[way](), first, strict=True))
        found.append(row)
    return found


def _gradient_of(
    loss: Loss, network: nn.Module, places: torch.Tensor
) -> Callable[[], Sequence[torch.Tensor]]:
    parameters = list(network.parameters())

    def call() -> Sequence[torch.Tensor]:
        found = torch.autograd.grad(loss(network, places), parameters, allow_unused=True)  # type: ignore[arg-type]
        return [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters, strict=True)]

    return call


def _operations(settings: Settings) -> float:
    """Of the products with weights: four streams there, and twice as many on the way back."""
    weights = 2 * settings.width + 2 * settings.width**2 + settings.width
    return 3 * PEAK * 4 * weights * settings.points


def _products_per_second(settings: Settings) -> float:
    """What the same products reach alone."""
    left = torch.rand(4 * settings.points, settings.width, dtype=torch.float64)
    right = torch.rand(settings.width, settings.width, dtype=torch.float64)
    best = math.inf
    for _ in range(max(20, settings.rounds)):
        begin = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - begin)
    return PEAK * left.numel() * settings.width / best


def table(results: Mapping[str, Any]) -> str:
    """Milliseconds of one loss with its gradient, and how far gradients are from those of the first way."""
    lines = [f"{'':10}{'':24}{'ms':>8}{'times ours':>12}{'differs':>10}"]
    for activation in dict.fromkeys(row["activation"] for row in results["rows"]):
        rows = [row for row in results["rows"] if row["activation"] == activation]
        ours = next((row["seconds"] for row in rows if row["way"] == "jets" and "seconds" in row), math.nan)
        for row in rows:
            if row["why_not"]:
                lines.append(f"{activation:10}{row['way']:24}{row['why_not']}")
                continue
            lines.append(
                f"{activation:10}{row['way']:24}{1e3 * row['seconds']:8.2f}{row['seconds'] / ours:12.2f}"
                f"{row['differs']:10.0e}"
            )
    lines.append(f"products with weights alone: {1e3 * results['floor_seconds']:.2f} ms")
    return "\n".join(lines)
