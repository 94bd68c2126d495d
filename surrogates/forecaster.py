"""The contract of surrogates that step: one interval on, again and again, with a memory if need be."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray

from ..datasets.tasks import Trajectories
from .surrogate import Surrogate, SurrogateError, TrainingRecord

__all__ = ["Forecaster", "Memory"]

Memory = Any


class Forecaster(Surrogate):
    """Learns trajectories, then steps: u(t) -> u(t + interval).

    States at the boundary are torch tensors (batch, channels, *grid). `fit` notes interval and frame shape.
    """

    learns: ClassVar[type] = Trajectories
    interval: float | None = None
    """Time between the frames that it was trained on."""

    @property
    def frame_shape(self) -> tuple[int, ...] | None:
        """(channels, *grid) that it was trained on."""
        return None if self.input_shapes is None else self.input_shapes["frame"]

    @frame_shape.setter
    def frame_shape(self, shape: tuple[int, ...] | None) -> None:
        self.input_shapes = self.output_shapes = None if shape is None else {"frame": tuple(shape)}

    @abstractmethod
    def fit(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Learn. With a `folder`, checkpoints and a log (JSON lines) go there and training resumes."""

    @abstractmethod
    def step(self, state: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """One interval on: (batch, channels, *grid) and memory -> the next of both."""

    @property
    def history_frames(self) -> int:
        """Frames that `warm_up` needs, the initial state included; 1 for a surrogate without memory."""
        return 1

    def warm_up(self, history: torch.Tensor) -> Memory:
        """Memory after seeing (batch, frames - 1, channels, *grid): all frames before the initial state."""
        return None

    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """`frame` -> the `frame` one interval on; `SurrogateError` if it needs history for that."""
        if self.history_frames != 1:
            raise SurrogateError(
                f"{type(self).__name__} has memory: use `forecast(history, steps)` "
                f"with {self.history_frames} frames"
            )
        state = inputs["frame"]
        return {"frame": self.step(state, self.warm_up(state[:, None][:, :0]))[0]}

    @torch.no_grad()
    def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor:
        """Run freely from the last frame of `history` (batch, frames, channels, *grid).

        Returns every `every`-th of `steps` predicted frames: (batch, steps // every, channels, *grid).
        A forecast that becomes infinite stays in place as NaN or infinity.
        """
        history = history.to(self.device, self.dtype)
        if history.shape[1] < self.history_frames:
            raise SurrogateError(
                f"{type(self).__name__} needs {self.history_frames} frames of history, got {history.shape[1]}"
            )
        memory = self.warm_up(history[:, :-1])
        state = history[:, -1]
        frames = torch.empty(
            (len(history), steps // every, *history.shape[2:]), dtype=self.dtype, device=self.device
        )
        for i in range(steps // every * every):
            state, memory = self.step(state, memory)
            if (i + 1) % every == 0:
                frames[:, (i + 1) // every - 1] = state
        return frames

    def refuse_other_than_periodic(self, examples: Trajectories) -> None:
        """For those that compute on a periodic grid: `SurrogateError` where it is known to be another."""
        if examples.axes is None or (examples.axes and all(axis.periodic for axis in examples.axes)):
            return
        found = ", ".join(f"{a.name} ({' and '.join(a.ends)})" for a in examples.axes if not a.periodic)
        raise SurrogateError(
            f"{type(self).__name__} steps on a periodic grid, but this set has "
            f"{f'the axes {found}' if found else 'no axes'}; choose another surrogate for it"
        )

    def one_field(self, frames: torch.Tensor) -> NDArray[Any]:
        """Frames (batch, frames, 1, *grid) of what it learned as NumPy has them, (batch, frames, *grid)."""
        if self.frame_shape is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        if tuple(frames.shape[2:]) != tuple(self.frame_shape):
            raise SurrogateError(
                f"expected frames of shape {tuple(self.frame_shape)}, got {tuple(frames.shape[2:])}"
            )
        return frames.detach().to("cpu", self.dtype).numpy()[:, :, 0]

    def noted(self) -> dict[str, Any]:
        """See `Surrogate`."""
        return {**super().noted(), "interval": self.interval}

    def recall(self, noted: Mapping[str, Any]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        self.interval = noted["interval"]
