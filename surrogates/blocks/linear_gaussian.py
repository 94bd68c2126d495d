"""The state of a linear system from noisy measurements with gaps: exact filter and smoother."""

from __future__ import annotations

from typing import NamedTuple

import torch

__all__ = ["Filtered", "filtered", "smoothed_covariances", "smoothed_means"]


class Filtered(NamedTuple):
    """What is known of each state from the measurements up to it, and from those before it alone.

    Attributes:
        means, covariances: (batch, frames, size) and (batch, frames, size, size), own measurement included.
        predicted_means: the same without it.
        predicted_roots: (batch, frames, size, size) lower triangular; each times its transpose is the
            covariance without the own measurement.
    """

    means: torch.Tensor
    covariances: torch.Tensor
    predicted_means: torch.Tensor
    predicted_roots: torch.Tensor


def filtered(
    precision: torch.Tensor,
    information: torch.Tensor,
    *,
    transition: torch.Tensor,
    process_noise: torch.Tensor,
    initial: torch.Tensor,
) -> Filtered:
    """The Kalman filter of x_0 ~ N(0, initial), x_t = transition x_(t-1) + N(0, process_noise).

    Measurements y_t = H_t x_t + N(0, R_t) come as what they say of the state: their `precision`
    H_t^T R_t^-1 H_t, (batch, frames, size, size), and their `information` H_t^T R_t^-1 y_t, (batch, frames,
    size). Where nothing is measured both are zero. So any number of values may be missing, and a step costs
    the same however many there are.

    Covariances go from root to root: with the predicted one L L^T the next is L (I + L^T precision L)^-1 L^T,
    symmetric and positive whatever the rounding; what is predicted from it is a sum, and positive as far as
    round-off leaves it so. `initial` and `process_noise`, (size, size), must be positive
    definite, else `torch.linalg.LinAlgError` is raised.

    Reference: Kalman 1960, doi:10.1115/1.3662552.
    """
    mean = torch.zeros_like(information[:, 0])
    covariance = initial.expand(len(mean), *initial.shape)
    eye = torch.eye(initial.shape[0], dtype=initial.dtype, device=initial.device)
    steps: list[tuple[torch.Tensor, ...]] = []
    for frame in range(information.shape[1]):
        if frame:
            mean = mean @ transition.mT
            covariance = transition @ covariance @ transition.mT + process_noise
            covariance = 0.5 * (covariance + covariance.mT)
        root, before = torch.linalg.cholesky(covariance), mean
        said = precision[:, frame]
        inner = torch.linalg.cholesky(eye + root.mT @ said @ root)
        half = torch.linalg.solve_triangular(inner, root.mT, upper=False)
        covariance = half.mT @ half
        innovation = information[:, frame] - _times(said, mean)
        mean = mean + _times(covariance, innovation)
        steps.append((mean, covariance, before, root))
    return Filtered(*(torch.stack(part, dim=1) for part in zip(*steps, strict=True)))


def smoothed_means(found: Filtered, *, transition: torch.Tensor) -> torch.Tensor:
    """(batch, frames, size) the states' means from all measurements, later ones included.

    Reference: Rauch, Tung & Striebel 1965, doi:10.2514/3.3166.
    """
    mean = found.means[:, -1]
    means = [mean]
    for frame in reversed(range(found.means.shape[1] - 1)):
        later = mean - found.predicted_means[:, frame + 1]
        mean = found.means[:, frame] + _times(_gain(found, frame, transition), later)
        means.append(mean)
    return torch.stack(means[::-1], dim=1)


def smoothed_covariances(
    found: Filtered, *, transition: torch.Tensor, process_noise: torch.Tensor
) -> torch.Tensor:
    """(batch, frames, size, size) of the same: sums of squares alone, so that they stay positive."""
    eye = torch.eye(process_noise.shape[0], dtype=process_noise.dtype, device=process_noise.device)
    covariance = found.covariances[:, -1]
    covariances = [covariance]
    for frame in reversed(range(found.means.shape[1] - 1)):
        gain = _gain(found, frame, transition)
        kept = eye - gain @ transition
        covariance = (
            kept @ found.covariances[:, frame] @ kept.mT + gain @ (process_noise + covariance) @ gain.mT
        )
        covariance = 0.5 * (covariance + covariance.mT)
        covariances.append(covariance)
    return torch.stack(covariances[::-1], dim=1)


def _gain(found: Filtered, frame: int, transition: torch.Tensor) -> torch.Tensor:
    """(batch, size, size) by how much a state moves with what the next one turned out to be."""
    forward = transition @ found.covariances[:, frame]
    return torch.cholesky_solve(forward, found.predicted_roots[:, frame + 1]).mT


def _times(matrices: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """(batch, size, size) and (batch, size) -> (batch, size)"""
    return (matrices @ vectors[..., None])[..., 0]
