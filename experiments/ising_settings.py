"""How surrogates of the Ising model are judged."""

from __future__ import annotations

from dataclasses import dataclass

from .compare import ComparisonError

__all__ = ["IsingSettings"]


@dataclass(frozen=True)
class IsingSettings:
    """How answers are judged.

    Attributes:
        rounds: how often everything is timed, in turn; medians count.
        alone: temperatures that are timed alone, one after the other.
        batches: batch sizes that are tried for throughput.
        draws: of a machine, how many are tried besides those that it was set to.
        near: half the width, in parts of the critical temperature, of what counts as near it.
        shown: temperatures along a figure.
        threads: threads of solver and surrogate alike, when trained and timed.
    """

    rounds: int = 3
    alone: int = 8
    batches: tuple[int, ...] = (1, 16, 64)
    draws: tuple[int, ...] = (1024, 32_768)
    near: float = 0.1
    shown: int = 41
    threads: int = 1

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        for name in ("rounds", "alone", "threads"):
            if getattr(self, name) < 1:
                raise ComparisonError(f"--comparison.{name} must be at least 1, got {getattr(self, name)}")
        if self.shown < 2 or not self.near > 0:
            raise ComparisonError(
                "--comparison.shown must be at least 2 and --comparison.near positive, got "
                f"{self.shown} and {self.near}"
            )
        for name in ("batches", "draws"):
            if any(number < 1 for number in getattr(self, name)):
                raise ComparisonError(
                    f"--comparison.{name} must be whole numbers from 1 on, got {getattr(self, name)}"
                )
        if not self.batches:
            raise ComparisonError("--comparison.batches must name at least one size, got none")
