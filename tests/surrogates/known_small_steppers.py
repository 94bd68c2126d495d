"""Steppers of travelling waves that are soon trained, and a start that they have not seen."""

from typing import Any

import torch
from known_dynamics import in_memory, travelling_waves
from understudy.surrogates.blocks.matrix_layers import matrix_layers
from understudy.surrogates.propagation import SteppingSettings
from understudy.surrogates.training import TrainingSettings

__all__ = ["OTHERS", "START", "TRAINING", "WAVES", "fitted", "matrices", "said", "waves_of"]

TRAINING = TrainingSettings(steps=60, batch=16, check_every=20)
WAVES = in_memory(travelling_waves(trajectories=6, frames=20, points=16, seed=0) ** 3)
OTHERS = in_memory(travelling_waves(trajectories=3, frames=20, points=16, seed=1) ** 3)
START = torch.from_numpy(OTHERS[0][:1]).clone()


def waves_of(kind: Any, **how: Any) -> Any:
    # without a linear part, so that the network does the work
    stepping = SteppingSettings(linear=False)
    return kind(kind.Settings(stepping=stepping, training=TRAINING, **how))


def fitted(kind: Any, **how: Any) -> Any:
    stepper = waves_of(kind, **how)
    stepper.fit(WAVES, OTHERS, seed=0)
    return stepper


def said(surrogate: Any) -> torch.Tensor:
    answer: torch.Tensor = surrogate({"frame": START})["frame"]
    return answer


def matrices(surrogate: Any) -> list[torch.Tensor]:
    (network,) = surrogate.networks().values()
    return [layer.weight.detach() for layer in matrix_layers(network).values()]
