"""The loss of an autoregressive stepper: a few steps of its own forecast against the trajectory."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ..datasets.tasks import Trajectories
from .surrogate import SurrogateError
from .trajectory_windows import TrajectoryWindows

__all__ = ["Rollout"]

_VALIDATION_PAIRS = 4096
_VALIDATION_BATCH = 512


class Rollout:
    """An `Objective`: windows of `unroll + 1` frames, at every place of every trajectory.

    The loss is the mean square of the error, in units of `scale`, over the steps of the window; the module
    is fed its own answers. With input noise the first frame is disturbed and the target is not, so the
    module also learns to come back to the states that do occur; a free run of a stepper that never saw
    anything else can blow up, however small its one-step error.

    Arguments:
        examples, validation: trajectories in physical units.
        normalise: brings states (..., channels, *grid) into the units in which the module works.
        scale: (channels,) what an error is measured in, in those units.
        unroll: steps in the loss.
        input_noise: standard deviation of the white noise on the first frame, in those units.
        device: where the batches go.
    Raises `SurrogateError` where the trajectories are too short, or there is no validation.
    """

    def __init__(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        normalise: Callable[[torch.Tensor], torch.Tensor],
        scale: torch.Tensor,
        unroll: int,
        input_noise: float,
        device: torch.device,
    ) -> None:
        for name, given, needed in (("training", examples, unroll + 1), ("validation", validation, 2)):
            if len(given) == 0 or given.frames < needed:
                raise SurrogateError(
                    f"{name} needs at least one trajectory of {needed} frames, got {len(given)} of "
                    f"{given.frames}; generate a longer set or lower unroll (now {unroll})"
                )
        self._normalise = normalise
        self._unroll, self._noise, self._device = unroll, input_noise, device
        self._windows = TrajectoryWindows(examples, frames=unroll + 1, normalise=normalise, device=device)
        self._scale = scale.reshape(-1, *[1] * (len(examples.frame_shape) - 1)).to(device)
        self._before, self._after = self._validation(validation)

    @property
    def examples(self) -> int:
        """Windows, over all trajectories."""
        return len(self._windows)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Mean square error over the windows `indices`, in units of `scale`."""
        dtype = next(module.parameters()).dtype
        window = self._windows.take(indices).to(dtype)
        state = window[:, 0]
        if self._noise:
            # drawn on the CPU, so that it does not depend on the device
            noise = torch.randn(state.shape, generator=generator, dtype=dtype)
            state = state + self._noise * noise.to(self._device)
        scale = self._scale.to(dtype)
        total = torch.zeros((), dtype=dtype, device=self._device)
        for step in range(1, self._unroll + 1):
            state = module(state)
            total = total + ((state - window[:, step]) / scale).square().mean()
        return total / self._unroll

    def validate(self, module: nn.Module) -> float:
        """Root mean square of the one-step error relative to that of the state, without noise."""
        dtype = next(module.parameters()).dtype
        squares = 0.0
        for i in range(0, len(self._before), _VALIDATION_BATCH):
            answer = module(self._before[i : i + _VALIDATION_BATCH].to(dtype)).double()
            squares += float((answer - self._after[i : i + _VALIDATION_BATCH]).square().sum())
        return (squares / float(self._after.square().sum())) ** 0.5

    def _validation(self, validation: Trajectories) -> tuple[torch.Tensor, torch.Tensor]:
        """Pairs of frames, evenly spread over the trajectories."""
        per = max(1, _VALIDATION_PAIRS // len(validation))
        starts = torch.linspace(0, validation.frames - 2, min(per, validation.frames - 1)).long().tolist()
        before, after = [], []
        for i in range(min(len(validation), _VALIDATION_PAIRS)):
            states = self._normalise(torch.from_numpy(validation[i]))
            before.append(states[starts])
            after.append(states[[start + 1 for start in starts]])
        return torch.cat(before).to(self._device), torch.cat(after).to(self._device)
