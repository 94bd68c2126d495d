"""What experiments have in common that learn from a single training set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tyro

from ..datasets.generate import GenerateSettings
from ..solvers.contract import System
from .compare import ComparisonError
from .judging import Judging

__all__ = ["OneSet"]


@dataclass(frozen=True)
class OneSet:
    """A system, a training set of it, and how surrogates are judged; subclasses say of which kind each is.

    Attributes:
        system: of which everything is asked.
        main: the training set, whose test split is judged.
        comparison: how answers are judged and timed.
        size: which sizes of surrogate: quick, default or paper.
    """

    system: System
    main: GenerateSettings
    comparison: Judging
    size: tyro.conf.Suppress[str] = "default"

    @property
    def sets(self) -> dict[str, tuple[Any, GenerateSettings]]:
        """The training set by name: of which system, and how much."""
        return {"main": (self.system, self.main)}

    @property
    def threads(self) -> int:
        """Of training and timing alike."""
        return self.comparison.threads

    def check_one_frame(self, *, judged: str, steady: str) -> None:
        """Raise `ComparisonError` for a set without test samples, or of more than one moment.

        `judged` says what a test sample gives, `steady` why there is one frame.
        """
        if self.main.test_trajectories < 1:
            raise ComparisonError(
                f"--main.test-trajectories must be at least 1: it gives the {judged} that are judged; got "
                f"{self.main.test_trajectories}"
            )
        frames = {self.main.train_frames, self.main.valid_frames, self.main.test_frames}
        if frames != {1} or self.main.transient:
            raise ComparisonError(f"{steady}: leave frames at 1 and the transient at 0")
