"""What the training of a network that rebuilds windows makes small."""

from __future__ import annotations

import torch
from torch import nn

from .rebuilder import Windows

__all__ = ["RebuildingFit"]

_VALIDATION = 1_024
"""Windows that a validation looks at, at most; evenly spread."""
_AT_ONCE = 128


class RebuildingFit:
    """An `Objective`: windows as the network sees them, normalised; mean square error.

    The module takes channels (batch, frames, 2, points), seen values and where they are known, and answers
    (batch, frames, points).

    Arguments:
        own, judged: what to learn and what to be judged by.
        mean: (points,) and `deviation`: what is taken off the values, and what the rest is divided by.
        device: where the windows are held.
    """

    def __init__(
        self,
        own: Windows,
        judged: Windows,
        *,
        mean: torch.Tensor,
        deviation: torch.Tensor,
        device: torch.device,
    ) -> None:
        self._mean, self._deviation = mean.to(device), deviation.to(device)
        self._own, self._judged = (
            tuple(part[::every].to(device) for part in (windows.seen, windows.known, windows.true))
            for windows, every in ((own, 1), (judged, -(-len(judged) // _VALIDATION)))
        )

    @property
    def examples(self) -> int:
        """Windows."""
        return len(self._own[0])

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Over all values of the windows `indices`, in units of the field's variance."""
        channels, true = self._normalised(self._own, indices.to(self._own[0].device), module)
        loss: torch.Tensor = (module(channels) - true).square().mean()
        return loss

    def validate(self, module: nn.Module) -> float:
        """Root mean square error relative to the field's own, mean included."""
        wrong = 0.0
        for some in torch.arange(len(self._judged[0])).split(_AT_ONCE):
            channels, true = self._normalised(self._judged, some.to(self._judged[0].device), module)
            wrong += float((module(channels) - true).double().square().sum())
        whole = float(self._judged[2].double().square().sum()) or 1.0
        return float(self._deviation) * (wrong / whole) ** 0.5

    def _normalised(
        self, windows: tuple[torch.Tensor, ...], indices: torch.Tensor, module: nn.Module
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Channels and truth, in the module's precision."""
        dtype = next(module.parameters()).dtype
        seen, known, true = (part[indices].to(dtype) for part in windows)
        mean, deviation = self._mean.to(dtype), self._deviation.to(dtype)
        return channels_of(seen, known, mean=mean, deviation=deviation), (true - mean) / deviation


def channels_of(
    seen: torch.Tensor, known: torch.Tensor, *, mean: torch.Tensor, deviation: torch.Tensor
) -> torch.Tensor:
    """(batch, frames, points) both -> (batch, frames, 2, points), zero where nothing is known."""
    return torch.stack([known * (seen - mean) / deviation, known], dim=2)
