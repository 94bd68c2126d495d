"""How surrogates of steady flows are judged."""

from __future__ import annotations

from dataclasses import dataclass

from .compare import ComparisonError

__all__ = ["FlowSettings"]


@dataclass(frozen=True)
class FlowSettings:
    """How answers are judged.

    Attributes:
        rounds: how often everything is timed, in turn; medians count. What takes seconds is timed less often.
        alone: shapes that are timed alone, one after the other.
        batches: batch sizes that are tried for throughput.
        warm_starts: test shapes for which the steps that a surrogate's guess saves the solver are counted.
        threads: threads of solver and surrogate alike, when trained and timed.
    """

    rounds: int = 5
    alone: int = 8
    batches: tuple[int, ...] = (1, 8, 64)
    warm_starts: int = 24
    threads: int = 1

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        for name in ("rounds", "alone", "warm_starts", "threads"):
            value = getattr(self, name)
            if value < 1:
                option = name.replace("_", "-")
                raise ComparisonError(f"--comparison.{option} must be at least 1, got {value}")
        if not self.batches or min(self.batches) < 1:
            raise ComparisonError(f"--comparison.batches must be whole numbers from 1 on, got {self.batches}")
