"""What a gradient trains where a forecaster remembers: a network that runs over states in turn."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import nn

from .forecaster import Memory

__all__ = ["MemoryNetwork"]


class MemoryNetwork(nn.Module, ABC):
    """Takes in states one after the other, and says after each what the next one is.

    In two parts, so that taking in a warm-up costs no answers. Before the first state its memory is None.
    """

    @abstractmethod
    def remember(self, states: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """(batch, steps, channels, *grid), normalised, at least one step, and the memory before them ->
        features after each, (batch, steps, ...), and the memory after the last.
        """

    @abstractmethod
    def answer(self, states: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """The state one interval after each of `states`, from the features after it: of the same shape."""

    def forward(self, states: torch.Tensor, memory: Memory = None) -> tuple[torch.Tensor, Memory]:
        """Take in (batch, steps, channels, *grid) -> the answer after each, and the memory after the last."""
        features, after = self.remember(states, memory)
        return self.answer(states, features), after
