"""A convolutional LSTM on a periodic grid, as a forecaster: memory at every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from ..datasets.tasks import Trajectories
from .blocks.convolutional_lstm import ConvolutionalLSTM
from .blocks.periodic_convolution import PeriodicConvolution
from .forecaster import Memory
from .linear_part import LinearPart
from .memory_network import MemoryNetwork
from .propagation import Propagation, SteppingSettings, refuse_wide
from .recurrent_stepper import RecurrentStepper
from .scaling import Scaling
from .sequence_rollout import SequenceWindow
from .surrogate import SurrogateError
from .training import TrainingSettings

__all__ = ["ConvolutionalRecurrent", "RememberingPropagation"]


class ConvolutionalRecurrent(RecurrentStepper):
    """u -> P u + what convolutional LSTMs read off their memory of u and all before, on a periodic grid.

    It commutes with translations by whole points of the coarse grid, so a trajectory teaches it everywhere at
    once. Use it where a frame does
    not say all that the next one depends on; where it does, `cnn` reaches smaller errors with less training,
    for its gates hold products exactly, which sigmoid and tanh only approach.

    What it sees of a state in one step lies within half a kernel for each layer, once more for what is read
    off; what lies further away comes to it over some steps, by its memory.

    Shi et al. 2015 (arXiv:1506.04214); the linear part and the filter are those of `cnn`.
    """

    @dataclass(frozen=True)
    class Settings:
        """The network's size, the windows that it learns from, the step and the training.

        Attributes:
            channels: of every hidden state.
            width: points of each kernel along each axis; odd.
            layers: cells, one upon the other.
            warm_up: true frames that fill the memory before a forecast starts.
            burn_in: of these, the first so many do not count in the loss.
            stepping: linear part, filter, coarse grid, free steps in the loss, and noise on all true frames.
            training: optimiser, steps, schedule.
        """

        channels: int = 16
        width: int = 5
        layers: int = 1
        warm_up: int = 12
        burn_in: int = 4
        stepping: SteppingSettings = SteppingSettings(unroll=2)  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(batch=16, clip=1.0)  # noqa: RUF009 (frozen)

        def __post_init__(self) -> None:
            if self.channels < 1 or self.layers < 1 or self.width < 1 or self.width % 2 == 0:
                raise SurrogateError(
                    "channels and layers must be at least 1, and width odd; got "
                    f"{self.channels}, {self.layers} and {self.width}"
                )
            SequenceWindow(self.warm_up, self.burn_in, self.stepping.unroll, self.stepping.input_noise)

    settings: Settings
    scaling: Scaling
    linear: LinearPart

    @property
    def window(self) -> SequenceWindow:
        """See `RecurrentStepper`."""
        chosen, stepping = self.settings, self.settings.stepping
        return SequenceWindow(chosen.warm_up, chosen.burn_in, stepping.unroll, stepping.input_noise)

    def measure(self, examples: Trajectories) -> torch.Tensor:
        """Scaling and linear part; errors are in units of what the linear part leaves."""
        self.refuse_other_than_periodic(examples)
        stepping = self.settings.stepping
        self.scaling = Scaling.measure(examples)
        self.linear = LinearPart.measure(
            examples,
            self.scaling.normalise,
            linear=stepping.linear,
            conserve_mean=stepping.conserve_mean,
            filter_floor=stepping.filter_floor,
        )
        return self.linear.remainder

    def measured(self) -> dict[str, torch.Tensor]:
        """See `RecurrentStepper`."""
        return {**self.scaling.tensors(), **self.linear.tensors()}

    def recall_measured(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `RecurrentStepper`."""
        assert self.frame_shape is not None
        self.scaling = Scaling.from_tensors(tensors, dimensions=len(self.frame_shape) - 1)
        self.linear = LinearPart.from_tensors(tensors)

    def network(self) -> MemoryNetwork:
        """See `RecurrentStepper`."""
        assert self.frame_shape is not None
        channels, *grid = self.frame_shape
        chosen, dimensions, coarse = self.settings, len(grid), self.settings.stepping.coarse(grid)
        refuse_wide(chosen.width, coarse)
        cells = [
            ConvolutionalLSTM(
                dimensions=dimensions, inputs=inputs, channels=chosen.channels, width=chosen.width
            )
            for inputs in [channels] + [chosen.channels] * (chosen.layers - 1)
        ]
        readout = PeriodicConvolution(
            dimensions=dimensions, inputs=chosen.channels, outputs=channels, width=chosen.width, zero=True
        )
        return RememberingPropagation(cells, Propagation(readout, self.linear, grid=grid, coarse=coarse))

    def normalise(self, states: torch.Tensor) -> torch.Tensor:
        """See `RecurrentStepper`."""
        return self.scaling.normalise(states)

    def denormalise(self, states: torch.Tensor) -> torch.Tensor:
        """See `RecurrentStepper`."""
        return self.scaling.denormalise(states)


class RememberingPropagation(MemoryNetwork):
    """A propagation whose network is given, instead of a state, the hidden state of cells that have seen it.

    Arguments:
        cells: each takes in the hidden states of the one before; the first the states on the coarse grid.
        propagation: of which the network maps (batch, channels of the last cell, *coarse) to a state's
            channels.
    """

    def __init__(self, cells: Sequence[ConvolutionalLSTM], propagation: Propagation) -> None:
        super().__init__()
        self.cells = nn.ModuleList(cells)
        self.propagation = propagation

    def remember(self, states: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """See `MemoryNetwork`; the memory is each cell's state, the features are the last cell's."""
        flat = states.flatten(0, 1)
        fields = flat
        if self.propagation.coarse != self.propagation.grid:
            fields = self.propagation.seen(flat, self.propagation.modes(flat))
        fields = fields.unflatten(0, states.shape[:2])
        after = []
        for cell, before in zip(self.cells, memory or [None] * len(self.cells), strict=True):
            assert isinstance(cell, ConvolutionalLSTM)
            fields, state = cell.run(fields, before)
            after.append(state)
        return fields, after

    def answer(self, states: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """See `MemoryNetwork`."""
        modes = self.propagation.modes(states.flatten(0, 1))
        following = self.propagation.advance(modes, self.propagation.network(features.flatten(0, 1)))
        return following.unflatten(0, states.shape[:2])
