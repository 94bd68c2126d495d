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
    criteria: list[Solver] = [
        GradientCriterion(system, criterion=criterion, threshold=threshold, smoothing=smoothing)
        for criterion, thresholds in THRESHOLDS.items()
        for threshold in thresholds
        for smoothing in (2.0, 1.0, 0.0)
    ]
    fits = [
        *_fits(
            system,
            (1, 0, 4),
            (2, 0, 4),
            (1, 0, 2),
            (2, 0, 2),
            (3, 0, 2),
            (6, 1, 2),
            (1, 0, 1),
            (2, 0, 1),
            (3, 0, 1),
            (6, 1, 1),
            (12, 2, 1),
            (30, 4, 1),
        ),
        # begun at more peaks, of which the fit tells noise from vortices, it has less to search for
        *_fits(
            system,
            (1, 0, 4),
            (1, 0, 2),
            (2, 0, 2),
            (3, 0, 2),
            (1, 0, 1),
            (2, 0, 1),
            (3, 0, 1),
            (6, 0, 1),
            (6, 1, 1),
            threshold=0.5,
            smoothing=2.0,
        ),
    ]
    # what few cells have found and told from noise, all of them need only polish
    polished = [
        *_fits(system, (1, 0, 4, 1), (2, 0, 4, 1), (3, 1, 4, 2)),
        *_fits(
            system,
            (2, 0, 4, 1),
            (2, 0, 4, 2),
            (2, 0, 2, 1),
            (3, 1, 4, 2),
            (3, 1, 2, 1),
            (6, 1, 2, 1),
            (6, 2, 2, 2),
            threshold=0.5,
            smoothing=2.0,
        ),
    ]
    return [*criteria, *fits, *polished]


def _fits(
    system: Vortices, *chosen: tuple[int, ...], threshold: float = 1.0, smoothing: float = 1.5
) -> list[Solver]:
    """Of these iterations, rounds, strides and polish, those whose cells are enough."""
    return [
        FittedVortices(
            system,
            iterations=iterations,
            rounds=rounds,
            stride=stride,
            polish=sum(polish),
            threshold=threshold,
            smoothing=smoothing,
        )
        for iterations, rounds, stride, *polish in chosen
        if (system.points // stride) ** 2 >= 8 * system.slots
    ]
