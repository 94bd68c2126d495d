"""Surrogates that translate fields from one regime into another: what they share."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from ..datasets.translations import GIVEN, Archives, Translations
from .alignment import Kinds
from .blocks.energy_distance import inhomogeneity
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .training import Trained

__all__ = ["Translator", "likens", "read_kinds"]

DRAWS, SURE = 200, 0.95
"""How often held-out fields are drawn again, and in which share of the draws a translation must help."""
ASIDE = (
    "stands aside: on held-out fields of both regimes its translations were not shown to be more alike than "
    "the fields that were given, so that it answers these"
)
UNPAIRED = (
    "the error in training is no error but how unlike translations and held-out fields are, without pairs"
)


class Translator(Surrogate):
    """Fields in one regime -> the same fields in another: `given/u` -> `u`, on the same grid.

    Where it learns without pairs, no error can be measured. What can be is whether translations are
    distributed as fields of the wanted regime are, on fields that were held out. Where that is not shown, it
    stands aside: it answers what it was given, bit for bit, and so is no worse than the identity. Where it is
    shown, that is no promise: fields of the right distribution may still be those of other samples.

    A network that descends keeps the best of its checkpoints by the same held-out fields, so that of the 95 %
    with which a gain is called shown some are that choice's. Closed forms choose nothing by them.

    A subclass gives `learn` and `translated`.
    """

    learns: ClassVar[type] = Archives
    trusted: bool = True
    """Whether it answers by itself."""

    def fit(
        self,
        examples: Any,
        validation: Any,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Read both regimes into memory, learn, and see whether that shows; see `Surrogate`."""
        begin = time.perf_counter()
        self.refuse_without_both(examples, validation)
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes
        self.trusted = True
        own, judged = (read_kinds(part) for part in (examples, validation))
        trained = self.learn(own, judged, seed=seed, folder=folder, progress=progress)
        given, wanted = judged.given, judged.wanted
        answers = self._answers(given)
        if isinstance(validation, Translations):
            error, notes = _relative(answers, wanted), []
        else:
            self.trusted = likens(answers, given, wanted, seed=seed)
            found = inhomogeneity(answers if self.trusted else given, wanted)
            error, notes = float(found), [UNPAIRED, *([] if self.trusted else [ASIDE])]
        spent = time.perf_counter() - begin
        return TrainingRecord(
            seconds=spent + (0.0 if trained is None else trained.resumed),
            samples=len(examples),
            epochs=1 if trained is None else trained.epochs,
            validation_error=error,
            finished=trained is None or trained.finished,
            note="; ".join(notes),
        )

    @abstractmethod
    def learn(
        self, own: Kinds, judged: Kinds, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """Learn from fields in double precision; None where that is a closed form, which took no passes."""

    @abstractmethod
    def translated(self, given: torch.Tensor) -> torch.Tensor:
        """(batch, points) in its own precision -> the same of the wanted regime."""

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`; `SurrogateError` for fields of another shape."""
        if self.input_shapes is None or self.output_shapes is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        for name, shape in self.input_shapes.items():
            if name not in inputs or tuple(inputs[name].shape[1:]) != shape:
                got = "nothing" if name not in inputs else f"shape {tuple(inputs[name].shape)}"
                expected = ", ".join(["batch", *map(str, shape)])
                raise SurrogateError(f"expected {name!r} of shape ({expected}), got {got}")
        if not self.trusted:
            return {name: inputs[GIVEN + name].clone() for name in self.output_shapes}
        rows = torch.cat([inputs[GIVEN + name].flatten(1) for name in self.output_shapes], dim=1)
        parts = self.translated(rows).split([math.prod(s) for s in self.output_shapes.values()], dim=1)
        shaped = zip(self.output_shapes.items(), parts, strict=True)
        return {name: part.reshape(len(rows), *shape) for (name, shape), part in shaped}

    def noted(self) -> dict[str, Any]:
        """See `Surrogate`."""
        return {**super().noted(), "trusted": self.trusted}

    def recall(self, noted: Mapping[str, Any]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        self.trusted = bool(noted["trusted"])

    @torch.no_grad()
    def _answers(self, given: torch.Tensor) -> torch.Tensor:
        return self.translated(given.to(self.device, self.dtype)).double().cpu()


def read_kinds(examples: Archives | Translations) -> Kinds:
    """Both regimes in rows, in double precision; of pairs in the same order.

    Raises `SurrogateError` where a field holds NaN or infinity.
    """
    parts: list[dict[str, Any]]
    if isinstance(examples, Translations):
        held = examples.held()
        given = {name: held.inputs[GIVEN + name] for name in examples.output_shapes}
        wanted = {name: values[:, 0] for name, values in held.outputs.items()}
        parts = [given, wanted]
    else:
        parts = [examples.given, examples.wanted]
    rows = [
        torch.from_numpy(
            np.concatenate([part[n].reshape(len(part[n]), -1) for n in examples.output_shapes], axis=1)
        ).double()
        for part in parts
    ]
    if not all(torch.isfinite(part).all() for part in rows):
        raise SurrogateError("the fields hold NaN or infinity; remove those samples")
    return Kinds(*rows)


def likens(answers: torch.Tensor, given: torch.Tensor, wanted: torch.Tensor, *, seed: int) -> bool:
    """Whether translations (samples, points) are shown to be more like the wanted fields than what was given.

    By energy distances, with the fields drawn again and again from those that there are: in 95 % of the draws
    the translations must be nearer.
    """
    generator = torch.Generator().manual_seed(seed)
    between = torch.cdist(given, wanted) - torch.cdist(answers, wanted)
    within = torch.cdist(given, given) - torch.cdist(answers, answers)
    # of drawn fields some are the same, which are no distance apart: without this, narrow clouds gain by it
    within = within * (len(given) / (len(given) - 1)) ** 2
    helped = 0
    for _ in range(DRAWS):
        rows, columns = (
            torch.bincount(torch.randint(n, (n,), generator=generator), minlength=n).double() / n
            for n in between.shape
        )
        helped += bool(2 * rows @ between @ columns > rows @ within @ rows)
    return helped >= SURE * DRAWS


def _relative(answers: torch.Tensor, wanted: torch.Tensor) -> float:
    """Root mean square over all pairs."""
    return math.sqrt(float((answers - wanted).square().sum()) / (float(wanted.square().sum()) or 1.0))
