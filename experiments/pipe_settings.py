"""How surrogates of pipe flow are judged."""

from __future__ import annotations

from dataclasses import dataclass

from .compare import ComparisonError

__all__ = ["PipeSettings"]


@dataclass(frozen=True)
class PipeSettings:
    """How answers are judged.

    Attributes:
        rounds: how often everything is timed, in turn; medians count.
        alone: pipes that are timed alone, one after the other.
        batches: batch sizes that are tried for throughput.
        map_points: Reynolds numbers across a map of errors; half as many roughnesses.
        threads: threads of solver and surrogate alike, when trained and timed.
    """

    rounds: int = 7
    alone: int = 16
    batches: tuple[int, ...] = (1, 64, 1024, 16_384, 131_072)
    map_points: int = 160
    threads: int = 1

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        for name in ("rounds", "alone", "map_points", "threads"):
            value = getattr(self, name)
            if value < 1:
                option = name.replace("_", "-")
                raise ComparisonError(f"--comparison.{option} must be at least 1, got {value}")
        if not self.batches or min(self.batches) < 1:
            raise ComparisonError(f"--comparison.batches must be whole numbers from 1 on, got {self.batches}")
