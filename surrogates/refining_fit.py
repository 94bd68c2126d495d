"""How wrong refinements are: what their training makes small, with an adversary or without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from .blocks.gradient_penalty import gradient_penalty
from .checkpoints import optimiser_to_plain, plain_to_optimiser
from .refinement_scaling import EncodedViews

__all__ = ["AdversarialFit", "RefiningFit"]

SOME = 512
"""Windows that are validated at once."""
Parts = Sequence[tuple[float, nn.Module]]


class RefiningFit:
    """An `Objective`: an example is a window; a weighted sum of losses of what the interpolation lacks.

    Arguments:
        own, judged: what to learn and what to be judged by.
        parts: (weight, loss of answer and truth).
    """

    def __init__(self, own: EncodedViews, judged: EncodedViews, *, parts: Parts) -> None:
        self._own, self._judged, self._parts = own, judged, parts

    @property
    def examples(self) -> int:
        """Windows."""
        return len(self._own)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Objective`; nothing is random."""
        shown, lacking = self._own.some(indices, next(module.parameters()).dtype)
        return self._weighed(module(shown), lacking)

    def validate(self, module: nn.Module) -> float:
        """Relative error of the fields over all windows, root mean square, whatever the parts are.

        So the weights that are kept are those of the least error, not of the least loss.
        """
        dtype, squares = next(module.parameters()).dtype, 0.0
        for first in range(0, len(self._judged), SOME):
            shown, lacking = self._judged.some(slice(first, first + SOME), dtype)
            squares += float((module(shown) - lacking).double().square().sum())
        return (squares / self._judged.lacking.numel()) ** 0.5 / (self._judged.size or 1.0)

    def _weighed(self, answer: torch.Tensor, lacking: torch.Tensor) -> torch.Tensor:
        total = answer.new_zeros(())
        for weight, part in self._parts:
            total = total + weight * part.to(answer.device, answer.dtype)(answer, lacking)
        return total


class AdversarialFit(RefiningFit):
    """An `Objective` with an adversary: a critic that sees what was shown, and what is there or was answered.

    In every step the critic learns first, by an Adam of its own, and judges by what it has learned. Losses
    are the logistic ones that do not saturate (Goodfellow et al. 2014, arXiv:1406.2661). The critic keeps to
    single precision. It and its optimiser belong into the checkpoints of the run: see `tensors`. Weights are
    judged by this loss too, as the critic of the time has it: the least error is that of a blurred answer.

    Arguments:
        own, judged, parts: see `RefiningFit`.
        critic: of both side by side, as channels, on the device where they are.
        weight: of what the critic says, beside the parts.
        penalty: see `gradient_penalty`.
        rate: the critic's learning rate.
    """

    def __init__(
        self,
        own: EncodedViews,
        judged: EncodedViews,
        *,
        parts: Parts,
        critic: nn.Module,
        weight: float,
        penalty: float,
        rate: float,
    ) -> None:
        super().__init__(own, judged, parts=parts)
        self._critic, self._weight, self._penalty = critic, weight, penalty
        self._optimiser = torch.optim.AdamW(critic.parameters(), lr=rate, betas=(0.0, 0.99), weight_decay=0.0)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Objective`; the critic makes a step."""
        shown, lacking = self._own.some(indices, next(module.parameters()).dtype)
        answer = module(shown)
        self._learn(shown.float(), real=lacking.float(), made=answer.detach().float())
        self._critic.requires_grad_(False)
        return self._whole(answer, shown, lacking)

    @torch.no_grad()
    def validate(self, module: nn.Module) -> float:
        """The mean of the loss over all windows."""
        dtype, total = next(module.parameters()).dtype, 0.0
        for first in range(0, len(self._judged), SOME):
            shown, lacking = self._judged.some(slice(first, first + SOME), dtype)
            total += len(shown) * float(self._whole(module(shown), shown, lacking))
        return total / len(self._judged)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The critic, and what its optimiser remembers."""
        remembered, _ = optimiser_to_plain(self._optimiser)
        found = {f"critic.{name}": tensor for name, tensor in self._critic.state_dict().items()}
        return found | {f"optimiser.{name}": tensor for name, tensor in remembered.items()}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Undoes `tensors`."""
        parts: dict[str, dict[str, torch.Tensor]] = {"critic": {}, "optimiser": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        self._critic.load_state_dict(parts["critic"])
        plain_to_optimiser(self._optimiser, parts["optimiser"], {})

    def _whole(self, answer: torch.Tensor, shown: torch.Tensor, lacking: torch.Tensor) -> torch.Tensor:
        """The parts, and what the critic says."""
        both = torch.cat([answer.float(), shown.float()], dim=1)
        believed = functional.softplus(-self._critic(both)).mean()
        return self._weighed(answer, lacking) + self._weight * believed

    def _learn(self, beside: torch.Tensor, *, real: torch.Tensor, made: torch.Tensor) -> None:
        """A step of the critic."""

        def said(field: torch.Tensor) -> torch.Tensor:
            verdict: torch.Tensor = self._critic(torch.cat([field, beside], dim=1))
            return verdict

        self._critic.requires_grad_(True)
        wrong = functional.softplus(-said(real)).mean() + functional.softplus(said(made)).mean()
        if self._penalty:
            wrong = wrong + 0.5 * self._penalty * gradient_penalty(said, real)
        self._optimiser.zero_grad(set_to_none=True)
        wrong.backward()
        self._optimiser.step()
