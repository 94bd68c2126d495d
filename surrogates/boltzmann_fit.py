"""Persistent contrastive divergence: chains that go on beside the descent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .blocks.restricted_boltzmann_machine import RestrictedBoltzmannMachine

__all__ = ["BoltzmannFit", "Drawn"]

JUDGED = 16
"""Units of each copy by which a machine is judged."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What was drawn at some conditions.

    Attributes:
        condition: (conditions,) from -1 to 1.
        copies: (conditions, copies, units) of +1 and -1, int8.
    """

    condition: torch.Tensor
    copies: torch.Tensor


class BoltzmannFit:
    """An `Objective` that learns besides: an example is a condition, with all that was drawn at it.

    Every condition has chains of its own, which start at its data and go on a few steps whenever its turn
    comes. They are part of checkpoints.

    Arguments:
        own, judged: what to learn and what to be judged by.
        chains: at each condition; as many of the data are in an update.
        moves: steps of the chains for an update.
    """

    def __init__(self, own: Drawn, judged: Drawn, *, chains: int, moves: int) -> None:
        self._own, self._judged, self._moves = own, judged, moves
        first = torch.arange(chains) % own.copies.shape[1]
        self.chains = own.copies[:, first]

    @property
    def examples(self) -> int:
        """Conditions."""
        return len(self._own.condition)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Objective`."""
        assert isinstance(module, RestrictedBoltzmannMachine)
        dtype = module.kernels.dtype
        there, chosen = indices.to(self.chains.device), self._own.copies.shape[1]
        picked = torch.randint(chosen, (len(indices), self.chains.shape[1]), generator=generator)
        data = self._own.copies[there[:, None], picked.to(there.device)].to(dtype)
        weights = module.at(self._own.condition[there].to(dtype))
        with torch.no_grad():
            drawn = weights.detached().gibbs(self.chains[there].to(dtype), self._moves, generator)
        self.chains[there] = drawn.to(torch.int8)
        return weights.contrastive_loss(data, drawn)

    def validate(self, module: nn.Module) -> float:
        """How surprising a unit is that sees all others, in nats: of each copy some units, always the same.

        This pseudo-likelihood is in the mean best where the likelihood is, and needs no partition function.
        """
        assert isinstance(module, RestrictedBoltzmannMachine)
        dtype = module.kernels.dtype
        weights = module.at(self._judged.condition.to(dtype))
        copies = self._judged.copies.to(dtype)
        count, units = copies.shape[1:]
        rows, free = torch.arange(count, device=copies.device), weights.free_energy(copies)
        found = []
        for place in range(0, units, -(-units // JUDGED)):
            flips = torch.ones(count, units, dtype=dtype, device=copies.device)
            flips[rows, (rows + place) % units] = -1
            rise = weights.free_energy(copies * flips) - free
            found.append(functional.softplus(-rise).double().mean())
        return float(torch.stack(found).mean())

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `training_run.Learner`."""
        return {"chains": self.chains}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `training_run.Learner`."""
        self.chains = tensors["chains"].to(self.chains.device).clone()
