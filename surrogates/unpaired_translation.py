"""Translation without pairs by one encoder and two decoders."""

from __future__ import annotations

from dataclasses import dataclass

from .shared_translation import EncoderSettings, SharedTranslation
from .training import Objective, TrainingSettings
from .translation_fit import Aligned, MatchingFit, MatchSettings

__all__ = ["UnpairedTranslation"]


class UnpairedTranslation(SharedTranslation):
    """Fields of two regimes, encoded by one encoder: translated by the other regime's decoder.

    For two archives that have no sample in common. What makes a translation of it: codes and translations
    are distributed as they should be, a translation back comes home, and among all such maps one near the
    closed form of means and covariances is taken, from which it starts. Where pairs can be had, even a few,
    take `paired_translation` or `translation_regression`: no loss here knows which field belongs to which.

    The checkpoint that is kept, and whether it is kept at all, follow from held-out fields without pairs: the
    energy distance of translations and wanted fields. A map that mixes up samples is not noticed by that.

    References: Liu, Breuel & Kautz 2017 (arXiv:1703.00848); Zhu et al. 2017 (arXiv:1703.10593).
    """

    @dataclass(frozen=True)
    class Settings:
        """The network, what it makes small, and how.

        Attributes:
            encoder: its size, and from where it starts.
            weights: of the loss's parts.
            training: optimiser, steps, schedule.
        """

        encoder: EncoderSettings = EncoderSettings()  # noqa: RUF009 (frozen)
        weights: MatchSettings = MatchSettings()  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=1_000, batch=256, optimiser="adam", learning_rate=1e-3, clip=1.0, check_every=50
        )

    settings: Settings

    def fit_of(self, own: Aligned, judged: Aligned) -> Objective:
        """See `SharedTranslation`."""
        return MatchingFit(own, judged, self.settings.weights)
