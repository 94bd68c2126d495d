"""Orders of convergence, symmetries, and what must not depend on the company that a sample is in."""

import dataclasses

import numba
import numpy as np
import pytest
from understudy.solvers.contract import Queries, Solver
from understudy.solvers.three_body import DormandPrince, Leapfrog, Regularised, RungeKutta4, ThreeBody
from understudy.solvers.three_body.exact import lagrange

SYSTEM = ThreeBody()
GENERAL = ThreeBody(mass_ratio=2.0, speed=0.3)
SOLVERS: list[Solver] = [
    Regularised(SYSTEM, tolerance=1e-13),
    DormandPrince(SYSTEM, tolerance=1e-13),
    DormandPrince(SYSTEM, tolerance=1e-13, transformed=True),
    Leapfrog(SYSTEM, order=6, step=1 / 64),
    Leapfrog(SYSTEM, order=4, step=1 / 512, transformed=False),
    RungeKutta4(SYSTEM, step=1 / 256),
]
NAMES = ("x", "y", "vx", "vy")


def drawn(system: ThreeBody, samples: int, first: int = 0) -> Queries:
    return system.draw([np.random.default_rng(first + i) for i in range(samples)])


def mild(samples: int) -> Queries:
    """Unequal masses that do not meet before time 1."""
    generator = np.random.default_rng(5)
    corners = 1.5 * np.exp(2j * np.pi * np.arange(3) / 3)
    place = corners + 0.2 * (generator.standard_normal((samples, 3, 2)) @ np.array([1, 1j]))
    speed = 0.3j * corners + 0.1 * (generator.standard_normal((samples, 3, 2)) @ np.array([1, 1j]))
    parts = {"x": place.real, "y": place.imag, "vx": speed.real, "vy": speed.imag}
    return {**parts, "mass": generator.uniform(0.5, 2.0, (samples, 3))}


@pytest.mark.parametrize("transformed", [False, True])
@pytest.mark.parametrize(("order", "steps"), [(2, 64), (4, 32), (6, 16), (8, 6), (0, 32)])
def test_halving_the_step_divides_the_error_by_two_to_the_order(
    order: int, steps: int, transformed: bool
) -> None:
    """Also at a time that no step ends at, where a frame takes a step of its own."""
    times = np.array([0.0, 1.0, np.e])
    orbit = lagrange(times, mass=(1.0, 2.0, 0.5), side=1.4, eccentricity=0.3)
    query = {**{n: v[:1] for n, v in orbit.items()}, "mass": np.array([[1.0, 2.0, 0.5]])}
    errors = []
    coarse = 1 / 2 if transformed and order == 8 else 1 / steps
    for step in (coarse, coarse / 2):
        solver = (
            Leapfrog(SYSTEM, order=order, step=step, transformed=transformed)
            if order
            else RungeKutta4(SYSTEM, step=step, transformed=transformed)
        )
        solution = solver(query, times)
        errors.append(np.abs(solution.values["x"][0] - orbit["x"]).max(axis=1)[1:])
    observed = np.log2(errors[0] / errors[1])
    assert np.all(observed > (order or 4) - 0.35)
    assert np.all(observed < (order or 4) + 0.8)
    assert errors[1].min() > 1e-14


@pytest.mark.parametrize("equations", ["regularised", "plain", "transformed"])
def test_a_hundredth_of_the_tolerance_is_a_hundredth_of_the_error(equations: str) -> None:
    times = np.linspace(0.5, 4.0, 8)
    orbit = lagrange(times, mass=(1.0, 2.0, 0.5), side=1.4, eccentricity=0.4)
    start = lagrange(np.zeros(1), mass=(1.0, 2.0, 0.5), side=1.4, eccentricity=0.4)
    query = {**start, "mass": np.array([[1.0, 2.0, 0.5]])}
    errors = []
    for tolerance in (1e-6, 1e-8, 1e-10, 1e-12):
        solver: Solver = Regularised(SYSTEM, tolerance=tolerance)
        if equations != "regularised":
            solver = DormandPrince(SYSTEM, tolerance=tolerance, transformed=equations == "transformed")
        errors.append(np.abs(solver(query, times).values["x"][0] - orbit["x"]).max())
    slope = np.polyfit([-6, -8, -10, -12], np.log10(errors), 1)[0]
    assert 0.75 < slope < 1.25


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.label)
def test_energy_momentum_and_spin_are_conserved(solver: Solver) -> None:
    query = mild(9)
    times = np.linspace(0.0, 1.0, 5)
    found = SYSTEM.invariants(solver(query, times).values, query)
    limits = {"regularised": 1e-11, "DP8": 1e-11}.get(solver.label.split()[0], 1e-6)
    for series in found.values():
        assert np.abs(series - series[:, :1]).max() < limits


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.label)
def test_with_velocities_turned_round_it_runs_back_to_the_start(solver: Solver) -> None:
    query = mild(5)
    there = solver(query, np.array([0.8])).values
    back = {"x": there["x"][:, 0], "y": there["y"][:, 0], "vx": -there["vx"][:, 0], "vy": -there["vy"][:, 0]}
    again = solver({**back, "mass": query["mass"]}, np.array([0.8])).values
    limit = 1e-6 if isinstance(solver, RungeKutta4 | Leapfrog) else 1e-11
    np.testing.assert_allclose(again["x"][:, 0], query["x"], rtol=0, atol=limit)
    np.testing.assert_allclose(-again["vy"][:, 0], query["vy"], rtol=0, atol=limit)


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.label)
def test_a_turned_moved_and_drifting_start_gives_the_turned_moved_and_drifting_answer(
    solver: Solver,
) -> None:
    query, times = mild(5), np.array([0.25, 0.8])
    turn, shift, drift = np.exp(0.7j), 3.0 - 2.0j, 0.4 + 0.9j
    place, speed = query["x"] + 1j * query["y"], query["vx"] + 1j * query["vy"]
    moved, moving = turn * place + shift, turn * speed + drift
    other = {"x": moved.real, "y": moved.imag, "vx": moving.real, "vy": moving.imag, "mass": query["mass"]}
    plain, changed = solver(query, times).values, solver(other, times).values
    expected = turn * (plain["x"] + 1j * plain["y"]) + shift + drift * times[:, None]
    np.testing.assert_allclose(changed["x"] + 1j * changed["y"], expected, rtol=0, atol=1e-10)
    expected = turn * (plain["vx"] + 1j * plain["vy"]) + drift
    np.testing.assert_allclose(changed["vx"] + 1j * changed["vy"], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.label)
