"""Translation with pairs in closed form: ridge regression between principal components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from ..datasets.translations import Translations
from .alignment import Kinds
from .ridge import NormalEquations
from .surrogate import SurrogateError
from .translator import Translator

__all__ = ["TranslationRegression"]


class TranslationRegression(Translator):
    """What a regime adds to a field, as a linear function of the given field's principal components.

    Needs pairs: it is what translations without pairs are measured by.
    """

    @dataclass(frozen=True)
    class Settings:
        """The regression.

        Attributes:
            components: of the given fields, at most.
            ridge: weight of the squared weights against the mean squared error; components in units of the
                widest one's deviation.
        """

        components: int = 64
        ridge: float = 1e-4

        def __post_init__(self) -> None:
            if self.components < 1 or not self.ridge >= 0:
                raise SurrogateError(
                    f"components must be at least 1 and ridge at least 0, got {self.components} and "
                    f"{self.ridge}"
                )

    settings: Settings
    learns: ClassVar[type] = Translations
    parts: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None
    """(points,) mean given, (points, components) directions, (1 + components, points) weights."""

    def learn(self, own: Kinds, judged: Kinds, *, seed: int, folder: Path | None, progress: bool) -> None:
        """Solve the normal equations once."""
        mean = own.given.mean(dim=0)
        centred = own.given - mean
        _, values, rows = torch.linalg.svd(centred, full_matrices=False)
        kept = min(self.settings.components, int((values > 1e-10 * values[0]).sum()))
        if not kept:
            raise SurrogateError("all fields that are given are alike; there is nothing to learn from")
        directions = rows[:kept].mT * (len(centred) ** 0.5 / values[0])
        equations = NormalEquations(1 + kept, centred.shape[1])
        features = torch.cat([torch.ones(len(centred), 1).double(), centred @ directions], dim=1)
        equations.add(np.asarray(features), np.asarray(own.wanted - own.given))
        weights = torch.from_numpy(equations.solve(self.settings.ridge * equations.samples))
        self.restore({"mean": mean, "directions": directions, "weights": weights})

    def translated(self, given: torch.Tensor) -> torch.Tensor:
        """See `Translator`."""
        assert self.parts is not None
        mean, directions, weights = self.parts
        return given + weights[0] + (given - mean) @ directions @ weights[1:]

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.parts is None:
            raise SurrogateError("TranslationRegression has not learned yet: call `fit` or `load` first")
        return dict(zip(NAMES, self.parts, strict=True))

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        mean, directions, weights = (tensors[n].to(self.device, self.dtype).contiguous() for n in NAMES)
        self.parts = mean, directions, weights


NAMES = ("mean", "directions", "weights")
