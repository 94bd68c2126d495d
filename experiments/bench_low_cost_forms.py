"""Forms of a trained surrogate that are cheaper to ask: which there are, and how each is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from ..datasets.training_set import TrainingSet
from ..surrogates.adapting import adapt
from ..surrogates.copies import copied
from ..surrogates.last_layers import last_layers
from ..surrogates.low_precision import lowered
from ..surrogates.low_precision_training import train_for
from ..surrogates.surrogate import SurrogateError
from .bench_low_cost_problems import further
from .stages import Trained

__all__ = ["FORMS", "NULL", "Form", "all_forms", "silent"]

Asked = Callable[[Any], object]
"""Asks a surrogate some queries."""


@dataclass(frozen=True)
class Form:
    """How a surrogate is made cheaper.

    Attributes:
        numbers: of which its products are, as `energy` has them.
        make: (surrogate in single precision, a question to it) -> the form.
        share: of the weights that are left out of each matrix, where it was trained on for that.
        after: what it is trained on for, before it is made; `full`: for nothing else than it was.
        zeros: whether some of its weights are zero.
    """

    numbers: str
    make: Callable[[Any, Asked], Any]
    share: float = 0.0
    after: Literal["", "full", "ternary", "pruned"] = ""
    zeros: bool = False


def silent(surrogate: Any, asked: Asked) -> Any:
    """A copy whose networks say nothing: their last layers are zero. What is left is what stands beside them,
    the training mean of an answer, or the linear part of a step.
    """
    copy = copied(surrogate)
    for network in copy.networks().values():
        for name in last_layers(network, lambda: asked(copy)):
            for weight in network.get_submodule(name).parameters():
                with torch.no_grad():
                    weight.zero_()
    return copy


def _as_it_is(surrogate: Any, asked: Asked) -> Any:
    return surrogate


def _lowered(kind: Any, share: float = 0.5) -> Callable[[Any, Asked], Any]:
    return lambda surrogate, asked: lowered(surrogate, kind, share=share, asked=asked)


def _pruned(share: float, after: Literal["", "pruned"] = "") -> Form:
    return Form("float32", _lowered("pruned", share), share, after, zeros=True)


def _ternary(after: Literal["", "ternary"] = "") -> Form:
    return Form("ternary", _lowered("ternary"), after=after, zeros=True)


NULL = "null"
FORMS: dict[str, Form] = {
    "float64": Form("float64", _as_it_is),
    "float32": Form("float32", _as_it_is),
    # the control of those that are trained on: they descend for longer than it did
    "float32-trained": Form("float32", _as_it_is, after="full"),
    "bfloat16": Form("bfloat16", _lowered("bfloat16")),
    "int8": Form("int8", _lowered("int8")),
    "narrowed-50": Form("float32", _lowered("narrowed")),
    "pruned-50": _pruned(0.5),
    "pruned-90": _pruned(0.9),
    "pruned-90-trained": _pruned(0.9, "pruned"),
    "ternary": _ternary(),
    "ternary-trained": _ternary("ternary"),
    NULL: Form("float32", silent),
}
"""By name; all but the first are made of the surrogate in single precision."""


def all_forms(
    names: tuple[str, ...],
    trained: Trained,
    training_set: TrainingSet,
    *,
    share: float,
    asked: Asked,
    folder: Path,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Surrogates by the name of their form, and why others cannot be had.

    Arguments:
        names: of `FORMS`.
        trained: in double precision.
        training_set: from which those learn on that are trained for their form.
        share: of the first descent's steps for which they do.
        asked: a question to any of them.
        folder: of their checkpoints; a descent that was cut short goes on there.
    """
    full = trained.surrogates[0]
    float32 = copied(full, dtype=torch.float32)
    made: dict[str, Any] = {}
    why_not: dict[str, str] = {}
    for name in names:
        form, place = FORMS[name], folder / trained.label / name
        try:
            if name == "float64":
                made[name] = full
            elif form.after:
                ready = _trained_for(form, float32, trained, training_set, share=share, folder=place)
                made[name] = form.make(ready, asked)
            else:
                made[name] = form.make(float32, asked)
        except SurrogateError as error:
            why_not[name] = str(error)
    return made, why_not


def _trained_for(
    form: Form, float32: Any, trained: Trained, training_set: TrainingSet, *, share: float, folder: Path
) -> Any:
    assert form.after
    task, training = trained.candidate.task, trained.candidate.settings.training
    examples, validation = (task.examples(training_set, split) for split in ("train", "valid"))
    descent = further(training, max(1, round(share * training.steps)))
    if form.after == "full":
        return adapt(float32, examples, validation, how="full", training=descent, folder=folder)[0]
    return train_for(
        float32,
        form.after,
        examples,
        validation,
        share=form.share,
        training=descent,
        folder=folder,
    )[0]
