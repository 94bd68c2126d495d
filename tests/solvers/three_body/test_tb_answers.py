"""Where the future of three bodies is known, or another code knows it."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from understudy.solvers.contract import Queries, Solution, Solver, Status
from understudy.solvers.three_body import DormandPrince, Leapfrog, Regularised, RungeKutta4, ThreeBody
from understudy.solvers.three_body.exact import FIGURE_EIGHT_PERIOD, binary, figure_eight, lagrange

SYSTEM = ThreeBody()
ACCURATE = [
    Regularised(SYSTEM, tolerance=1e-14),
    DormandPrince(SYSTEM, tolerance=1e-14),
    DormandPrince(SYSTEM, tolerance=1e-14, transformed=True),
    Leapfrog(SYSTEM, order=8, step=1 / 128),
    Leapfrog(SYSTEM, order=8, step=1 / 256, transformed=False),
]
MASS = (0.3, 5.0, 2.0)


def asked(orbit: dict[str, np.ndarray], mass: tuple[float, ...]) -> Queries:
    """The start of a known orbit as a query."""
    return {**{name: values[:1] for name, values in orbit.items()}, "mass": np.array([mass])}


def error(solution: Solution, orbit: dict[str, np.ndarray]) -> float:
    """The largest, in any position or velocity, in parts of the largest of its kind."""
    return max(
        float(np.abs(solution.values[n][0] - orbit[n]).max() / np.abs(orbit[n][:, :2]).max()) for n in orbit
    )


@pytest.mark.parametrize("solver", ACCURATE, ids=lambda s: s.label)
@pytest.mark.parametrize("eccentricity", [0.0, 0.5])
def test_a_triangle_of_unequal_masses_turns_as_lagrange_found(solver: Solver, eccentricity: float) -> None:
    """Off the unit scale, so that no length, mass or time is left out."""
    times = np.linspace(0.0, 12.0, 9)
    orbit = lagrange(times, mass=MASS, side=2.7, eccentricity=eccentricity)
    limit = 1e-9 if "h=" in solver.label else 2e-10
    assert error(solver(asked(orbit, MASS), times), orbit) < limit


@pytest.mark.parametrize("solver", ACCURATE[:2], ids=lambda s: s.label)
def test_two_bodies_with_the_third_far_away_run_on_their_ellipse(solver: Solver) -> None:
    times = np.linspace(0.0, 12.0, 23)
    orbit = binary(times, separation=1.7, eccentricity=0.6)
    solution = solver(asked(orbit, (1.0, 3.0, 1e-6)), times)
    for name, values in orbit.items():
        relative = solution.values[name][0, :, 1] - solution.values[name][0, :, 0]
        np.testing.assert_allclose(relative, values[:, 1] - values[:, 0], rtol=0, atol=3e-9)


@pytest.mark.parametrize("solver", ACCURATE, ids=lambda s: s.label)
def test_the_figure_eight_closes_after_ten_periods(solver: Solver) -> None:
    query = figure_eight()
    solution = solver(query, np.array([10 * FIGURE_EIGHT_PERIOD]))
    for name in ("x", "y", "vx", "vy"):
        np.testing.assert_allclose(solution.values[name][:, 0], query[name], rtol=0, atol=2e-9)


def scipy_solution(query: Queries, times: np.ndarray) -> np.ndarray:
    """Positions (times, 6) of the first sample by SciPy's DOP853, from Newton's law written out."""
    mass = query["mass"][0]

    def right(t: float, state: np.ndarray) -> np.ndarray:
        place, speed = state[:6].reshape(2, 3), state[6:]
        force = np.zeros((2, 3))
        for i in range(3):
            for j in range(3):
                if i != j:
                    apart = place[:, j] - place[:, i]
                    force[:, i] += mass[j] * apart / (apart @ apart) ** 1.5
        return np.concatenate([speed, force.ravel()])

    start = np.concatenate([query[name][0] for name in ("x", "y", "vx", "vy")])
    found = solve_ivp(right, (0, times[-1]), start, method="DOP853", t_eval=times, rtol=3e-14, atol=1e-14)
    return found.y[:6].T


@pytest.mark.parametrize("solver", ACCURATE[:4], ids=lambda s: s.label)
def test_it_agrees_with_an_integrator_written_by_others(solver: Solver) -> None:
    """Unequal masses, a moving barycentre, and frames close together, where the polynomial is used."""
    generator = np.random.default_rng(3)
    x, y = np.array([[0.0, 1.9, -0.7]]), np.array([[0.2, 0.9, 1.6]])
    vx, vy = 0.4 * generator.standard_normal((2, 1, 3)) + 0.7
    query = {"x": x, "y": y, "vx": vx, "vy": vy, "mass": np.array([[0.7, 1.1, 2.0]])}
    times = np.linspace(0.0, 4.0, 257)
    solution = solver(query, times)
    both = np.concatenate([solution.values["x"][0], solution.values["y"][0]], axis=1)
    np.testing.assert_allclose(both, scipy_solution(query, times), rtol=0, atol=2e-9)


def test_the_regularised_and_the_plain_equations_give_the_standard_starts_alike() -> None:
    query = SYSTEM.draw([np.random.default_rng(i) for i in range(24)])
    times = np.array([0.5, 1.0, 2.0])
    ours = Regularised(SYSTEM, tolerance=1e-15, closest=True)(query, times)
    plain = DormandPrince(SYSTEM, tolerance=1e-15, transformed=True)(query, times)
    difference = np.abs(ours.values["x"] - plain.values["x"]).max(axis=(1, 2))
    far = ours.measures["closest_approach"] > 1e-3
    assert far.sum() >= 6
    assert difference[far].max() < 1e-8
    assert np.median(difference) < 1e-9


def test_a_head_on_collision_is_a_bounce() -> None:
    """Two bodies at rest fall together and come back to where they were after one period."""
    apart = 1.3
    query = {
        "x": np.array([[0.0, apart, 100.0]]),
        **{name: np.zeros((1, 3)) for name in ("y", "vx", "vy")},
        "mass": np.array([[1.0, 2.0, 1e-6]]),
    }
    period = 2 * np.pi * np.sqrt((apart / 2) ** 3 / 3)
    solution = Regularised(SYSTEM, tolerance=1e-14, closest=True)(query, np.array([period / 4, period]))
    assert solution.status[0] == Status.SOLVED
    np.testing.assert_allclose(solution.values["x"][0, 1, :2], [0.0, apart], rtol=0, atol=3e-9)
    assert solution.measures["closest_approach"][0] < 1e-12


def test_runge_kutta_is_right_where_nothing_comes_near() -> None:
    times = np.linspace(0.0, 6.0, 7)
    orbit = lagrange(times, mass=MASS, side=2.7)
    for transformed in (False, True):
        solution = RungeKutta4(SYSTEM, step=1 / 256, transformed=transformed)(asked(orbit, MASS), times)
        assert error(solution, orbit) < 1e-6


@pytest.mark.parametrize("eccentricity", [0.6, 0.99])
def test_the_closest_approach_is_that_of_the_ellipse(eccentricity: float) -> None:
    """From the far end of an ellipse to before or beyond the near one, in steps that end at neither."""
    apart = 1.7
    orbit = binary(np.zeros(1), separation=apart, eccentricity=eccentricity)
    query = asked(orbit, (1.0, 3.0, 1e-6))
    half = np.pi * np.sqrt((apart / (1 + eccentricity)) ** 3 / 4)
    solver = Regularised(SYSTEM, tolerance=1e-8, closest=True)
    for end in (0.8 * half, 0.9 * half, 0.97 * half):
        solution = solver(query, np.array([end]))
        values = solution.values
        distance = np.hypot(*(values[n][0, 0, 1] - values[n][0, 0, 0] for n in ("x", "y")))
        np.testing.assert_allclose(solution.measures["closest_approach"], distance, rtol=1e-6)
    for end in (1.1 * half, 2 * half):
        nearest = solver(query, np.array([end])).measures["closest_approach"]
        np.testing.assert_allclose(nearest, apart * (1 - eccentricity) / (1 + eccentricity), rtol=1e-5)
