"""Order of convergence, on a smooth field and a domain of no special length."""

from functools import cache

import numpy as np
import pytest
from understudy.solvers.kuramoto_sivashinsky import (
    CNAB2,
    ETDAB,
    ETDABM,
    ETDRK4,
    Krogstad,
    KuramotoSivashinsky,
)
from understudy.solvers.methods.spectral_solver import SpectralSolver

SYSTEM = KuramotoSivashinsky(17.3, 40, forcing=0.2, forcing_wavelength=17.3)
X = 2 * np.pi * np.arange(40) / 40
SMOOTH = {"u": (0.4 + 0.3 * np.cos(X) - 0.2 * np.sin(2 * X))[None]}
TIMES = np.array([4.0])


@cache
def truth() -> np.ndarray:
    """In extended precision where there is any, else in double: the smallest errors below are 1e-12."""
    fine = np.finfo(np.longdouble).eps < 1e-18
    solver = ETDAB(SYSTEM, step=1 / 256, order=6, dtype="longdouble" if fine else "float64")
    return solver(SMOOTH, TIMES).values["u"]


def orders(solvers: list[SpectralSolver]) -> np.ndarray:
    """Observed order between each solver and the next, whose step is half."""
    errors = [np.abs(solver(SMOOTH, TIMES).values["u"] - truth()).max() for solver in solvers]
    return np.log2(np.array(errors[:-1]) / np.array(errors[1:]))


@pytest.mark.parametrize("kind", [ETDRK4, Krogstad])
def test_the_runge_kutta_schemes_are_of_fourth_order(kind: type[SpectralSolver]) -> None:
    observed = orders([kind(SYSTEM, step=h) for h in (1 / 64, 1 / 128)])
    assert observed[-1] == pytest.approx(4, abs=0.06)


@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_adams_bashforth_is_of_its_order(order: int) -> None:
    observed = orders([ETDAB(SYSTEM, step=h, order=order) for h in (1 / 64, 1 / 128)])
    assert observed[-1] == pytest.approx(order, abs=0.08)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_the_predictor_corrector_is_at_least_of_its_order(order: int) -> None:
    """The error of the predictor, an order higher but larger, is what a coarse step shows."""
    observed = orders([ETDABM(SYSTEM, step=h, order=order) for h in (1 / 16, 1 / 32, 1 / 64)])
    assert order - 0.2 < observed[-1] < order + 1.2


def test_crank_nicolson_is_of_second_order() -> None:
    observed = orders([CNAB2(SYSTEM, step=h) for h in (1 / 32, 1 / 64, 1 / 128)])
    assert observed[-1] == pytest.approx(2, abs=0.05)


def test_the_predictor_corrector_beats_adams_bashforth_of_the_same_order_and_cost() -> None:
    errors = [
        np.abs(kind(SYSTEM, step=1 / 32, order=4)(SMOOTH, TIMES).values["u"] - truth()).max()
        for kind in (ETDABM, ETDAB)
    ]
    assert errors[0] < errors[1] / 4


def test_the_grid_converges_faster_than_any_power() -> None:
    """Errors of 16, 24 and 32 points: each step of eight points gains more than the one before."""
    system = KuramotoSivashinsky(17.3, 40)
    exact = ETDAB(system, step=1 / 128, order=5)(SMOOTH, TIMES).values["u"]
    errors = [
        np.abs(ETDAB(system, step=1 / 128, order=5, points=n)(SMOOTH, TIMES).values["u"] - exact).max()
        for n in (12, 18, 24)
    ]
    gains = np.array(errors[:-1]) / np.array(errors[1:])
    assert gains[0] > 10
    assert gains[1] > 10
    assert errors[-1] < 1e-5


@pytest.mark.parametrize("kind", [ETDRK4, ETDAB, ETDABM])
def test_output_between_the_steps_has_the_order_of_the_steps(kind: type[SpectralSolver]) -> None:
    """At 3.3 steps of the coarsest run, hence in the middle of a step of every run."""
    times = np.array([3.3 / 4 + 0.2])
    exact = ETDAB(SYSTEM, step=1 / 512, order=6)(SMOOTH, times).values["u"]
    errors = [
        np.abs(kind(SYSTEM, step=h)(SMOOTH, times).values["u"] - exact).max()
        for h in (1 / 16, 1 / 32, 1 / 64)
    ]
    assert np.log2(errors[0] / errors[2]) / 2 > 3.4
