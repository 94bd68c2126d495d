"""Lines of chaos for the tests of surrogates that refine: short waves there follow from the long ones."""

from functools import lru_cache

import numpy as np
from known_dynamics import in_view
from understudy.datasets.observations import Coarse, Observations
from understudy.solvers.kuramoto_sivashinsky import Krogstad, KuramotoSivashinsky

__all__ = ["chaotic_lines", "seen_coarsely"]


@lru_cache(maxsize=8)
def chaotic_lines(trajectories: int, frames: int, seed: int) -> np.ndarray:
    """Kuramoto-Sivashinsky at length 22, past its transient: (trajectories, frames, 32), one unit apart."""
    system = KuramotoSivashinsky(22.0, 32)
    queries = system.draw([np.random.default_rng([seed, i]) for i in range(trajectories)])
    return np.asarray(Krogstad(system, step=1 / 8)(queries, 150.0 + np.arange(frames)).values["u"])


def seen_coarsely(trajectories: int, seed: int, *, frames: int = 20, window: int = 1) -> Observations:
    """All windows of these, on every fourth point."""
    return in_view(chaotic_lines(trajectories, frames, seed), Coarse(4), window=window)
