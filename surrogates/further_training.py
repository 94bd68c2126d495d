"""Train a surrogate on, from where it stands: all of its networks' numbers, some, or in another form."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch import nn

from ..datasets.pairs import Pairs
from ..datasets.tasks import Trajectories
from .copies import copied
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .training import Objective, TrainingSettings, train

__all__ = ["Trainable", "Way", "train_on"]

Kind = TypeVar("Kind", bound=Surrogate)

SPREAD = 1024
"""Examples whose loss tells whether a checkpoint is of these data."""


@runtime_checkable
class Trainable(Protocol):
    """What a surrogate offers that gradients train in one go.

    Attributes:
        module: what is trained, once it has learned.
        objective: (examples, validation) -> what makes `module` better on these, with scalings, spans and all
            else that `fit` measures as they are. Raises `SurrogateError` for what these cannot hold.
    """

    module: Any
    settings: Any

    def objective(self, examples: Any, validation: Any) -> Objective: ...


class Way(Protocol):
    """Which numbers are trained, and in what form.

    `begin` takes the module and an example of its work, `run`; it may freeze numbers and put parametrizations
    on weights. It returns the names of the numbers that may be others in the end. `end` takes the
    parametrizations away again. What is in its attributes tells it from others.
    """

    def begin(self, module: nn.Module, run: Callable[[], torch.Tensor]) -> set[str]: ...

    def end(self, module: nn.Module) -> None: ...


def train_on(
    surrogate: Kind,
    examples: Any,
    validation: Any,
    *,
    way: Way,
    training: TrainingSettings | None = None,
    seed: int,
    folder: Path | None = None,
    progress: bool = False,
) -> tuple[Kind, TrainingRecord]:
    """A copy of the surrogate that has gone on learning from these examples, and what that cost.

    What `fit` measured (scalings, linear parts, spans) stays, so that numbers keep their meaning; those that
    are not trained stay bit for bit. The first surrogate is left alone. `training` None: as it was trained.

    Raises `SurrogateError` for a surrogate that is not trained by one descent on examples, and for examples
    of another shape or interval.
    """
    begun = time.perf_counter()
    if not isinstance(surrogate, Trainable):
        raise SurrogateError(
            f"{type(surrogate).__name__} cannot be trained on: only what one descent on examples has "
            "trained can; train a new one on examples of both kinds"
        )
    result = copied(surrogate)
    result.refuse_without_both(examples, validation)
    for part in (examples, validation):
        _refuse_others(result, part)
    assert isinstance(result, Trainable)
    objective = result.objective(examples, validation)
    module: nn.Module = result.module
    tuned = copy.deepcopy(module)
    descent = training or result.settings.training
    start = {
        "surrogate": type(surrogate).__name__,
        "way": {"name": type(way).__name__, **vars(way)},
        "examples": [len(examples), len(validation)],
        **_first_errors(objective, tuned, batch=descent.batch),
    }
    # new numbers come from torch's global generator; it is put back as it was
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        changed = way.begin(tuned, lambda: _loss(objective, tuned, _spread(objective, descent.batch)))
    prepared = time.perf_counter() - begun
    end = train(
        tuned,
        objective,
        descent,
        seed=seed,
        folder=folder,
        identity=start,
        progress=progress,
    )
    way.end(tuned)
    found = dict(tuned.named_parameters())
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if name in changed:
                weight.copy_(found[name])
    record = TrainingRecord(
        seconds=prepared + end.seconds,
        samples=len(examples) * (examples.frames if isinstance(examples, Trajectories) else 1),
        epochs=end.epochs,
        validation_error=end.validation_error,
        finished=end.finished,
    )
    return result, record


@torch.no_grad()
def _first_errors(objective: Objective, module: nn.Module, *, batch: int) -> dict[str, str]:
    """What the module says to the data before it goes on: of other weights or data it is another.

    To six digits, as the last ones depend on where numbers lie in memory.
    """
    was_training = module.training
    module.eval()
    # a batch at a time, as in training: more may not fit into memory
    losses = [float(_loss(objective, module, some)) for some in _spread(objective, SPREAD).split(batch)]
    errors = {"first_loss": sum(losses) / len(losses), "first_validation_error": objective.validate(module)}
    module.train(was_training)
    return {name: f"{value:.5e}" for name, value in errors.items()}


def _spread(objective: Objective, count: int) -> torch.Tensor:
    """So many examples, evenly from the first to the last; all of them where there are fewer."""
    last, count = objective.examples - 1, min(count, objective.examples)
    return torch.linspace(0, last, count, dtype=torch.float64).round().long()


def _loss(objective: Objective, module: nn.Module, examples: torch.Tensor) -> torch.Tensor:
    return objective.loss(module, examples, torch.Generator().manual_seed(0))


def _refuse_others(surrogate: Surrogate, examples: Any) -> None:
    """What the networks cannot be given, or would take for something else."""
    if not isinstance(examples, surrogate.learns):
        raise SurrogateError(
            f"{type(surrogate).__name__} learns {surrogate.learns.__name__.lower()}, got "
            f"{type(examples).__name__}; pose the same task as at first"
        )
    known: dict[str, Any] = {"inputs": surrogate.input_shapes, "outputs": surrogate.output_shapes}
    given: dict[str, Any] = known
    if isinstance(examples, Pairs):
        given = {"inputs": examples.input_shapes, "outputs": examples.output_shapes}
    elif isinstance(examples, Trajectories):
        interval = getattr(surrogate, "interval", None)
        known = {"frames": surrogate.input_shapes, "interval": interval}
        given = {"frames": {"frame": tuple(examples.frame_shape)}, "interval": examples.interval}
    for name, value in known.items():
        if given[name] != value:
            raise SurrogateError(
                f"{type(surrogate).__name__} has learned {name} of {value}, and these examples have "
                f"{given[name]}; pose the same task as at first, on a grid of the same points"
            )
