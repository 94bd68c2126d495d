"""Forms of a trained surrogate that are cheaper to ask: which there are, and how each is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from ..datasets.training_set import TrainingSet
from ..surrogates.copies import copied
from ..surrogates.low_precision import lowered
from ..surrogates.low_precision_training import train_for
from ..surrogates.surrogate import SurrogateError
from .bench_low_cost_problems import further
from .stages import Trained

__all__ = ["FORMS", "Form", "all_forms"]


@dataclass(frozen=True)
class Form:
    """How a surrogate is made cheaper.

    Attributes:
        numbers: of which its products are, as `energy` has them.
        make: from the surrogate in single precision.
        share: of the weights that are zero.
        after: what it is trained on for, before it is made.
    """

    numbers: str
    make: Callable[[Any], Any]
    share: float = 0.0
    after: Literal["", "ternary", "pruned"] = ""


def _pruned(share: float, after: Literal["", "pruned"] = "") -> Form:
    return Form("float32", partial(lowered, kind="pruned", share=share), share, after)


FORMS: dict[str, Form] = {
    "float64": Form("float64", lambda surrogate: surrogate),
    "float32": Form("float32", lambda surrogate: surrogate),
    "bfloat16": Form("bfloat16", partial(lowered, kind="bfloat16")),
    "int8": Form("int8", partial(lowered, kind="int8")),
    "narrowed-50": Form("float32", partial(lowered, kind="narrowed", share=0.5)),
    "pruned-50": _pruned(0.5),
    "pruned-90": _pruned(0.9),
    "pruned-90-trained": _pruned(0.9, "pruned"),
    "ternary": Form("ternary", partial(lowered, kind="ternary")),
    "ternary-trained": Form("ternary", partial(lowered, kind="ternary"), after="ternary"),
}
"""By name; all but the first are made of the surrogate in single precision."""


def all_forms(
    names: tuple[str, ...], trained: Trained, training_set: TrainingSet, *, share: float, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    """Surrogates by the name of their form, and why others cannot be had.

    Arguments:
        names: of `FORMS`.
        trained: in double precision.
        training_set: from which those learn on that are trained for their form.
        share: of the first descent's steps for which they do.
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
                made[name] = form.make(ready)
            else:
                made[name] = form.make(float32)
        except SurrogateError as error:
            why_not[name] = str(error)
    return made, why_not


def _trained_for(
    form: Form, float32: Any, trained: Trained, training_set: TrainingSet, *, share: float, folder: Path
) -> Any:
    assert form.after
    task, training = trained.candidate.task, trained.candidate.settings.training
    ready, _ = train_for(
        float32,
        form.after,
        task.examples(training_set, "train"),
        task.examples(training_set, "valid"),
        share=form.share,
        training=further(training, max(1, round(share * training.steps))),
        folder=folder,
    )
    return ready
