"""Forecasters whose memory is learned: what recurrent networks of any kind share."""

from __future__ import annotations

import dataclasses
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ..datasets.tasks import Trajectories
from .forecaster import Forecaster, Memory
from .memory_network import MemoryNetwork
from .sequence_rollout import SequenceRollout, SequenceWindow
from .surrogate import SurrogateError, TrainingRecord
from .training import TrainingSettings, train

__all__ = ["RecurrentStepper"]


class RecurrentStepper(Forecaster):
    """True past frames fill a memory that a gradient has shaped; then the network is fed its own answers.

    A subclass gives the network and what is measured before it learns; its `Settings` have the field
    `training` besides its own.
    """

    module: MemoryNetwork | None = None

    @property
    def training(self) -> TrainingSettings:
        """The settings of the descent."""
        found: TrainingSettings = self.settings.training
        return found

    @property
    @abstractmethod
    def window(self) -> SequenceWindow:
        """Warm-up and free steps that it learns from."""

    @abstractmethod
    def measure(self, examples: Trajectories) -> torch.Tensor:
        """Take from the data, in closed form, what the network is not to learn; return the units of errors,
        (channels,) of normalised states.
        """

    @abstractmethod
    def measured(self) -> dict[str, torch.Tensor]:
        """What was measured, by name, as it is stored beside the weights."""

    @abstractmethod
    def recall_measured(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take `measured()` back."""

    @abstractmethod
    def network(self) -> MemoryNetwork:
        """A new network, for what was measured."""

    @abstractmethod
    def normalise(self, states: torch.Tensor) -> torch.Tensor:
        """(..., channels, *grid) in physical units -> the units in which the network works, as many axes."""

    @abstractmethod
    def denormalise(self, states: torch.Tensor) -> torch.Tensor:
        """Undoes `normalise`, for (batch, channels, *grid)."""

    def fit(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Measure what is measured, then descend; see `Surrogate`."""
        begin = time.perf_counter()
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        scale = self.measure(examples)
        # networks draw from torch's global generator; it is put back as it was
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            module = self.network().to(self.device, torch.float32)
        objective = SequenceRollout(
            examples, validation, self.window, normalise=self.normalise, scale=scale, device=self.device
        )
        prepared = time.perf_counter() - begin
        end = train(
            module,
            objective,
            self.training,
            seed=seed,
            folder=folder,
            identity=self._identity(examples, scale),
            progress=progress,
        )
        self.module = module.to(self.dtype).eval()
        return TrainingRecord(
            seconds=prepared + end.seconds,
            samples=len(examples) * examples.frames,
            epochs=end.epochs,
            validation_error=end.validation_error,
            finished=end.finished,
        )

    @property
    def history_frames(self) -> int:
        """Frames of warm-up and the initial state."""
        return self.window.warm_up + 1

    def warm_up(self, history: torch.Tensor) -> Memory:
        """Memory after the last `warm_up` frames of the history, which is as many as it has learned with."""
        module, frames = self._trained(history.shape[2:]), self.window.warm_up
        if history.shape[1] < frames:
            raise SurrogateError(
                f"{type(self).__name__} needs {frames} frames before the initial state, got "
                f"{history.shape[1]}; give it more of the past, or train it with a shorter warm_up"
            )
        if frames == 0:
            return None
        history = history[:, -frames:]
        self.refuse_strange(history.flatten(0, 1))
        with torch.no_grad():
            return module.remember(self.normalise(history), None)[1]

    def step(self, state: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """See `Forecaster`."""
        module = self._trained(state.shape[1:])
        self.refuse_strange(state)
        with torch.no_grad():
            following, after = module(self.normalise(state)[:, None], memory)
            return self.denormalise(following[:, 0]), after

    def refuse_strange(self, states: torch.Tensor) -> None:
        """`SurrogateError` for states (batch, channels, *grid) that it cannot take in, if there are such."""
        return

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Forecaster`."""
        if self.module is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        weights = {f"network.{name}": t for name, t in self.module.state_dict().items()}
        return {**weights, **self.measured()}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Forecaster`."""
        self.recall_measured(tensors)
        with torch.random.fork_rng(devices=[]):
            module = self.network().to(self.device, self.dtype)
        weights = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        module.load_state_dict(weights)
        self.module = module.eval()

    def _trained(self, frame_shape: Sequence[int]) -> MemoryNetwork:
        if self.module is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        if tuple(frame_shape) != self.frame_shape:
            raise SurrogateError(
                f"{type(self).__name__} was trained on frames (channels, *grid) of {self.frame_shape}, "
                f"got {tuple(frame_shape)}"
            )
        return self.module

    def _identity(self, examples: Trajectories, scale: torch.Tensor) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and what was measured on the data."""
        own = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        data = {
            "interval": examples.interval,
            "trajectories": len(examples),
            "frames": examples.frames,
            "frame_shape": list(examples.frame_shape),
            "scale": scale.tolist(),
        }
        numbers = {name: t.tolist() for name, t in self.measured().items() if t.ndim == 1}
        return {"surrogate": type(self).__name__, "settings": own, "data": {**data, **numbers}}
