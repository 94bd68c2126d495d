"""The time derivative of frames, differentiable: what residuals of evolution equations are made of."""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["time_derivative"]


def time_derivative(u: torch.Tensor, *, interval: float) -> torch.Tensor:
    """The derivative along axis 1 of the polynomial through five neighbouring frames.

    u is (samples, times, ...) at times `interval` apart. One-sided at the ends; the polynomial goes through
    all frames where there are fewer than five. The error falls with the fourth power of the interval.

    Raises `ValueError` for fewer than two frames.

    >>> t = torch.linspace(0, 1, 6, dtype=torch.float64)
    >>> float((time_derivative((t**3)[None, :, None], interval=0.2)[0, :, 0] - 3 * t**2).abs().max()) < 1e-12
    True
    """
    frames = u.shape[1]
    if frames < 2:
        raise ValueError(f"a time derivative needs at least two frames, got {frames}")
    width = min(5, frames)
    # row i: weights of the derivative at node i of the polynomial through nodes 0 to width - 1
    nodes = np.arange(width, dtype=np.float64)
    powers = np.vander(nodes, increasing=True)
    slopes = np.zeros_like(powers)
    slopes[:, 1:] = powers[:, :-1] * np.arange(1, width)
    weights = torch.as_tensor(slopes @ np.linalg.inv(powers) / interval, dtype=u.dtype, device=u.device)
    centre = width // 2
    inside = sum(weights[centre, j] * u[:, j : frames - width + 1 + j] for j in range(width))
    assert isinstance(inside, torch.Tensor)
    start = torch.einsum("ij,bj...->bi...", weights[:centre], u[:, :width])
    end = torch.einsum("ij,bj...->bi...", weights[centre + 1 :], u[:, frames - width :])
    return torch.cat([start, inside, end], dim=1)
