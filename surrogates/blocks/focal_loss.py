"""A loss for the few among the many: what is known well already weighs little."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["FocalLoss"]


class FocalLoss(nn.Module):
    """(1 - p)^focus times the cross entropy, where p is how probable the truth was held; their sum over
    all, by the number of those that are there (at least 1).

    Nearly all cells of a grid hold nothing, and each is easily right: their sum would drown the few that hold
    something. With a `focus` of 0 it is the cross entropy. What it teaches is no probability: scores are
    nearer to one half.

    Lin, Goyal, Girshick, He & Dollar 2017 (arXiv:1708.02002).

    Raises `ValueError` for a negative focus.
    """

    def __init__(self, *, focus: float = 2.0) -> None:
        super().__init__()
        if not focus >= 0:
            raise ValueError(f"the focus must be at least 0, got {focus}")
        self.focus = focus

    def forward(self, logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Logits, and 0 or 1, of one shape -> ()"""
        entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        # exp(-entropy) is the probability of the truth
        weighed = (-torch.expm1(-entropy)).pow(self.focus) * entropy if self.focus else entropy
        return weighed.sum() / truth.sum().clamp(min=1.0)
