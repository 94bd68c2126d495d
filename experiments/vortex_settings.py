"""How finders of vortices are judged."""

from __future__ import annotations

from dataclasses import dataclass

from .compare import ComparisonError
from .judging import Judging

__all__ = ["VortexSettings"]


@dataclass(frozen=True)
class VortexSettings(Judging):
    """How answers are judged; see `Judging`, too.

    Attributes:
        reach: cells from the middle of a true vortex within which it counts as found.
        cutoff: cells that a vortex costs which is missed or is none; see `vortex_measures.missed_distance`.
        noises: bounds of the classes of noise, parts of the system's most noise.
        alone: fields that are timed alone, one after the other.
    """

    reach: float = 1.0
    cutoff: float = 4.0
    noises: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    rounds: int = 5
    alone: int = 8
    batches: tuple[int, ...] = (1, 16, 64)

    def check(self) -> None:
        """Raise `ComparisonError` for settings that make no sense."""
        super().check()
        for name in ("reach", "cutoff"):
            if not getattr(self, name) > 0:
                raise ComparisonError(f"--comparison.{name} must be positive, got {getattr(self, name)}")
        if len(self.noises) < 2 or any(b <= a for a, b in zip(self.noises, self.noises[1:], strict=False)):
            raise ComparisonError(f"--comparison.noises must rise and be at least two, got {self.noises}")
