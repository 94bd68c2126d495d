"""A trained surrogate for another regime, from few samples of it: how much of it is trained again."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import nn

from .blocks.low_rank_adapter import adapt_layer, merge_layer
from .blocks.matrix_layers import matrix_layers, output_axes, weights_of
from .further_training import Way, train_on
from .last_layers import last_layers
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .training import TrainingSettings

__all__ = ["WAYS", "How", "adapt"]

How = Literal["full", "head", "adapters", "scratch"]
WAYS: tuple[How, ...] = ("full", "head", "adapters", "scratch")
Kind = TypeVar("Kind", bound=Surrogate)


def adapt(
    surrogate: Kind,
    examples: Any,
    validation: Any,
    *,
    how: How = "full",
    rank: int = 4,
    training: TrainingSettings | None = None,
    seed: int = 0,
    folder: Path | None = None,
    progress: bool = False,
) -> tuple[Kind, TrainingRecord]:
    """Another surrogate of the same kind, for the regime that these examples are of, and what it cost.

    It saves, loads and answers as any other, and costs no more. Scalings, linear parts and spans are those of
    the first regime, except from `scratch`: what lies far from them is as badly scaled as it is far, and a
    state off the span is refused. The first surrogate is left alone.

    Arguments:
        surrogate: trained by gradients of one network.
        examples, validation: of the new regime, of the same task; the validation chooses the best weights.
        how: what is trained. `full`: all numbers, from where they stand. `head`: the layers from which the
            outputs come, all else frozen bit for bit; for very few samples of a regime that asks for the same
            features. `adapters`: low-rank changes of every linear map and convolution, which are then added
            to these. `scratch`: a new surrogate of the same settings, which learns from these examples alone:
            what the others must beat.
        rank: of the adapters, or that of the matrix where it is less.
        training: the descent; None for the one that it was trained by. A tenth of its steps, and a third of
            its learning rate, often do.
        seed: of the order of examples, and of new numbers.
        folder: checkpoints and a log go there, and training resumes.
        progress: show a bar.

    Raises `SurrogateError` for one that cannot be trained on (see `further_training`), for another `how`, and
    for a rank below 1.

    References: Yosinski, Clune, Bengio & Lipson 2014 (arXiv:1411.1792), for frozen features; Hu et al. 2021
    (arXiv:2106.09685), for adapters.
    """
    if how not in WAYS:
        raise SurrogateError(f"how must be one of {', '.join(WAYS)}, got {how!r}")
    if rank < 1:
        raise SurrogateError(f"the rank of adapters must be at least 1, got {rank}")
    if how == "scratch":
        new = _like(surrogate, training)
        return new, new.fit(examples, validation, seed=seed, folder=folder, progress=progress)
    ways: dict[str, Way] = {"full": Whole(), "head": Head(), "adapters": Adapters(rank)}
    return train_on(
        surrogate,
        examples,
        validation,
        way=ways[how],
        training=training,
        seed=seed,
        folder=folder,
        progress=progress,
    )


@dataclass(frozen=True)
class Whole:
    """Every number is trained; see `further_training.Way`."""

    def begin(self, module: nn.Module, run: Callable[[], torch.Tensor]) -> set[str]:
        """All of them."""
        return {name for name, _ in module.named_parameters()}

    def end(self, module: nn.Module) -> None:
        """Nothing was put on."""


@dataclass(frozen=True)
class Head:
    """Only the last layers are trained, with their biases."""

    def begin(self, module: nn.Module, run: Callable[[], torch.Tensor]) -> set[str]:
        """Freeze the others."""
        layers = dict(module.named_modules())
        heads = last_layers(module, run)
        changed = {_joined(name, own) for name in heads for own, _ in layers[name].named_parameters()}
        for name, weight in module.named_parameters():
            weight.requires_grad_(name in changed)
        return changed

    def end(self, module: nn.Module) -> None:
        """Nothing was put on."""


@dataclass(frozen=True)
class Adapters:
    """Low-rank changes of all matrices are trained, and nothing else.

    Attributes:
        rank: at most.
    """

    rank: int

    def begin(self, module: nn.Module, run: Callable[[], torch.Tensor]) -> set[str]:
        """Freeze all, and put an adapter on each matrix."""
        module.requires_grad_(False)
        changed = set()
        for name, layer in matrix_layers(module).items():
            for own in weights_of(layer):
                weight = getattr(layer, own)
                outputs = math.prod(weight.shape[axis] for axis in output_axes(layer, own))
                adapt_layer(layer, own, rank=min(self.rank, outputs, weight.numel() // outputs))
                changed.add(_joined(name, own))
        return changed

    def end(self, module: nn.Module) -> None:
        """Add each to its matrix."""
        for layer in matrix_layers(module).values():
            for own in weights_of(layer):
                merge_layer(layer, own)


def _joined(layer: str, own: str) -> str:
    return f"{layer}.{own}" if layer else own


def _like(surrogate: Kind, training: TrainingSettings | None) -> Kind:
    """A new one, that has learned nothing."""
    settings = surrogate.settings
    if training is not None:
        if not hasattr(settings, "training"):
            raise SurrogateError(f"{type(surrogate).__name__} has no descent; leave training out")
        settings = dataclasses.replace(settings, training=training)
    return type(surrogate)(settings, device=surrogate.device, dtype=surrogate.dtype)
