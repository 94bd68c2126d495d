"""The loss of a forecaster that remembers: true frames fill its memory, then it steps freely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from ..datasets.tasks import Trajectories
from .memory_network import MemoryNetwork
from .surrogate import SurrogateError
from .trajectory_windows import TrajectoryWindows

__all__ = ["SequenceRollout", "SequenceWindow"]

_VALIDATION_WINDOWS = 512
_VALIDATION_BATCH = 128


@dataclass(frozen=True)
class SequenceWindow:
    """What the frames of a window are for: first a warm-up, then the state of a start, then free steps.

    Attributes:
        warm_up: true frames before the start, which fill the memory.
        burn_in: of these, the first so many do not count in the loss. What is answered to the others, all
            before being true, counts as a free step does. As many as `warm_up`: free steps alone count.
        unroll: free steps; all but the first are fed the network's own answers.
        input_noise: standard deviation of the white noise on the true frames, in the units of the network.
    """

    warm_up: int
    burn_in: int
    unroll: int
    input_noise: float

    def __post_init__(self) -> None:
        if not 0 <= self.burn_in <= self.warm_up or self.unroll < 1 or self.input_noise < 0:
            raise SurrogateError(
                "warm_up must be at least 0, burn_in between 0 and warm_up, unroll at least 1 and "
                f"input_noise at least 0; got {self.warm_up}, {self.burn_in}, {self.unroll} and "
                f"{self.input_noise}"
            )


class SequenceRollout:
    """An `Objective`: windows of `warm_up + 1 + unroll` frames, at every place of every trajectory.

    The network takes in warm-up and start at once, and from then on is fed its own answers. The loss is the
    mean square of the error, in units of `scale`, over all steps that count. With noise the frames that it
    is given are disturbed and the targets are not: see `Rollout`.

    A network that is only ever fed the truth is not told how its errors grow: unrolling makes forecasts of
    chaos last longer (Sangiorgio & Dercole 2020, doi:10.1016/j.chaos.2020.110045). One that is only ever fed
    its own answers learns slowly, for a window then teaches it a step or two.

    Arguments:
        examples, validation: trajectories in physical units.
        window: what the frames of a window are for.
        normalise: brings states (..., channels, *grid) into the units in which the network works.
        scale: (channels,) what an error is measured in, in those units.
        device: where the batches go.
    Raises `SurrogateError` where the trajectories are too short, or there is no validation.
    """

    def __init__(
        self,
        examples: Trajectories,
        validation: Trajectories,
        window: SequenceWindow,
        *,
        normalise: Callable[[torch.Tensor], torch.Tensor],
        scale: torch.Tensor,
        device: torch.device,
    ) -> None:
        seen = window.warm_up + 1
        for name, given, needed in (
            ("training", examples, seen + window.unroll),
            ("validation", validation, seen + 1),
        ):
            if len(given) == 0 or given.frames < needed:
                raise SurrogateError(
                    f"{name} needs at least one trajectory of {needed} frames, got {len(given)} of "
                    f"{given.frames}; generate a longer set, or lower warm_up (now {window.warm_up}) or "
                    f"unroll (now {window.unroll})"
                )
        self._window, self._device = window, device
        self._scale = scale.reshape(-1, *[1] * (len(examples.frame_shape) - 1)).to(device)
        self._windows = TrajectoryWindows(
            examples, frames=seen + window.unroll, normalise=normalise, device=device
        )
        held = TrajectoryWindows(validation, frames=seen + 1, normalise=normalise, device=device)
        count = min(_VALIDATION_WINDOWS, len(held))
        places = torch.linspace(0, len(held) - 1, count, dtype=torch.float64)
        self._held = held.take(places.round().long())

    @property
    def examples(self) -> int:
        """Windows, over all trajectories."""
        return len(self._windows)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Mean square error over the windows `indices`, in units of `scale`."""
        assert isinstance(module, MemoryNetwork)
        dtype = next(module.parameters()).dtype
        window = self._windows.take(indices).to(dtype)
        chosen, first = self._window, self._window.burn_in
        given = window[:, : chosen.warm_up + 1]
        if chosen.input_noise:
            # drawn on the CPU, so that it does not depend on the device
            noise = torch.randn(given.shape, generator=generator, dtype=dtype)
            given = given + chosen.input_noise * noise.to(self._device)
        features, memory = module.remember(given, None)
        answers = [module.answer(given[:, first:], features[:, first:])]
        for _ in range(chosen.unroll - 1):
            following, memory = module(answers[-1][:, -1:], memory)
            answers.append(following)
        errors = (torch.cat(answers, dim=1) - window[:, first + 1 :]) / self._scale.to(dtype)
        return errors.square().mean()

    def validate(self, module: nn.Module) -> float:
        """Root mean square error of the first step after a warm-up, relative to the state, without noise."""
        assert isinstance(module, MemoryNetwork)
        dtype = next(module.parameters()).dtype
        squares = 0.0
        for part in self._held.split(_VALIDATION_BATCH):
            given = part[:, :-1].to(dtype)
            features, _ = module.remember(given, None)
            answer = module.answer(given[:, -1:], features[:, -1:]).double()
            squares += float((answer - part[:, -1:]).square().sum())
        return (squares / float(self._held[:, -1].square().sum())) ** 0.5
