"""Can a network follow the Kuramoto-Sivashinsky equation from one smooth start, for half a Lyapunov time?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..surrogates.pinn import PINN
from ..surrogates.pinn_network import NetworkSettings
from .one_query_experiment import OneQueryExperiment, one_query_presets

__all__ = ["PRESETS", "Settings", "compare_with_solver"]


@dataclass(frozen=True)
class Settings(OneQueryExperiment):
    """See `OneQueryExperiment`."""

    recommended: ClassVar[PINN.Settings] = PINN.Settings(network=NetworkSettings(harmonics=4))
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "even-points": {"resampling": "even"},
        "soft-start": {"built_in": False},
        "one-harmonic": {"harmonics": 1},
        "causal": {"causality": 1.0},
    }

    system: KuramotoSivashinsky


compare_with_solver = Settings.compare
PRESETS = one_query_presets(
    Settings,
    KuramotoSivashinsky(),
    quick=KuramotoSivashinsky(points=32),
    horizon=10.0,
    seconds=120.0,
    frames=80,
)
