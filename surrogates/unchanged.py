"""The null model of translations: fields are answered as they were given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch

from .alignment import Kinds
from .surrogate import TrainingRecord
from .translator import Translator

__all__ = ["Unchanged"]


class Unchanged(Translator):
    """The identity. A translation that does not beat it has no skill."""

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    settings: Settings
    null: ClassVar[bool] = True

    def fit(
        self,
        examples: Any,
        validation: Any,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Note the shapes; see `Translator`."""
        # that it answers what it was given is no news
        return replace(super().fit(examples, validation, seed=seed, folder=folder), note="")

    def learn(self, own: Kinds, judged: Kinds, *, seed: int, folder: Path | None, progress: bool) -> None:
        """There is nothing to learn."""

    def translated(self, given: torch.Tensor) -> torch.Tensor:
        """See `Translator`."""
        return given.clone()

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        return {}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
