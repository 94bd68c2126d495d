"""The network of `unpaired_translation`, told which field belongs to which: what pairs are worth to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..datasets.translations import Translations
from .shared_translation import EncoderSettings, SharedTranslation
from .training import Objective, TrainingSettings
from .translation_fit import Aligned, RegressionFit

__all__ = ["PairedTranslation"]


class PairedTranslation(SharedTranslation):
    """The same encoder and decoder, from the same start, by plain regression on pairs."""

    @dataclass(frozen=True)
    class Settings:
        """The network, and how it descends.

        Attributes:
            encoder: its size, and from where it starts.
            training: optimiser, steps, schedule.
        """

        encoder: EncoderSettings = EncoderSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=2_000, batch=128, optimiser="adam", learning_rate=1e-3, check_every=100
        )

    settings: Settings
    learns: ClassVar[type] = Translations

    def fit_of(self, own: Aligned, judged: Aligned) -> Objective:
        """See `SharedTranslation`."""
        return RegressionFit(own, judged)
