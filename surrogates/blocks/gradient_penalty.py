"""What a critic pays for being steep where fields are real."""

from __future__ import annotations

from collections.abc import Callable

import torch

__all__ = ["gradient_penalty"]


def gradient_penalty(critic: Callable[[torch.Tensor], torch.Tensor], real: torch.Tensor) -> torch.Tensor:
    """Mean over real samples (batch, ...) of the square of the critic's gradient there, whole samples summed.

    It is zero where the critic cannot tell real from made, so the equilibrium stays where it is, and with it
    generator and critic converge to it who would circle about it otherwise. The critic must treat samples
    separately. To be differentiated by the critic's weights.

    R1 of Mescheder, Geiger & Nowozin 2018 (arXiv:1801.04406), who take half of it times a weight.
    """
    real = real.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(real).sum(), real, create_graph=True)
    return slope.square().flatten(1).sum(dim=1).mean()
