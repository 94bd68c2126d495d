"""What a latent model makes small: errors of reconstructed frames, and of steps between their codes."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["LatentSteps", "Reconstruction"]

_VALIDATION = 8_192
"""Samples that a validation looks at, at most; evenly spread."""


class Reconstruction:
    """An `Objective`: frames (samples, features) through an autoencoder and back, mean square error.

    The validation error is relative, root mean square.
    """

    def __init__(self, own: torch.Tensor, judged: torch.Tensor) -> None:
        self._own = own
        self._judged = judged[:: -(-len(judged) // _VALIDATION)]

    @property
    def examples(self) -> int:
        """Frames."""
        return len(self._own)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Squared errors, summed over the features and averaged over the frames."""
        frames = self._own[indices.to(self._own.device)].to(next(module.parameters()).dtype)
        return (module(frames) - frames).square().sum(dim=-1).mean()

    def validate(self, module: nn.Module) -> float:
        """Of what the frames are."""
        frames = self._judged.to(next(module.parameters()).dtype)
        return float(((module(frames) - frames).square().sum() / frames.square().sum()).sqrt())


class LatentSteps:
    """An `Objective`: windows of codes, stepped freely from their first; mean square error.

    Arguments:
        own, judged: (trajectories, frames, latent) codes, scaled, and a last number that only counts by its
            changes, such as a phase.
        scale: (latent + 1,) what each number's error is measured in.
        unroll: steps in the loss.
        noise: standard deviation of the white noise on the first code, so that the map learns to come back.
    """

    def __init__(
        self, own: torch.Tensor, judged: torch.Tensor, *, scale: torch.Tensor, unroll: int, noise: float
    ) -> None:
        self._own, self._scale, self._unroll, self._noise = own, scale, unroll, noise
        self._places = own.shape[1] - unroll
        pairs = torch.stack([judged[:, :-1], judged[:, 1:]], dim=2).flatten(0, 1)
        pairs = pairs - pairs[:, :1] * _last(pairs)
        self._judged = pairs[:: -(-len(pairs) // _VALIDATION)]

    @property
    def examples(self) -> int:
        """Windows."""
        return len(self._own) * self._places

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Over all steps of the windows `indices`, in units of `scale`."""
        dtype = next(module.parameters()).dtype
        rows, starts = indices // self._places, indices % self._places
        window = self._own[rows[:, None], starts[:, None] + torch.arange(self._unroll + 1)]
        window = (window - window[:, :1, -1:] * _last(window)).to(dtype)
        code = window[:, 0]
        if self._noise:
            noise = torch.randn(code.shape, generator=generator, dtype=dtype).to(code.device)
            code = code + self._noise * noise * (1 - _last(code))
        scale, total = self._scale.to(dtype), torch.zeros((), dtype=dtype, device=code.device)
        for step in range(1, self._unroll + 1):
            code = module(code)
            total = total + ((code - window[:, step]) / scale).square().mean()
        return total / self._unroll

    def validate(self, module: nn.Module) -> float:
        """Root mean square of one step's error, in units of `scale`: 1 is who says that nothing changes."""
        dtype = next(module.parameters()).dtype
        before, after = self._judged[:, 0].to(dtype), self._judged[:, 1].to(dtype)
        return float(((module(before) - after) / self._scale.to(dtype)).square().mean().sqrt())


def _last(codes: torch.Tensor) -> torch.Tensor:
    """1 for the last number, 0 for the others."""
    found = torch.zeros(codes.shape[-1], dtype=codes.dtype, device=codes.device)
    found[-1] = 1
    return found
