"""One encoder and two decoders: what is encoded of one kind can be decoded as the other."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .perceptron import Perceptron

__all__ = ["SharedEncoder"]


class SharedEncoder(nn.Module):
    """One encoder for two kinds of numbers, and a decoder for each kind: (..., numbers) -> (..., numbers).

    Trained to give back either kind from its own decoder, it translates when the other's decoder is taken.
    The encoder is told nothing of the kind: numbers of both must mean the same to begin with. All three add
    to what they are given, and a new one adds nothing: it translates numbers to themselves.

    Reconstruction alone does not make it a translation. What else is asked for (that translations are
    distributed as their kind is, that a translation back comes home) is the loss's part.
    Reference: Liu, Breuel & Kautz 2017 (arXiv:1703.00848).

    Arguments:
        numbers: of either kind, and of the code.
        hidden: widths of the encoder's and each decoder's layers.
        activation: see `Perceptron`.

    Raises `ValueError` for fewer than one number.
    """

    def __init__(self, *, numbers: int, hidden: Sequence[int], activation: str = "gelu") -> None:
        super().__init__()
        if numbers < 1:
            raise ValueError(f"there must be at least one number, got {numbers}")

        def layers() -> Perceptron:
            return Perceptron(inputs=numbers, hidden=hidden, outputs=numbers, activation=activation)

        self.encoder = layers()
        self.decoders = nn.ModuleList([layers(), layers()])

    def encode(self, numbers: torch.Tensor) -> torch.Tensor:
        """Of either kind -> the code."""
        return numbers + self.encoder(numbers)

    def decode(self, code: torch.Tensor, kind: int) -> torch.Tensor:
        """A code as the kind 0 or 1."""
        return code + self.decoders[kind](code)

    def forward(self, numbers: torch.Tensor, kind: int) -> torch.Tensor:
        """Numbers of either kind as the kind 0 or 1."""
        return self.decode(self.encode(numbers), kind)
