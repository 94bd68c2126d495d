"""The fast engine: the integrators of `methods.lane_exponential` behind the plain engine's interface."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exponential import Multistep
from .lane_exponential import run_multistep, run_runge_kutta
from .lane_layout import why_not
from .lane_tables import MultistepTables, RungeKuttaTables
from .spectral_recipe import Recipe, lattice

__all__ = ["CompiledEngine"]

Array = NDArray[Any]


class CompiledEngine:
    """Runs a recipe on SIMD lanes. It keeps tables, no state, so one engine serves any number of runs.

    One or two samples are laid across the lanes, more fill them one each, so that a sample alone and the same
    sample in a batch differ by round-off.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.tables = lru_cache(maxsize=64)(self._tables)
        self.starter = CompiledEngine(recipe.starter()) if recipe.start is not None else None

    @staticmethod
    def can_run(points: int, dtype: str, power: int = 2) -> bool:
        """Whether this engine can: points as the kernels take them, a usual precision, a square or a cube."""
        return not why_not(points) and dtype in ("float32", "float64") and power in (2, 3)

    def frames(self, initial: Array, times: NDArray[np.float64]) -> Array:
        """u (samples, times, points) from u (samples, points) at time 0; NaN or infinite where it blew up."""
        target, fractions = lattice(times, self.recipe.step)
        terms, between = self.recipe.terms, fractions > 0
        needed = target
        if between.any():  # such an output needs the terms before it; the first ones come from the start
            past = _before(target[between], terms)
            needed = np.unique(np.concatenate([target, past[past >= 0]]))
        start = self._start(initial.astype(self.recipe.dtype, copy=False))
        later = needed[needed >= terms]
        steps = later.copy()
        steps[1:] -= later[:-1]
        steps[:1] -= terms - 1
        run = self._run(start, 1.0, steps=steps)
        if len(later) == len(times) and needed is target:
            return run
        states = np.concatenate([start, run], axis=1)
        where = np.concatenate([np.arange(terms), later])  # lattice point of each state
        frames = states[:, np.searchsorted(where, target)]
        for fraction in np.unique(fractions[between]):
            for early in (False, True):
                chosen = (fractions == fraction) & ((target < terms - 1) == early)
                if chosen.any():
                    history = states[
                        :, np.searchsorted(where, _before(target[chosen], 1 if early else terms))
                    ]
                    frames[:, chosen] = self._shortened(history, float(fraction), early=early)
        return frames

    def _start(self, initial: Array) -> Array:
        """The lattice points 0 to terms - 1: (samples, terms, points)."""
        first = initial[:, None]
        if self.starter is None:
            return first
        steps = [self.recipe.start_substeps] * (self.recipe.terms - 1)
        return np.concatenate([first, self.starter._run(first, 1.0, steps=np.array(steps))], axis=1)

    def _shortened(self, history: Array, fraction: float, *, early: bool) -> Array:
        """One shortened step from each of the histories (samples, outputs, terms, points)."""
        samples, outputs, terms, points = history.shape
        batch = history.reshape(samples * outputs, terms, points)
        engine, steps = self, 1
        if early and self.starter is not None:
            engine, steps = self.starter, self.recipe.start_substeps
        return engine._run(batch, fraction, steps=np.array([steps])).reshape(samples, outputs, points)

    def _run(self, history: Array, fraction: float, *, steps: NDArray[np.int64]) -> Array:
        """Frames after each number of steps, each step shortened to a fraction."""
        if len(steps) == 0:
            return history[:, :0]
        tables = self.tables(fraction)
        spacing: Any = int(steps[0]) if (steps == steps[0]).all() else steps.tolist()
        if isinstance(tables, RungeKuttaTables):
            return run_runge_kutta(history[:, -1], tables, steps_per_frame=spacing, frames=len(steps))
        return run_multistep(history, tables, steps_per_frame=spacing, frames=len(steps))

    def _tables(self, fraction: float) -> RungeKuttaTables | MultistepTables:
        operator = self.recipe.operator
        forcing = None if operator.forcing is None else operator.forcing / operator.points
        scheme = self.recipe.coefficients(fraction)
        cubed = operator.power == 3
        if isinstance(scheme, Multistep):
            return MultistepTables.of(
                scheme, operator.factor, forcing, compensated=self.recipe.compensated, cubed=cubed
            )
        return RungeKuttaTables.of(scheme, operator.factor, forcing, cubed=cubed)


def _before(targets: NDArray[np.int64], terms: int) -> NDArray[np.int64]:
    """(targets, terms) each lattice point and those before it, oldest first."""
    return targets[:, None] - np.arange(terms)[::-1]