def test_bodies_that_change_numbers_change_nothing_else(solver: Solver) -> None:
    query, times = mild(5), np.array([0.8])
    order = [2, 0, 1]
    plain = solver(query, times).values
    changed = solver({name: values[:, order] for name, values in query.items()}, times).values
    for name in NAMES:
        np.testing.assert_allclose(changed[name], plain[name][:, :, order], rtol=0, atol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.label)
def test_scaled_by_kepler_s_third_law_the_orbits_are_the_same(solver: Solver) -> None:
    """Lengths times 4, times times 8, velocities halved; steps in s, of mass squared over length, double."""
    query, times = mild(5), np.array([0.8])
    larger = {**query, "x": 4 * query["x"], "y": 4 * query["y"], "vx": query["vx"] / 2, "vy": query["vy"] / 2}
    scaled = solver
    if isinstance(solver, Leapfrog | RungeKutta4):
        scaled = dataclasses.replace(solver, step=solver.step * (2 if solver.transformed else 8))
    plain, changed = solver(query, times).values, scaled(larger, 8 * times).values
    np.testing.assert_allclose(changed["x"], 4 * plain["x"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(changed["vy"], plain["vy"] / 2, rtol=0, atol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.label)
def test_a_sample_s_answer_depends_on_no_other_sample_nor_on_threads(solver: Solver) -> None:
    query, times = drawn(GENERAL, 40), np.array([0.3, 0.7])
    solver = dataclasses.replace(solver, system=GENERAL, most_steps=20_000)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        together = solver(query, times)
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        threaded = solver(query, times)
    finally:
        numba.set_num_threads(before)
    alone = [solver({n: v[i : i + 1] for n, v in query.items()}, times) for i in range(40)]
    for name in NAMES:
        np.testing.assert_array_equal(threaded.values[name], together.values[name])
        np.testing.assert_array_equal(np.concatenate([a.values[name] for a in alone]), together.values[name])
    for name, measured in together.measures.items():
        np.testing.assert_array_equal(np.concatenate([a.measures[name] for a in alone]), measured)


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.label)
def test_frames_asked_for_together_are_those_asked_for_alone(solver: Solver) -> None:
    query = mild(3)
    times = np.linspace(0.0, 0.9, 28)
    together = solver(query, times).values["x"]
    for i in (0, 7, 27):
        np.testing.assert_allclose(
            solver(query, times[i : i + 1]).values["x"][:, 0], together[:, i], atol=1e-12
        )


def test_softened_bodies_pass_through_each_other() -> None:
    """At small distance the softened force is linear: a harmonic oscillation of known period."""
    soft = ThreeBody(softening=1.0)
    query = {
        "x": np.array([[-1e-3, 1e-3, 1e9]]),
        **{name: np.zeros((1, 3)) for name in ("y", "vx", "vy")},
        "mass": np.array([[1.0, 1.0, 1e-9]]),
    }
    period = 2 * np.pi / np.sqrt(2)
    for solver in (DormandPrince(soft, tolerance=1e-13), Leapfrog(soft, order=8, step=1 / 64)):
        x = solver(query, np.array([period / 2, period])).values["x"][0]
        np.testing.assert_allclose(x[:, :2], [[1e-3, -1e-3], [-1e-3, 1e-3]], rtol=0, atol=1e-8)
