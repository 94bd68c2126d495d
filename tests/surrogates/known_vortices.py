"""Flows in which the vortices are known, in memory."""

from typing import Any

import numpy as np
from known_dynamics import Asked
from understudy.datasets.detections import Detecting, Detections
from understudy.solvers.vortices import Planted, Vortices

SMALL = Vortices(
    points=16, slots=3, fewest=1, most=2, least_radius=0.08, most_radius=0.12, rate=2.0, most_noise=0.1
)


def flows(samples: int, seed: int, *, system: Vortices = SMALL) -> Detections:
    """Velocities with noise -> vortices and their cores."""
    queries = system.draw([np.random.default_rng([seed, i]) for i in range(samples)])
    answers = Planted(system)(queries, np.zeros(1)).values
    source: Any = Asked(u=queries["u"], v=queries["v"], **{name: a[:, 0] for name, a in answers.items()})
    y, x, _ = system.axes
    return Detections(source, task=Detecting(), axes=(y, x))
