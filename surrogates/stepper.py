"""Surrogates that a gradient trains to step: what MLP, CNN and ResNet share."""

from __future__ import annotations

import dataclasses
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..datasets.tasks import Trajectories
from .forecaster import Forecaster, Memory
from .linear_part import LinearPart
from .propagation import Propagation, SteppingSettings
from .rollout import Rollout
from .scaling import Scaling
from .surrogate import SurrogateError, TrainingRecord
from .training import TrainingSettings, train

__all__ = ["Stepper"]


class Stepper(Forecaster):
    """An autoregressive stepper on a periodic grid: u -> P u + what a network adds.

    A subclass gives the network; its `Settings` have the fields `stepping` and `training` besides its own.
    """

    module: Propagation | None = None
    scaling: Scaling | None = None

    @property
    def stepping(self) -> SteppingSettings:
        """The settings of the step and its loss."""
        found: SteppingSettings = self.settings.stepping
        return found

    @property
    def training(self) -> TrainingSettings:
        """The settings of the descent."""
        found: TrainingSettings = self.settings.training
        return found

    @abstractmethod
    def network(self, channels: int, grid: Sequence[int]) -> nn.Module:
        """A new network (batch, channels, *grid) -> the same shape, on normalised states."""

    def fit(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Scaling and linear part in closed form, then the network by the gradient loop; see `Surrogate`."""
        begin = time.perf_counter()
        self.refuse_other_than_periodic(examples)
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        self.scaling = Scaling.measure(examples)
        linear = LinearPart.measure(
            examples,
            self.scaling.normalise,
            linear=self.stepping.linear,
            conserve_mean=self.stepping.conserve_mean,
            filter_floor=self.stepping.filter_floor,
        )
        # the blocks draw from torch's global generator; it is put back as it was
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            module = self._build(linear).to(self.device, torch.float32)
        objective = self._rollout(examples, validation, linear)
        prepared = time.perf_counter() - begin
        end = train(
            module,
            objective,
            self.training,
            seed=seed,
            folder=folder,
            identity=self._identity(examples, linear),
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

    def objective(self, examples: Trajectories, validation: Trajectories) -> Rollout:
        """See `further_training`: scaling, linear part and the unit of errors stay those of the first set."""
        return self._rollout(examples, validation, self._ready()[0].linear)

    def step(self, state: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """See `Forecaster`."""
        module, scaling = self._ready()
        if tuple(state.shape[1:]) != self.frame_shape:
            raise SurrogateError(
                f"{type(self).__name__} was trained on frames (channels, *grid) of {self.frame_shape}, "
                f"got {tuple(state.shape[1:])}"
            )
        with torch.no_grad():
            return scaling.denormalise(module(scaling.normalise(state))), memory

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Forecaster`."""
        module, scaling = self._ready()
        weights = {f"network.{name}": t for name, t in module.network.state_dict().items()}
        return {**weights, **scaling.tensors(), **module.linear.tensors()}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Forecaster`."""
        assert self.frame_shape is not None
        self.scaling = Scaling.from_tensors(tensors, dimensions=len(self.frame_shape) - 1)
        with torch.random.fork_rng(devices=[]):
            module = self._build(LinearPart.from_tensors(tensors)).to(self.device, self.dtype)
        weights = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        module.network.load_state_dict(weights)
        self.module = module.eval()

    def _build(self, linear: LinearPart) -> Propagation:
        assert self.frame_shape is not None
        channels, *grid = self.frame_shape
        coarse = self.stepping.coarse(grid)
        return Propagation(self.network(channels, coarse), linear, grid=grid, coarse=coarse)

    def _rollout(self, examples: Trajectories, validation: Trajectories, linear: LinearPart) -> Rollout:
        assert self.scaling is not None
        return Rollout(
            examples,
            validation,
            normalise=self.scaling.normalise,
            scale=linear.remainder,
            unroll=self.stepping.unroll,
            input_noise=self.stepping.input_noise,
            device=self.device,
        )

    def _ready(self) -> tuple[Propagation, Scaling]:
        if self.module is None or self.scaling is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return self.module, self.scaling

    def _identity(self, examples: Trajectories, linear: LinearPart) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and what was measured on the data."""
        assert self.scaling is not None
        own = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        return {
            "surrogate": type(self).__name__,
            "settings": own,
            "data": {
                "interval": examples.interval,
                "trajectories": len(examples),
                "frames": examples.frames,
                "frame_shape": list(examples.frame_shape),
                "mean": self.scaling.mean.tolist(),
                "deviation": self.scaling.deviation.tolist(),
                "remainder": linear.remainder.tolist(),
            },
        }
