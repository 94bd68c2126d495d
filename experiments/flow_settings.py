"""How surrogates of steady flows are judged."""

from __future__ import annotations

from dataclasses import dataclass

from .judging import Judging

__all__ = ["FlowSettings"]


@dataclass(frozen=True)
class FlowSettings(Judging):
    """How answers are judged; see `Judging`, too.

    Attributes:
        alone: shapes that are timed alone, one after the other.
        warm_starts: test shapes for which the steps that a surrogate's guess saves the solver are counted.
    """

    rounds: int = 5
    alone: int = 8
    batches: tuple[int, ...] = (1, 8, 64)
    warm_starts: int = 24

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        super().check()
        self.refuse_below(1, "warm_starts")
