"""How answers are timed, as every comparison is told it, and what of that makes no sense."""

from __future__ import annotations

from dataclasses import dataclass

from .compare import ComparisonError

__all__ = ["Judging"]


@dataclass(frozen=True)
class Judging:
    """How answers are judged.

    Attributes:
        rounds: how often everything is timed, in turn; medians count. What takes seconds is timed less often.
        alone: queries that are timed alone, one after the other.
        batches: batch sizes that are tried for throughput.
        threads: threads of solver and surrogate alike, when trained and timed.
    """

    rounds: int = 5
    alone: int = 8
    batches: tuple[int, ...] = (1, 8, 64)
    threads: int = 1

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        self.refuse_below(1, "rounds", "alone", "threads")
        self.refuse_sizes("batches")

    def refuse_below(self, least: int, *names: str) -> None:
        """Raise `ComparisonError` where one of these settings is less than that."""
        for name in names:
            if getattr(self, name) < least:
                raise ComparisonError(f"{_option(name)} must be at least {least}, got {getattr(self, name)}")

    def refuse_sizes(self, name: str) -> None:
        """Raise `ComparisonError` where this setting is not one or more whole numbers from 1 on."""
        if min(getattr(self, name), default=0) < 1:
            raise ComparisonError(
                f"{_option(name)} must be one or more whole numbers from 1 on, got {getattr(self, name)}"
            )


def _option(name: str) -> str:
    return f"--comparison.{name.replace('_', '-')}"
