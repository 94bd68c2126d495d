"""A linear system with normal noise: trajectories, what an instrument sees, and the exact answer."""

import numpy as np
import torch
from torch.nn import functional
from understudy.datasets.observations import KNOWN, SEEN, Observations
from understudy.surrogates.blocks.linear_gaussian import filtered, smoothed_means

ANGLE, DECAY = 0.4, 0.97
TRANSITION = DECAY * np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])
"""A slow swing that dies away, and is pushed."""
DRIFT = (1 - DECAY**2) * np.eye(2)
"""Of the pushes, so that the states have unit variance for ever."""


def swings_with_noise(trajectories: int, frames: int, seed: int) -> np.ndarray:
    """(trajectories, frames, 2) states of the system at its own balance."""
    generator = np.random.default_rng(seed)
    states = np.empty((trajectories, frames, 2))
    states[:, 0] = generator.standard_normal((trajectories, 2))
    root = np.linalg.cholesky(DRIFT)
    for t in range(1, frames):
        pushes = generator.standard_normal((trajectories, 2)) @ root.T
        states[:, t] = states[:, t - 1] @ TRANSITION.T + pushes
    return states


def exact_error(windows: Observations, *, noise: float, both_ways: bool = True) -> float:
    """Relative root mean square error of the smoother, or the filter, that is told the system."""
    inputs, outputs = windows.batch(range(len(windows)))
    true = torch.from_numpy(outputs["u"])
    numbers = true.shape[2]
    # a state has two, of which the first or both are seen
    seen, known = (functional.pad(torch.from_numpy(inputs[n]), (0, 2 - numbers)) for n in (SEEN, KNOWN))
    transition = torch.from_numpy(TRANSITION)
    found = filtered(
        torch.diag_embed(known / noise**2),
        known * seen / noise**2,
        transition=transition,
        process_noise=torch.from_numpy(DRIFT),
        initial=torch.eye(2, dtype=torch.float64),
    )
    means = smoothed_means(found, transition=transition) if both_ways else found.means
    return float(((means[..., :numbers] - true).square().sum() / true.square().sum()).sqrt())
