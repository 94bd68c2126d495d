"""Translation without pairs in closed form: by means and covariances. What a network must beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from .alignment import GIVEN_KIND, Alignment, How, Kinds
from .surrogate import SurrogateError
from .translator import Translator

__all__ = ["GaussianTransport", "refuse_wrong_alignment"]


class GaussianTransport(Translator):
    """The linear map between two regimes that their means and covariances tell; see `Alignment`.

    Exact where fields are normal in both regimes and differ by the shortest map between the two. Off the
    leading components a field is moved by the means alone.
    """

    @dataclass(frozen=True)
    class Settings:
        """How much is seen, and how the regimes are made to agree.

        Attributes:
            components: principal components of both regimes together; so many that covariances of as many
                samples as there are tell them.
            how: `shift`, `transport` or `components`.
        """

        components: int = 32
        how: How = "transport"

        def __post_init__(self) -> None:
            refuse_wrong_alignment(self.components, self.how)

    settings: Settings
    alignment: Alignment | None = None

    def learn(self, own: Kinds, judged: Kinds, *, seed: int, folder: Path | None, progress: bool) -> None:
        """Measure both."""
        chosen = self.settings
        found = Alignment.measure(own, components=chosen.components, how=chosen.how)
        self.alignment = found.to(self.device, self.dtype)

    def translated(self, given: torch.Tensor) -> torch.Tensor:
        """See `Translator`."""
        assert self.alignment is not None
        return self.alignment.translated(given, self.alignment.numbers(given, GIVEN_KIND))

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.alignment is None:
            raise SurrogateError("GaussianTransport has not learned yet: call `fit` or `load` first")
        return self.alignment.tensors()

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.alignment = Alignment.from_tensors(tensors).to(self.device, self.dtype)


def refuse_wrong_alignment(components: int, how: str) -> None:
    """`SurrogateError` for settings that make no sense."""
    if components < 1:
        raise SurrogateError(f"components must be at least 1, got {components}")
    if how not in ("shift", "transport", "components"):
        raise SurrogateError(f"kinds are aligned by shift, transport or components, got {how!r}")
