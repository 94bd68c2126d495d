"""Train a surrogate for the form in which it will be used: rounded on the way forth, free on the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized, register_parametrization, remove_parametrizations

from .blocks.magnitude_pruning import Pruned
from .blocks.matrix_layers import matrix_layers, weights_of
from .blocks.ternary_linear import Ternary
from .further_training import train_on
from .last_layers import last_layers
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .training import TrainingSettings

__all__ = ["train_for"]

Kind = TypeVar("Kind", bound=Surrogate)


def train_for(
    surrogate: Kind,
    kind: Literal["ternary", "pruned"],
    examples: Any,
    validation: Any,
    *,
    share: float = 0.5,
    training: TrainingSettings | None = None,
    seed: int = 0,
    folder: Path | None = None,
    progress: bool = False,
) -> tuple[Kind, TrainingRecord]:
    """A copy that went on learning as if it was lowered already, and what that cost.

    It is to be lowered to the same `kind` (and `share`) before it is used: as it stands its weights are full
    ones, so that it saves and loads as any other, but those of `ternary` are not what answered in training.
    Rounding to 16 or 8 bits needs no such training.

    Raises `SurrogateError` for another kind, and as `further_training` does.

    References: Han, Pool, Tran & Dally 2015 (arXiv:1506.02626), who prune and train on; Wang et al. 2023
    (arXiv:2310.11453), for ternary weights.
    """
    if kind not in ("ternary", "pruned"):
        raise SurrogateError(f"one is trained for ternary or pruned weights, got {kind!r}")
    if not 0 <= share < 1:
        raise SurrogateError(f"the share that is left out must lie in [0, 1), got {share}")
    return train_on(
        surrogate,
        examples,
        validation,
        way=Rounded() if kind == "ternary" else Thinned(share),
        training=training,
        seed=seed,
        folder=folder,
        progress=progress,
    )


@dataclass(frozen=True)
class Rounded:
    """All numbers are trained, and matrices count as ternary; see `further_training.Way`."""

    def begin(self, module: nn.Module, run: Callable[[], torch.Tensor]) -> set[str]:
        """Let each matrix count as its rounded one."""
        changed = {name for name, _ in module.named_parameters()}
        for layer in matrix_layers(module).values():
            for own in weights_of(layer):
                register_parametrization(layer, own, Ternary())
        return changed

    def end(self, module: nn.Module) -> None:
        """The full weights behind them again."""
        for layer in matrix_layers(module).values():
            for own in weights_of(layer):
                remove_parametrizations(layer, own, leave_parametrized=False)


@dataclass(frozen=True)
class Thinned:
    """All numbers are trained but those that are smallest at the beginning, which are zero from then on.

    Layers with the last word are left whole, as `lowered` leaves them: under a mask an output whose weights
    are the smallest would have none, and nothing could bring them back.

    Attributes:
        share: of each other matrix that is zero.
    """

    share: float

    def begin(self, module: nn.Module, run: Callable[[], torch.Tensor]) -> set[str]:
        """Cover the small ones."""
        changed = {name for name, _ in module.named_parameters()}
        last = last_layers(module, run)
        for name, layer in matrix_layers(module).items():
            for own in () if name in last else weights_of(layer):
                register_parametrization(layer, own, Pruned(getattr(layer, own), share=self.share))
        return changed

    def end(self, module: nn.Module) -> None:
        """Zeros become the matrices' own."""
        for layer in matrix_layers(module).values():
            for own in weights_of(layer):
                if is_parametrized(layer, own):
                    remove_parametrizations(layer, own, leave_parametrized=True)
