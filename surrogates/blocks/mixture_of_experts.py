"""Several small networks, of which a gate asks a few for each input: one for each regime, if it goes well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from .perceptron import Perceptron

__all__ = ["MixtureOfExperts", "Routing"]


class Routing(NamedTuple):
    """Whom the gate asks.

    Attributes:
        chosen: (rows, active) numbers of the experts, the weightiest first.
        weights: (rows, active) by which their answers are multiplied.
        probabilities: (rows, experts) what the gate thinks of all of them.
    """

    chosen: torch.Tensor
    weights: torch.Tensor
    probabilities: torch.Tensor


class MixtureOfExperts(nn.Module):
    """A weighted sum of the answers of the `active` most probable experts; the others are not computed.

    The gate is a softmax of a linear map. Of several experts the weights are their probabilities, scaled to
    add up to 1; of a single one its probability itself, without which the gate would learn nothing (Fedus et
    al.). So what one expert says is multiplied by how sure the gate is of it. The answer jumps wherever the
    last of those that are asked is exchanged for another: by little where that one weighs little, and not at
    all only where all experts are active.

    An expert that nobody asks gets no gradient, and may stay idle for ever while one does all the work. The
    `balance` of a batch, added to the loss, draws the loads together. It is 1 where all experts are asked
    alike and as large as their number where one has everything. Where regimes are unequal, equal loads are
    wrong: keep its weight small, and look at the `load`.

    Shazeer et al. 2017 (arXiv:1701.06538), without their noise unless it is asked for, and then of one scale
    for all inputs and experts, where theirs is learned; Fedus, Zoph & Shazeer 2021 (arXiv:2101.03961) for the
    balance.

    Arguments:
        inputs, outputs: numbers of each row.
        hidden: widths of each expert's hidden layers.
        experts: how many there are.
        active: how many of them answer each row.
        activation: between an expert's layers.
        noise: standard deviation of what is added to the gate's logits while training, drawn from torch's
            global generator; 0 for none.

    Raises `ValueError` for more active experts than there are, or fewer than one, and for negative noise.
    """

    def __init__(
        self,
        *,
        inputs: int,
        hidden: Sequence[int],
        outputs: int,
        experts: int,
        active: int,
        activation: str = "gelu",
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        if not 1 <= active <= experts:
            raise ValueError(f"at least 1 and at most all {experts} experts can be active, got {active}")
        if not noise >= 0:
            raise ValueError(f"the gate's noise must not be negative, got {noise}")
        self.inputs, self.outputs, self.active, self.noise = inputs, outputs, active, noise
        self.gate = nn.Linear(inputs, experts)
        self.experts = nn.ModuleList(
            Perceptron(inputs=inputs, hidden=hidden, outputs=outputs, activation=activation)
            for _ in range(experts)
        )
        self.routing: Routing | None = None
        """Of the last call."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(..., inputs) -> (..., outputs)"""
        rows = features.reshape(-1, self.inputs)
        self.routing = routing = self.route(rows)
        answer = rows.new_zeros(len(rows), self.outputs)
        asked = torch.bincount(routing.chosen.flatten(), minlength=len(self.experts)).tolist()
        for number, expert in enumerate(self.experts):
            if asked[number]:
                row, place = torch.nonzero(routing.chosen == number, as_tuple=True)
                said = expert(rows[row]) * routing.weights[row, place, None]
                answer = answer.index_add(0, row, said)
        return answer.reshape(*features.shape[:-1], self.outputs)

    def route(self, rows: torch.Tensor) -> Routing:
        """(rows, inputs) -> who answers each."""
        logits = self.gate(rows)
        if self.noise and self.training:
            logits = logits + self.noise * torch.randn_like(logits)
        probabilities = logits.softmax(dim=-1)
        best, chosen = probabilities.topk(self.active, dim=-1)
        weights = best if self.active == 1 else best / best.sum(dim=-1, keepdim=True)
        return Routing(chosen, weights, probabilities)

    @staticmethod
    def load(routing: Routing) -> torch.Tensor:
        """(experts,) the share of all questions that each was asked."""
        experts = routing.probabilities.shape[1]
        asked = torch.bincount(routing.chosen.flatten(), minlength=experts)
        return asked.to(routing.probabilities) / routing.chosen.numel()

    @classmethod
    def balance(cls, routing: Routing) -> torch.Tensor:
        """experts * sum of (load * mean probability), which falls as the gate thinks less of the busy."""
        experts = routing.probabilities.shape[1]
        return experts * (cls.load(routing) * routing.probabilities.mean(dim=0)).sum()

    @property
    def stored_weights(self) -> int:
        """Parameters, all in all; codes that stand in their place after lowering are none."""
        return sum(p.numel() for p in self.parameters())

    @property
    def active_weights(self) -> int:
        """Those of them that one row has to do with."""
        gate, expert = (sum(p.numel() for p in part.parameters()) for part in (self.gate, self.experts[0]))
        return gate + self.active * expert
