"""A cell with memory at every point of a grid, whose gates hear the neighbourhood."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

__all__ = ["ConvolutionalLSTM", "State"]

State = tuple[torch.Tensor, torch.Tensor]
"""Hidden and cell, (batch, channels, *grid) each."""

_CONVOLUTIONS: dict[int, type[nn.Conv1d | nn.Conv2d | nn.Conv3d]] = {
    1: nn.Conv1d,
    2: nn.Conv2d,
    3: nn.Conv3d,
}


class ConvolutionalLSTM(nn.Module):
    """An LSTM cell on fields: what it adds, keeps and shows is decided by convolutions.

    With x the field, h the hidden state, c the cell and * a convolution:

        i, f, g, o = W * x + U * h + b,   c' = sigmoid(f) c + sigmoid(i) tanh(g),   h' = sigmoid(o) tanh(c')

    A cell that keeps passes gradients on over many steps, where those of a plain recurrence vanish. To keep
    is what it starts with: the bias of f is 1, all others are 0. On a periodic grid it commutes with every
    translation; else the edges see zeros.

    Shi et al. 2015 (arXiv:1506.04214), without peepholes; the bias: Gers, Schmidhuber & Cummins 2000,
    doi:10.1162/089976600300015015.

    Arguments:
        dimensions: 1, 2 or 3 axes of space.
        inputs: channels of the fields.
        channels: of hidden state and cell.
        width: points of the kernels along each axis; odd.
        periodic: whether kernels wrap around.
    Raises `ValueError` for an even width, another number of dimensions, or no channels.
    """

    def __init__(
        self, *, dimensions: int, inputs: int, channels: int, width: int, periodic: bool = True
    ) -> None:
        super().__init__()
        if dimensions not in _CONVOLUTIONS:
            raise ValueError(f"a convolutional LSTM has 1, 2 or 3 dimensions, got {dimensions}")
        if width < 1 or width % 2 == 0:
            raise ValueError(f"the width of a kernel must be odd, so that it has a centre; got {width}")
        if inputs < 1 or channels < 1:
            raise ValueError(f"inputs and channels must be at least 1, got {inputs} and {channels}")
        self.dimensions, self.inputs, self.channels = dimensions, inputs, channels
        kind, padding = _CONVOLUTIONS[dimensions], width // 2
        mode: Literal["circular", "zeros"] = "circular" if periodic else "zeros"
        self.incoming = kind(inputs, 4 * channels, width, padding=padding, padding_mode=mode)
        self.recurrent = kind(channels, 4 * channels, width, padding=padding, padding_mode=mode, bias=False)
        bias = torch.zeros(4, channels)
        bias[1] = 1.0
        self.incoming.bias = nn.Parameter(bias.flatten())

    def forward(self, field: torch.Tensor, state: State | None = None) -> State:
        """One step: (batch, inputs, *grid) and the state before it (None: nothing yet) -> the state after it.

        Raises `ValueError` for a field of another kind, or a state that does not fit it.
        """
        return self.run(field[:, None], state)[1]

    def run(self, fields: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """Steps: (batch, steps, inputs, *grid) -> hidden states (batch, steps, channels, *grid) and state.

        What the fields bring is convolved for all steps at once. Raises what `forward` does.
        """
        batch, steps, *rest = fields.shape
        if len(rest) != 1 + self.dimensions or rest[0] != self.inputs or not steps:
            raise ValueError(
                f"expected fields (batch, steps, {self.inputs} channels, {self.dimensions} axes of a grid), "
                f"got shape {tuple(fields.shape)}"
            )
        shape = (batch, self.channels, *rest[1:])
        if state is None:
            state = fields.new_zeros(shape), fields.new_zeros(shape)
        elif any(part.shape != shape for part in state):
            raise ValueError(
                f"the state must be two fields of shape {shape}, got {[tuple(p.shape) for p in state]}; "
                "go on with the state that came back for a batch on this grid, or begin with None"
            )
        hidden, cell = state
        shown = []
        # unbound, for the gradient of an index would fill all other steps with zeros
        for incoming in self.incoming(fields.flatten(0, 1)).unflatten(0, (batch, steps)).unbind(dim=1):
            enter, keep, new, show = (incoming + self.recurrent(hidden)).chunk(4, dim=1)
            cell = torch.sigmoid(keep) * cell + torch.sigmoid(enter) * torch.tanh(new)
            hidden = torch.sigmoid(show) * torch.tanh(cell)
            shown.append(hidden)
        return torch.stack(shown, dim=1), (hidden, cell)
