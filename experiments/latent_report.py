"""What codes of several sizes lose of the states, and what as many principal components would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..surrogates.latent_stepper import LatentStepper

__all__ = ["reconstruction_errors"]


def reconstruction_errors(latent: Mapping[str, LatentStepper], states: torch.Tensor) -> dict[str, Any]:
    """Shares of the states' variance, about the mean of the training, that are lost.

    `autoencoders` by label, `latents` and `aligned` their settings; `components` and `components_aligned` by
    the number of principal components of the training frames as they are and moved to phase zero: these
    shares are by the same states. The phase is known in both cases, and is one number more.
    """
    found: dict[str, Any] = {"autoencoders": {}, "latents": {}, "aligned": {}}
    for label, surrogate in latent.items():
        frames = surrogate.frames
        assert frames is not None
        own = states.to(surrogate.device, surrogate.dtype)
        coordinates, phases = frames.encode(own)
        centred = own - frames.decode(torch.zeros_like(coordinates), phases)
        lost = surrogate.reconstructed(own) - own
        found["autoencoders"][label] = float(lost.square().sum() / centred.square().sum())
        found["latents"][label] = surrogate.settings.latent
        found["aligned"][label] = frames.aligned
        found.setdefault("components_aligned" if frames.aligned else "components", _lost_to(coordinates))
    return found


def _lost_to(coordinates: torch.Tensor) -> list[float]:
    """By keeping 0, 1, 2, ... of them, (samples, coordinates)."""
    squares = coordinates.square().sum(dim=0)
    kept = torch.cat([squares.new_zeros(1), squares.cumsum(dim=0)])
    return (1 - kept / kept[-1]).clamp(min=0).tolist()
