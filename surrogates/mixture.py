"""A mixture of experts of query and time: a small network for each regime, and a gate that finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from .answer_network import AnswerNetwork
from .answering import AnsweringSettings
from .blocks.mixture_of_experts import MixtureOfExperts, Routing
from .blocks.query_and_time import beside
from .pair_fit import EncodedPairs
from .sizes import refuse_lowered
from .surrogate import SurrogateError
from .training import Objective, TrainingSettings

__all__ = ["Mixture"]


class Mixture(AnswerNetwork):
    """Query and time side by side into a gate and the experts that it chooses.

    For maps that are smooth within regimes and bend or jump between them, where a single network has to be
    wide to bend sharply: an answer costs what the chosen experts cost. It may go wrong in two ways: some
    experts stay idle, or the balance makes regimes share experts that should not. `load` shows either.

    See `MixtureOfExperts` for the references.
    """

    @dataclass(frozen=True)
    class Settings:
        """The experts, the gate, and how they learn.

        Attributes:
            experts: how many there are.
            active: how many of them answer each question.
            hidden: widths of each expert's hidden layers.
            activation: between them.
            balance: weight of the balance in the loss, 0 for none; see `MixtureOfExperts`.
            noise: of the gate while training, 0 for none.
            answering: loss, start, categories, and whether errors are predicted.
            training: optimiser, steps, schedule.
        """

        experts: int = 8
        active: int = 2
        hidden: tuple[int, ...] = (32, 32)
        activation: Literal["relu", "gelu", "silu", "tanh"] = "silu"
        balance: float = 0.01
        noise: float = 0.0
        answering: AnsweringSettings = AnsweringSettings(frames=16)  # noqa: RUF009 (frozen)
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=4_000, batch=512, optimiser="soap", learning_rate=3e-3, check_every=250
        )

        def __post_init__(self) -> None:
            if not 1 <= self.active <= self.experts:
                raise SurrogateError(
                    f"active must be at least 1 and at most experts = {self.experts}, got {self.active}"
                )
            if not self.balance >= 0 or not self.noise >= 0:
                raise SurrogateError(
                    f"balance and noise must not be negative, got {self.balance} and {self.noise}"
                )

    settings: Settings

    def network(self, *, query: int, outputs: int, timed: bool) -> nn.Module:
        """See `AnswerNetwork`."""
        chosen = self.settings
        return _Beside(
            MixtureOfExperts(
                inputs=query + timed,
                hidden=chosen.hidden,
                outputs=outputs,
                experts=chosen.experts,
                active=chosen.active,
                activation=chosen.activation,
                noise=chosen.noise,
            )
        )

    def fit_of(self, examples: EncodedPairs, validation: EncodedPairs) -> Objective:
        """See `AnswerNetwork`; with the balance."""
        return _Balanced(super().fit_of(examples, validation), weight=self.settings.balance)

    @property
    def mixture(self) -> MixtureOfExperts:
        """The gate and its experts; raises `SurrogateError` before it has learned."""
        return _mixture_of(self._ready()[0])

    @property
    def active_parameters(self) -> int:
        """Learned numbers without the experts that one question leaves alone.

        Raises `SurrogateError` before it has learned, and where it was lowered.
        """
        refuse_lowered(self, "active numbers")
        return self.parameters_count - self.mixture.stored_weights + self.mixture.active_weights

    @torch.no_grad()
    def chosen(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """(batch, active) the experts that answer these questions, the weightiest first."""
        return self._routing(inputs).chosen

    @torch.no_grad()
    def load(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """(experts,) the share of these questions that each expert is asked; see `MixtureOfExperts`."""
        return MixtureOfExperts.load(self._routing(inputs))

    def _routing(self, inputs: Mapping[str, torch.Tensor]) -> Routing:
        module = self._ready()[0]
        found: list[Routing] = []
        for query, times in self.questions(inputs):
            module(query, times)
            routing = _mixture_of(module).routing
            assert routing is not None
            found.append(routing)
        return Routing(*map(torch.cat, zip(*found, strict=True)))


class _Beside(nn.Module):
    def __init__(self, mixture: MixtureOfExperts) -> None:
        super().__init__()
        self.mixture = mixture

    def forward(self, query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
        answer: torch.Tensor = self.mixture(beside(query, time))
        return answer


class _Balanced:
    """An `Objective`: that of the answers, and how far the experts' loads are from equal."""

    def __init__(self, answers: Objective, *, weight: float) -> None:
        self.answers, self.weight = answers, weight

    @property
    def examples(self) -> int:
        return self.answers.examples

    def validate(self, module: nn.Module) -> float:
        return self.answers.validate(module)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        mixture = _mixture_of(module)
        if mixture.noise:  # the gate draws from the global generator: it gets the step's own numbers
            device = next(module.parameters()).device
            with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
                torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
                error = self.answers.loss(module, indices, generator)
        else:
            error = self.answers.loss(module, indices, generator)
        if not self.weight:
            return error
        assert mixture.routing is not None
        return error + self.weight * mixture.balance(mixture.routing)


def _mixture_of(module: nn.Module) -> MixtureOfExperts:
    return next(part for part in module.modules() if isinstance(part, MixtureOfExperts))
