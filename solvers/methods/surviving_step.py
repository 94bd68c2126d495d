"""Looks for a step that survives where a solver's own blew up, for a few seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .compiled_spectral import CompiledEngine

if TYPE_CHECKING:
    from .spectral_solver import SpectralSolver

__all__ = ["step_that_survives"]

COMPILED_WORK, PLAIN_WORK = 1e9, 1e5
"""What may be spent: points times pairs of transforms where these are compiled, pairs where they are not.
A few seconds either way. Counted, not clocked: what came of it is written into training sets, and these hold
the same bytes whenever they are made."""
SHARES = (1 / 64, 1 / 8, 1.0)
"""Of the time that is asked for: most steps that are too large blow up early, which is found out cheaply."""
ADVICE = "the initial state or the forcing is too violent for the grid"


def step_that_survives(
    solver: SpectralSolver, initial: NDArray[np.float64], until: float, *, number: float | None = None
) -> str:
    """Half the step, a quarter, ... down to 1/1024, tried on `initial` (samples, points): what came of it."""
    left = _affordable(solver, samples=len(initial))
    for halvings in range(1, 11):
        trial = replace(solver, step=solver.step / 2**halvings)
        reached = 0.0
        for share in SHARES:
            # a multiple of the step is one of every trial's step, too
            end = min(until, float(np.ceil(share * until / solver.step) * solver.step))
            left -= end / trial.step
            if left < 0:
                if reached:
                    return f"a step of {trial.step:g} survives until t = {reached:g}, where the search ends"
                return f"a step of {2 * trial.step:g} blows up, too, and there the search ends; {ADVICE}"
            if not np.isfinite(trial.integrate(initial, np.array([end]), number=number)).all():
                break
            reached = end
        else:
            return f"a step of {trial.step:g} survives (tried on the first of them)"
    return f"1/1024 of that step blows up, too; {ADVICE}"


def _affordable(solver: SpectralSolver, *, samples: int) -> float:
    """How many steps may be tried in all."""
    if CompiledEngine.can_run(solver.grid_points, solver.dtype, solver.system.power):
        return COMPILED_WORK / (samples * solver.grid_points * solver.pairs_per_step)
    return PLAIN_WORK / solver.pairs_per_step
