"""A recurrent network that steps a state of any kind: Elman's, or one with gates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..datasets.tasks import Trajectories
from .affine_span import AffineSpan
from .forecaster import Memory
from .memory_network import MemoryNetwork
from .recurrent_stepper import RecurrentStepper
from .sequence_rollout import SequenceWindow
from .surrogate import SurrogateError
from .training import TrainingSettings

__all__ = ["Recurrent", "RecurrentIncrement"]

CELLS: dict[str, type[nn.RNN | nn.GRU | nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}
"""By the name that a setting gives."""


class Recurrent(RecurrentStepper):
    """All fields as one vector: u -> u + what a recurrent network reads off its memory of u and all before.

    Use it where a frame does not say all that the next one depends on: a velocity that is not shown, a delay.
    Where it does, a stepper without memory is smaller and learns from fewer frames.

    It knows nothing of space, so it takes any axis, and on a periodic grid must learn everything anew in each
    place, as `mlp` must; `convolutional_recurrent` need not. Coordinates are those of the affine span of the
    training states (`AffineSpan`), in units of the deviations of their fields: what is linear in the state
    and the same in all of them stays so to round-off, and directions in which states hardly vary hardly
    count. A state off that span raises `SurrogateError`. In long free runs it can leave the states that it
    knows; noise on its inputs and more free steps in its loss keep it there.

    `rnn`: Elman 1990, doi:10.1207/s15516709cog1402_1; its gradients vanish or explode with the length of a
    sequence. `lstm`: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735, with forget gates that
    start open. `gru`: Cho et al. 2014 (arXiv:1406.1078). For chaotic fields: Vlachas et al. 2020
    (arXiv:1910.05266).
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, the windows that it learns from, and the training.

        Attributes:
            cell: `rnn` (tanh), `gru` or `lstm`.
            width: hidden numbers of a layer.
            layers: one upon the other.
            warm_up: true frames that fill the memory before a forecast starts.
            burn_in: of these, the first so many do not count in the loss.
            unroll: free steps in the loss.
            input_noise: white noise on the true frames in the loss, in deviations of their fields.
            training: optimiser, steps, schedule.
        """

        cell: Literal["rnn", "gru", "lstm"] = "lstm"
        width: int = 128
        layers: int = 1
        warm_up: int = 20
        burn_in: int = 4
        unroll: int = 4
        input_noise: float = 1e-3
        training: TrainingSettings = TrainingSettings(learning_rate=3e-3, clip=1.0)  # noqa: RUF009 (frozen)

        def __post_init__(self) -> None:
            if self.cell not in CELLS:
                raise SurrogateError(f"cell must be one of {sorted(CELLS)}, got {self.cell!r}")
            if self.width < 1 or self.layers < 1:
                raise SurrogateError(
                    f"width and layers must be at least 1, got {self.width} and {self.layers}"
                )
            SequenceWindow(self.warm_up, self.burn_in, self.unroll, self.input_noise)

    settings: Settings
    span: AffineSpan | None = None
    increments: torch.Tensor

    @property
    def window(self) -> SequenceWindow:
        """See `RecurrentStepper`."""
        chosen = self.settings
        return SequenceWindow(chosen.warm_up, chosen.burn_in, chosen.unroll, chosen.input_noise)

    def measure(self, examples: Trajectories) -> torch.Tensor:
        """The span of the states, and the size of their increments: of each coordinate, and of all."""
        assert self.frame_shape is not None
        self.span = AffineSpan.measure(lambda: _states(examples), self._fields)
        if not self.span.coordinates:
            raise SurrogateError("nothing varies in the training trajectories, so there is nothing to learn")
        squares, count = torch.zeros(self.span.coordinates, dtype=torch.float64), 0
        for states in _states(examples):
            change = (self.span.encode(torch.from_numpy(states)) * self.span.deviation).diff(dim=0)
            squares, count = squares + change.square().sum(dim=0), count + len(change)
        size = (squares / max(count, 1)).sqrt()
        # what each trajectory keeps, the network cannot move; where all keep all, it is not known what moves
        self.increments = size if bool((size > 0).any()) else self.span.deviation
        # one unit for all: an error of the field, wherever it lies
        return self.increments.square().mean().sqrt().expand(self.span.coordinates)

    def measured(self) -> dict[str, torch.Tensor]:
        """See `RecurrentStepper`."""
        assert self.span is not None
        return self.span.tensors("span")

    def recall_measured(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `RecurrentStepper`."""
        assert self.frame_shape is not None
        self.span = AffineSpan.from_tensors(tensors, "span", self._fields)
        self.increments = tensors["network.increments"].cpu()

    def network(self) -> MemoryNetwork:
        """See `RecurrentStepper`."""
        chosen = self.settings
        return RecurrentIncrement(
            cell=chosen.cell, width=chosen.width, layers=chosen.layers, increments=self.increments
        )

    def normalise(self, states: torch.Tensor) -> torch.Tensor:
        """(..., channels, *grid) -> (..., coordinates, 1, ...), with as many axes as there were."""
        assert self.span is not None and self.frame_shape is not None
        axes = len(self.frame_shape)
        batch = states.shape[: states.ndim - axes]
        coordinates = self.span.encode(states.reshape(*batch, -1)) * self.span.deviation.to(states)
        return coordinates.reshape(*batch, -1, *[1] * (axes - 1))

    def denormalise(self, states: torch.Tensor) -> torch.Tensor:
        """(batch, coordinates, 1, ...) -> (batch, channels, *grid)"""
        assert self.span is not None and self.frame_shape is not None
        coordinates = states.flatten(1) / self.span.deviation.to(states)
        return self.span.decode(coordinates).reshape(len(states), *self.frame_shape)

    def refuse_strange(self, states: torch.Tensor) -> None:
        """`SurrogateError` for a state off the span of the training states."""
        assert self.span is not None
        self.span.refuse_off(states.flatten(1))

    @property
    def _fields(self) -> dict[str, tuple[int, ...]]:
        """The channels, each with a deviation of its own."""
        assert self.frame_shape is not None
        channels, *grid = self.frame_shape
        return {f"channel {number}": tuple(grid) for number in range(channels)}


