"""The search for a step that survives where another blew up: what it finds, and when it ends."""

import time
from dataclasses import replace

import numpy as np
import pytest
from understudy.solvers.kuramoto_sivashinsky import ETDAB, KuramotoSivashinsky
from understudy.solvers.methods import surviving_step
from understudy.solvers.methods.spectral_solver import SpectralSolver
from understudy.solvers.methods.surviving_step import step_that_survives


def forced(amplitude: float, *, points: int = 64) -> SpectralSolver:
    system = KuramotoSivashinsky(22.0, points, forcing=amplitude, forcing_wavelength=22.0)
    return ETDAB(system, step=1 / 256, order=6, compensated=True)


def start(solver: SpectralSolver) -> np.ndarray:
    return solver.system.draw([np.random.default_rng(1)])["u"]


@pytest.mark.parametrize("points", [64, 60])
def test_the_search_ends_in_seconds_however_long_the_time_and_violent_the_forcing(points: int) -> None:
    solver = forced(1e7, points=points)
    with np.errstate(all="ignore"):
        said = step_that_survives(solver, start(solver), 1.0)
        assert said == f"1/1024 of that step blows up, too; {surviving_step.ADVICE}"
        begin = time.perf_counter()
        said = step_that_survives(solver, start(solver), 1e5)
    assert "blows up, too, and there the search ends" in said
    assert time.perf_counter() - begin < 30


def test_what_survived_for_a_while_when_the_search_ends_is_said_with_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    solver = forced(3e3)
    found = step_that_survives(solver, start(solver), 8.0)
    step = float(found.removeprefix("a step of ").removesuffix(" survives (tried on the first of them)"))
    # enough for the survivor's first shares, not for all of it
    monkeypatch.setattr(surviving_step, "COMPILED_WORK", 64 * 0.9 * 8.0 / step)
    said = step_that_survives(solver, start(solver), 8.0)
    assert said == f"a step of {step:g} survives until t = 1, where the search ends"


def test_the_same_is_said_each_time() -> None:
    solver = replace(forced(1e5), points=32)
    with np.errstate(all="ignore"):
        said = {step_that_survives(solver, start(solver), 500.0) for _ in range(3)}
    assert len(said) == 1
