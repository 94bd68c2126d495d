"""Transformer, Fourier operator and U-Net beside the mixer: as many steps and, within a tenth, numbers."""

from __future__ import annotations

import dataclasses

from ..datasets.tasks import Direct
from ..surrogates.field_settings import FieldSettings
from ..surrogates.field_transformer import FieldTransformer
from ..surrogates.fourier_operator import FourierOperator
from ..surrogates.training import TrainingSettings
from ..surrogates.unet import UNet
from .stages import Candidate

__all__ = ["flow_operators"]


def flow_operators(
    size: str, task: Direct, *, fields: FieldSettings, training: TrainingSettings, remark: str
) -> dict[str, Candidate]:
    """Candidates that take part where they are named."""
    quick = size == "quick"
    settings = {
        "transformer": (
            "field_transformer",
            FieldTransformer.Settings(
                patch=8,
                width=8 if quick else 104,
                heads=2 if quick else 4,
                blocks=1 if quick else 5,
                fields=fields,
                training=dataclasses.replace(training, learning_rate=1e-3),
            ),
        ),
        "fourier": (
            "fourier_operator",
            FourierOperator.Settings(
                channels=4 if quick else 24,
                modes=3 if quick else 8,
                blocks=1 if quick else 3,
                fields=fields,
                training=training,
            ),
        ),
        "small-unet": (
            "unet",
            UNet.Settings(channels=8 if quick else 18, fields=fields, training=training),
        ),
    }
    return {
        label: Candidate(module, task, chosen, dtype="float32", seeds=1, by_default=False, remark=remark)
        for label, (module, chosen) in settings.items()
    }
