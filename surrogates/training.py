"""The one loop for everything that learns by gradients: batches, schedule, validation, checkpoints, log.

A run is a function of its settings, its seed and its data alone: every random number is drawn from a
generator made for its step, and a run that was killed resumes from its checkpoint to the same weights, bit
for bit (on the same machine with the same number of threads).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import nn
from tqdm import tqdm

from .surrogate import SurrogateError
from .training_run import Run

__all__ = ["Objective", "Trained", "TrainingSettings", "train"]


@dataclass(frozen=True)
class TrainingSettings:
    """How to descend.

    Attributes:
        steps: updates of the weights; the learning rate's schedule ends with them.
        seconds: stop after this much wall-clock time; the record then says `finished=False`. How far
            it gets depends on the machine, so such a run cannot be repeated bit for bit.
        batch: examples per update.
        optimiser: `soap` (Adam in the eigenbasis of the gradient's moments) or `adam`.
        learning_rate: at its height.
        schedule: after the warm-up, fall as a half `cosine` to zero, or stay `constant`.
        warm_up: share of the steps over which the learning rate rises from zero.
        weight_decay: decoupled, per step and unit of learning rate.
        clip: rescale gradients whose norm exceeds this; None for never.
        double_from: share of the steps after which weights and arithmetic are in double precision; 0 for
            always, 1 for never.
        check_every: steps between two checks; each validates, logs and writes a checkpoint.
        patience: stop when so many checks in a row brought no better validation error; None for never.
    """

    steps: int = 15_000
    seconds: float | None = None
    batch: int = 64
    optimiser: Literal["soap", "adam"] = "soap"
    learning_rate: float = 1e-2
    schedule: Literal["cosine", "constant"] = "cosine"
    warm_up: float = 0.05
    weight_decay: float = 0.0
    clip: float | None = None
    double_from: float = 1.0
    check_every: int = 500
    patience: int | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "seconds", "batch", "learning_rate", "clip", "check_every", "patience"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise SurrogateError(f"the training setting {name} must be positive, got {value}")
        for name in ("warm_up", "double_from"):
            if not 0 <= getattr(self, name) <= 1:
                raise SurrogateError(f"the training setting {name} must lie in [0, 1]")
        if self.optimiser not in ("soap", "adam") or self.schedule not in ("cosine", "constant"):
            raise SurrogateError(
                f"the optimiser must be soap or adam and the schedule cosine or constant, "
                f"got {self.optimiser!r} and {self.schedule!r}"
            )

    @property
    def data_dtype(self) -> torch.dtype:
        """The precision in which examples are needed."""
        return torch.float64 if self.double_from < 1 else torch.float32

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        done = step / self.steps
        rising = min(1.0, (step + 1) / (self.warm_up * self.steps)) if self.warm_up else 1.0
        falling = 0.5 * (1 + math.cos(math.pi * done)) if self.schedule == "cosine" else 1.0
        return self.learning_rate * rising * falling


class Objective(Protocol):
    """What is to be learned: examples by number, a loss over some of them, a validation error.

    One that learns besides has `tensors` and `restore`, too: see `training_run.Learner`.
    """

    @property
    def examples(self) -> int:
        """How many there are."""

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Mean loss over the examples `indices`; randomness only from `generator` (on the CPU)."""

    def validate(self, module: nn.Module) -> float:
        """An error that means something to a reader; smaller is better."""


@dataclass(frozen=True)
class Trained:
    """How a run ended: seconds with all resumed parts, passes over the examples, best validation error; of
    the seconds those that are not this run's but of the parts that it resumed.
    """

    seconds: float
    epochs: int
    validation_error: float
    finished: bool
    resumed: float = 0.0


def train(
    module: nn.Module,
    objective: Objective,
    settings: TrainingSettings,
    *,
    seed: int,
    folder: Path | None = None,
    identity: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Trained:
    """Train `module` in place, where it is; it ends with the weights of the best validation error.

    With a `folder`, `checkpoint.safetensors` and `log.jsonl` are kept there, and a run that stands there is
    resumed. `identity` is any JSON that tells this run from others (model settings, data): a checkpoint of
    another run, other settings or another seed is refused.

    Raises `SurrogateError` when the loss is no longer finite, and for a checkpoint that is not this run's.
    """
    run = Run(module, objective, settings, seed=seed, folder=folder, identity=dict(identity or {}))
    run.resume()
    bar = tqdm(total=settings.steps, initial=run.step, desc="training", unit="step", disable=not progress)
    with bar:
        over = run.over
        while not over:
            run.advance()
            bar.update()
            over = run.over
            if run.step % settings.check_every == 0 or over:
                run.check()
                bar.set_postfix_str(f"validation {run.errors[-1]:.2e}")
                over = run.over
    module.load_state_dict(run.best)
    passes = math.ceil(run.step * run.batch / objective.examples)
    return Trained(run.seconds, passes, min(run.errors), run.finished, run.before)
