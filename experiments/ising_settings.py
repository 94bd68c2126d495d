"""How surrogates of the Ising model are judged."""

from __future__ import annotations

from dataclasses import dataclass

from .compare import ComparisonError
from .judging import Judging

__all__ = ["IsingSettings"]


@dataclass(frozen=True)
class IsingSettings(Judging):
    """How answers are judged; see `Judging`, too.

    Attributes:
        alone: temperatures that are timed alone, one after the other.
        draws: of a machine, how many are tried besides those that it was set to.
        near: half the width, in parts of the critical temperature, of what counts as near it.
        shown: temperatures along a figure.
    """

    rounds: int = 3
    alone: int = 8
    batches: tuple[int, ...] = (1, 16, 64)
    draws: tuple[int, ...] = (1024, 32_768)
    near: float = 0.1
    shown: int = 41

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        super().check()
        self.refuse_below(2, "shown")
        if not self.near > 0:
            raise ComparisonError(f"--comparison.near must be positive, got {self.near}")
        if any(number < 1 for number in self.draws):
            raise ComparisonError(f"--comparison.draws must be whole numbers from 1 on, got {self.draws}")