class RecurrentIncrement(MemoryNetwork):
    """c -> c + increments * readout(hidden), the readout starting at zero: a new one changes nothing.

    Arguments:
        cell: `rnn`, `gru` or `lstm`, of `torch.nn`; the forget gates of the last start with a bias of 1.
        width, layers: of the cell.
        increments: (coordinates,) sizes of what is added.
    """

    increments: torch.Tensor

    def __init__(self, *, cell: str, width: int, layers: int, increments: torch.Tensor) -> None:
        super().__init__()
        self.cell = CELLS[cell](len(increments), width, layers, batch_first=True)
        self.readout = nn.Linear(width, len(increments))
        nn.init.zeros_(self.readout.weight)
        nn.init.zeros_(self.readout.bias)
        self.register_buffer("increments", increments.clone())
        if cell == "lstm":
            with torch.no_grad():
                for name, bias in self.cell.named_parameters():
                    if name.startswith("bias"):  # there are two, which are added
                        bias[width : 2 * width] = float(name.startswith("bias_ih"))

    def remember(self, states: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """(batch, steps, coordinates, 1, ...) -> hidden states (batch, steps, width), and of all layers."""
        hidden, after = self.cell(states.flatten(2), memory)
        return hidden, after

    def answer(self, states: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """See `MemoryNetwork`."""
        return states + (self.increments * self.readout(features)).reshape(states.shape)


def _states(examples: Trajectories) -> Iterator[NDArray[np.float64]]:
    """(frames, numbers) of each trajectory."""
    numbers = math.prod(examples.frame_shape)
    for i in range(len(examples)):
        yield examples[i].reshape(-1, numbers)
