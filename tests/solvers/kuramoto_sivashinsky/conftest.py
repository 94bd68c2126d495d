"""States that several tests start from."""

import numpy as np
import pytest
from numpy.typing import NDArray
from understudy.solvers.kuramoto_sivashinsky import ETDAB, KuramotoSivashinsky


def states_on_attractor(system: KuramotoSivashinsky, samples: int, *, seed: int = 0) -> NDArray[np.float64]:
    """(samples, points) after 200 time units."""
    queries = system.draw([np.random.default_rng([seed, i]) for i in range(samples)])
    return ETDAB(system, step=1 / 16)(queries, np.array([200.0])).values["u"][:, 0]


@pytest.fixture(scope="session")
def chaotic() -> tuple[KuramotoSivashinsky, NDArray[np.float64]]:
    """The standard problem, L = 22 with 64 points, and 10 states on its attractor."""
    system = KuramotoSivashinsky()
    return system, states_on_attractor(system, 10)
