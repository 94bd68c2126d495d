"""A residual block whose change passes a gate, with a second input from beside."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["GatedResidualBlock", "concatenated_elu"]


def concatenated_elu(field: torch.Tensor) -> torch.Tensor:
    """elu(x) beside elu(-x): twice the channels, and no sign is lost.

    After Shang, Sohn, Almeida & Lee 2016 (arXiv:1603.05201), who have ReLU.
    """
    return functional.elu(torch.cat([field, -field], dim=1))


class GatedResidualBlock(nn.Module):
    """x + a * sigmoid(b), a and b two convolutions of what a first convolution found.

    The residual block of Salimans, Karpathy, Chen & Kingma 2017 (arXiv:1701.05517), with concatenated ELU and
    dropout, on a plane whose edges see zeros.

    Arguments:
        inputs, outputs: channels; where they differ, x goes through a linear map of its channels.
        beside: channels of a second input on the same grid as the output, which is added after the first
            convolution; 0 for none.
        stride: 2 for a grid of half the points.
        dropout: share of the hidden numbers that is left out while training.
    """

    def __init__(
        self, *, inputs: int, outputs: int, beside: int = 0, stride: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.stride = stride
        self.first = nn.Conv2d(2 * inputs, outputs, 3, stride=stride, padding=1)
        self.beside = nn.Conv2d(2 * beside, outputs, 1) if beside else None
        self.dropout = nn.Dropout(dropout)
        self.second = nn.Conv2d(2 * outputs, 2 * outputs, 3, padding=1)
        self.shorter = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, field: torch.Tensor, other: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, inputs, rows, columns) and what is beside -> (batch, outputs, rows, columns), halved
        (rounded up) with a stride of 2.
        """
        hidden = self.first(concatenated_elu(field))
        if self.beside is not None and other is not None:
            hidden = hidden + self.beside(concatenated_elu(other))
        change, gate = self.second(self.dropout(concatenated_elu(hidden))).chunk(2, dim=1)
        kept = functional.avg_pool2d(field, 2, ceil_mode=True) if self.stride == 2 else field
        answer: torch.Tensor = self.shorter(kept) + change * torch.sigmoid(gate)
        return answer
