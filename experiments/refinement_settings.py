"""How refinements of coarse frames are judged, and whether sets and surrogates fit that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..datasets.generate import GenerateSettings
from ..datasets.observations import Coarse, Observed
from ..solvers.contract import System
from .compare import ComparisonError
from .judging import Judging
from .stages import Candidate

__all__ = ["RefinementSettings"]


@dataclass(frozen=True)
class RefinementSettings(Judging):
    """How answers are judged; see `Judging`, too.

    Attributes:
        factor: points of the fine grid for each that is seen.
        histories: numbers of frames that the solver is given, each a setting of the ladder.
        every: frames from one test window to the next.
        members: of the ensembles that are scored.
    """

    factor: int = 8
    histories: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128)
    every: int = 32
    members: int = 32
    rounds: int = 7
    alone: int = 3
    batches: tuple[int, ...] = (1, 16, 128)

    @property
    def longest(self) -> int:
        """Frames of a test window."""
        return max(self.histories)

    def check_all(self, candidates: Mapping[str, Candidate], main: GenerateSettings, system: System) -> None:
        """Raise `ComparisonError` for settings that make no sense or do not fit one another."""
        self.check()
        self.refuse_below(1, "every")
        self.refuse_below(2, "members")
        if min(self.histories, default=0) < 2:
            raise ComparisonError(
                f"--comparison.histories must be one or more whole numbers from 2 on, got {self.histories}"
            )
        if len(set(self.histories)) < len(self.histories):
            raise ComparisonError(f"--comparison.histories holds a number twice: {self.histories}")
        Coarse(self.factor).shapes((1, *system.grid))  # says what is wrong with the factor
        if main.test_trajectories < 1 or main.valid_trajectories < 1:
            raise ComparisonError("--main.test-trajectories and --main.valid-trajectories must be at least 1")
        if self.longest > main.test_frames:
            raise ComparisonError(
                f"--comparison.histories has {self.longest} frames, but a test trajectory "
                f"{main.test_frames}; shorten the histories or raise --main.test-frames"
            )
        for label, candidate in candidates.items():
            self._check_task(label, candidate, main)

    def _check_task(self, label: str, candidate: Candidate, main: GenerateSettings) -> None:
        task = candidate.task
        if not isinstance(task, Observed) or task.instrument != Coarse(self.factor):
            raise ComparisonError(
                f"{label} is not given what is seen on {self.factor} times fewer points (--comparison.factor)"
            )
        known = min(self.longest, main.train_frames, main.valid_frames)
        if task.window > known:
            raise ComparisonError(
                f"{label} is given windows of {task.window} frames, but trajectories and "
                f"--comparison.histories have {known}; lengthen these"
            )
