"""Every cheap way to run the solvers: scheme, step, tolerance, for the comparison at equal accuracy."""

from __future__ import annotations

from ..contract import Solver
from .solvers import DormandPrince, Leapfrog, Regularised, RungeKutta4
from .system import ThreeBody

__all__ = ["ladder"]

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-14)
PLAIN_TOLERANCES = (1e-5, 1e-7, 1e-9, 1e-11)
TRANSFORMED_STEPS = {2: (1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128), 4: (1 / 8, 1 / 16, 1 / 32, 1 / 64)}
TRANSFORMED_STEPS |= {6: (1 / 8, 1 / 16, 1 / 32), 8: (1 / 8, 1 / 16, 1 / 32)}
SPENT_AFTER = 50_000
"""Steps: a cheap setting that needs more is lost anyway, and must not hold up the others."""


def ladder(system: ThreeBody) -> list[Solver]:
    """From a rough leapfrog to tolerances near round-off; nothing regularised for softened gravity."""
    rungs: list[Solver] = []
    if not system.softening:
        rungs += [Regularised(system, tolerance=t, most_steps=SPENT_AFTER) for t in TOLERANCES]
    for transformed in (False, True):
        rungs += [
            DormandPrince(system, tolerance=t, transformed=transformed, most_steps=SPENT_AFTER)
            for t in PLAIN_TOLERANCES
        ]
    for order, steps in TRANSFORMED_STEPS.items():
        rungs += [Leapfrog(system, order=order, step=h, most_steps=SPENT_AFTER) for h in steps]
    rungs += [RungeKutta4(system, step=h, most_steps=SPENT_AFTER) for h in (1 / 32, 1 / 64, 1 / 128)]
    rungs += [
        Leapfrog(system, order=n, step=1 / 256, transformed=False, most_steps=SPENT_AFTER) for n in (2, 4)
    ]
    rungs += [RungeKutta4(system, step=1 / 256, transformed=False, most_steps=SPENT_AFTER)]
    return rungs
