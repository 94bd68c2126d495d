"""A residual network that steps a state of any kind: bodies, reactants, a field between walls."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..datasets.tasks import Trajectories
from .affine_span import AffineSpan
from .blocks.dense_residual_block import DenseResidualBlock
from .blocks.perceptron import ACTIVATIONS
from .forecaster import Forecaster, Memory
from .rollout import Rollout
from .surrogate import SurrogateError, TrainingRecord
from .training import TrainingSettings, train

__all__ = ["StateStepper"]


class StateStepper(Forecaster):
    """state(t) -> state(t + interval), all fields as one vector: u -> u + what a network adds.

    It knows nothing of space, so it takes any axis, and needs far more data than a convolution where there is
    a periodic grid. The network works in coordinates on the affine span of the training states
    (`AffineSpan`): what is linear in the state and the same in all of them stays so to round-off, such as the
    barycentre.
    A state off that span raises `SurrogateError`. It fails where the state changes much within an interval
    and differently each time, as in a close encounter of two bodies: lower the interval, or answer at once
    (`spline_dense`), which knows no build-up of errors.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, what the loss looks at, and the training.

        Attributes:
            width: of every hidden layer.
            blocks: residual blocks, of two layers each.
            activation: in the blocks.
            unroll: autoregressive steps in the loss.
            input_noise: white noise on the first frame of the loss, in units of the coordinates' deviations.
            training: optimiser, steps, schedule.
        """

        width: int = 128
        blocks: int = 2
        activation: Literal["relu", "gelu", "silu", "tanh"] = "silu"
        unroll: int = 1
        input_noise: float = 1e-4
        training: TrainingSettings = TrainingSettings(batch=512, learning_rate=5e-3)  # noqa: RUF009 (frozen)

        def __post_init__(self) -> None:
            if self.unroll < 1 or self.input_noise < 0:
                raise SurrogateError(
                    f"unroll must be at least 1 and input_noise at least 0, got {self.unroll} and "
                    f"{self.input_noise}"
                )

    settings: Settings
    module: _Increment | None = None
    span: AffineSpan | None = None

    def fit(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Measure the span of the states and the size of their increments, then descend; see `Surrogate`."""
        begin = time.perf_counter()
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        self.span = AffineSpan.measure(lambda: _states(examples), {"frame": self.frame_shape})
        scale = self._increments(examples)
        # the blocks draw from torch's global generator; it is put back as it was
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            module = self._build(scale).to(self.device, torch.float32)
        objective = self._rollout(examples, validation, scale)
        prepared = time.perf_counter() - begin
        own = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        measured = {"mean": self.span.mean.tolist(), "increments": scale.tolist()}
        data = {"interval": self.interval, "trajectories": len(examples), "frames": examples.frames}
        identity = {"surrogate": type(self).__name__, "settings": own, "data": {**data, **measured}}
        end = train(
            module,
            objective,
            self.settings.training,
            seed=seed,
            folder=folder,
            identity=identity,
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
        """See `further_training`: span and unit of errors stay those of the first set.

        Raises `SurrogateError` for states off that span.
        """
        if self.module is None or self.span is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        for part in (examples, validation):
            for states in _states(part):
                self.span.refuse_off(torch.from_numpy(states))
        return self._rollout(examples, validation, self.module.scale)

    def step(self, state: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """See `Forecaster`."""
        if self.module is None or self.span is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        if tuple(state.shape[1:]) != self.frame_shape:
            raise SurrogateError(
                f"{type(self).__name__} was trained on frames (channels, *grid) of {self.frame_shape}, "
                f"got {tuple(state.shape[1:])}"
            )
        flat = state.reshape(len(state), -1)
        self.span.refuse_off(flat)
        with torch.no_grad():
            following = self.module(self._encode(state)).reshape(len(state), -1)
            return self.span.decode(following).reshape(state.shape), memory

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Forecaster`."""
        if self.module is None or self.span is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        weights = {f"network.{name}": t for name, t in self.module.state_dict().items()}
        return {**weights, **self.span.tensors("span")}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Forecaster`."""
        assert self.frame_shape is not None
        self.span = AffineSpan.from_tensors(tensors, "span", {"frame": self.frame_shape})
        with torch.random.fork_rng(devices=[]):
            module = self._build(torch.ones(self.span.coordinates)).to(self.device, self.dtype)
        weights = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        module.load_state_dict(weights)
        self.module = module.eval()

    def _build(self, scale: torch.Tensor) -> _Increment:
        return _Increment(self.settings, scale)

    def _rollout(self, examples: Trajectories, validation: Trajectories, scale: torch.Tensor) -> Rollout:
        return Rollout(
            examples,
            validation,
            normalise=self._encode,
            scale=scale,
            unroll=self.settings.unroll,
            input_noise=self.settings.input_noise,
            device=self.device,
        )

    def _encode(self, states: torch.Tensor) -> torch.Tensor:
        """(..., channels, *grid) -> (..., coordinates, 1, ...), with as many axes as there were."""
        assert self.span is not None and self.frame_shape is not None
        axes = len(self.frame_shape)
        batch = states.shape[: states.ndim - axes]
        return self.span.encode(states.reshape(*batch, -1)).reshape(*batch, -1, *[1] * (axes - 1))

    def _increments(self, examples: Trajectories) -> torch.Tensor:
        """(coordinates,) root mean square of the change in an interval; 1 where nothing changes."""
        assert self.span is not None
        squares, count = torch.zeros(self.span.coordinates, dtype=torch.float64), 0
        for states in _states(examples):
            change = self.span.encode(torch.from_numpy(states)).diff(dim=0)
            squares, count = squares + change.square().sum(dim=0), count + len(change)
        size = (squares / max(count, 1)).sqrt()
        return torch.where(size > 0, size, torch.ones_like(size))


class _Increment(nn.Module):
    """c -> c + scale * network(c), coordinates on the second axis; a new one changes nothing."""

    scale: torch.Tensor

    def __init__(self, chosen: StateStepper.Settings, scale: torch.Tensor) -> None:
        super().__init__()
        size = len(scale)
        last = nn.Linear(chosen.width, size)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        blocks = (
            DenseResidualBlock(width=chosen.width, activation=chosen.activation) for _ in range(chosen.blocks)
        )
        self.network = nn.Sequential(
            nn.Linear(size, chosen.width), *blocks, ACTIVATIONS[chosen.activation](), last
        )
        self.register_buffer("scale", scale)

    def forward(self, coordinates: torch.Tensor) -> torch.Tensor:
        flat = coordinates.reshape(len(coordinates), -1)
        return (flat + self.scale * self.network(flat)).reshape(coordinates.shape)


def _states(examples: Trajectories) -> Iterator[NDArray[np.float64]]:
    """(frames, numbers) of each trajectory."""
    numbers = math.prod(examples.frame_shape)
    for i in range(len(examples)):
        yield examples[i].reshape(-1, numbers)
