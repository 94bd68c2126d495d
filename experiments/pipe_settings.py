"""How surrogates of pipe flow are judged."""

from __future__ import annotations

from dataclasses import dataclass

from .judging import Judging

__all__ = ["PipeSettings"]


@dataclass(frozen=True)
class PipeSettings(Judging):
    """How answers are judged; see `Judging`, too.

    Attributes:
        alone: pipes that are timed alone, one after the other.
        map_points: Reynolds numbers across a map of errors; half as many roughnesses.
    """

    rounds: int = 7
    alone: int = 16
    batches: tuple[int, ...] = (1, 64, 1024, 16_384, 131_072)
    map_points: int = 160

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        super().check()
        self.refuse_below(1, "map_points")
