"""Every cheap way to find vortices: criteria with thresholds and smoothing, and fits from rough to full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..contract import Solver
from .criterion import GradientCriterion
from .least_squares import FittedVortices
from .system import Vortices

__all__ = ["ladder"]


THRESHOLDS: Mapping[Literal["q", "okubo-weiss"], tuple[float, ...]] = {
    "q": (2.0, 1.0, 0.5),
    "okubo-weiss": (1.0, 0.2),
}


def ladder(system: Vortices) -> list[Solver]:
    """From the criterion with the fewest peaks, and so the cheapest, to the fit that leaves only noise."""
    criteria = [
        GradientCriterion(system, criterion=criterion, threshold=threshold, smoothing=smoothing)
        for criterion, thresholds in THRESHOLDS.items()
        for threshold in thresholds
        for smoothing in (2.0, 1.0, 0.0)
    ]
    fits = [
        FittedVortices(system, iterations=n, rounds=rounds, stride=stride)
        for n, rounds, stride in (
            (2, 0, 4),
            (2, 0, 2),
            (3, 0, 2),
            (6, 1, 2),
            (3, 0, 1),
            (6, 1, 1),
            (12, 2, 1),
        )
        if (system.points // stride) ** 2 >= 8 * system.slots
    ]
    # begun at more peaks, of which the fit tells noise from vortices, it has less to search for
    begun = [
        FittedVortices(system, iterations=n, rounds=rounds, stride=stride, threshold=0.5, smoothing=2.0)
        for n, rounds, stride in ((3, 0, 2), (3, 0, 1), (6, 0, 1), (6, 1, 1))
        if (system.points // stride) ** 2 >= 8 * system.slots
    ]
    return [*criteria, *fits, *begun, FittedVortices(system, iterations=30, rounds=4)]
