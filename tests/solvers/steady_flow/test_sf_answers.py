"""Where the flow is known, or others have computed it."""

import numpy as np
import pytest
from understudy.solvers.methods.stream_function import Boundary, Stream
from understudy.solvers.steady_flow import SteadyFlow, StreamNewton
from understudy.solvers.steady_flow.exact import (
    CAVITY_1000,
    CYLINDER,
    GHIA_100,
    Whirl,
    cavity,
    couette,
    cylinder,
    cylinder_coefficients,
)

ONCE = np.zeros(1)


def free(boundary: Boundary, columns: int, spacing: float, viscosity: float) -> Stream:
    """Without a solid."""
    rows = len(boundary.edge) - 1
    away = np.ones((rows, columns + 1)), np.ones((rows + 1, columns))
    return Stream(boundary, columns, spacing, viscosity, *away)


def settled(stream: Stream) -> np.ndarray:
    psi, walk = stream.newton(stream.creeping(), tolerance=1e-11, most_steps=40)
    assert walk.converged
    return psi


def test_between_a_wall_at_rest_and_a_moving_one_the_speed_is_the_height() -> None:
    stream = free(couette(12), 20, 1 / 12, 0.3)
    psi = settled(stream)
    speed = np.diff(psi, axis=0) * 12
    height = (np.arange(12) + 0.5) / 12
    np.testing.assert_allclose(speed, np.repeat(height[:, None], 21, axis=1), rtol=0, atol=1e-11)
    np.testing.assert_allclose(stream.pressure(psi), 0, atol=1e-10)


def test_an_empty_channel_keeps_its_parabola_and_loses_pressure_evenly() -> None:
    errors, slopes = [], []
    for rows in (16, 32, 64):
        system = SteadyFlow(rows, 2 * rows)
        query = {"distance": np.ones((1, *system.grid)), "viscosity": np.array([0.2])}
        solution = StreamNewton(system, tolerance=1e-12)(query, ONCE)
        exact = np.diff(system.inflow()) * rows
        errors.append(np.abs(solution.values["u"][0, 0] - exact[:, None]).max())
        p = solution.values["p"][0, 0]
        slopes.append((p[:, rows] - p[:, rows - 1]).mean() * rows)
        assert solution.values["drag"][0, 0] == solution.values["lift"][0, 0] == 0
    assert errors[2] < 1e-3
    assert 3.5 < errors[1] / errors[2] < 4.5
    assert slopes[2] == pytest.approx(-12 * 0.2, rel=1e-3)


def test_slip_walls_leave_an_even_flow_as_it_is() -> None:
    system = SteadyFlow(16, 32, walls="slip")
    solution = StreamNewton(system)({"distance": np.ones((1, 16, 32)), "viscosity": np.array([0.05])}, ONCE)
    np.testing.assert_allclose(solution.values["u"], 1, atol=1e-12)
    np.testing.assert_allclose(solution.values["p"], 0, atol=1e-12)


@pytest.mark.parametrize("viscosity", [1.0, 0.02])
def test_a_manufactured_flow_is_found_to_second_order(viscosity: float) -> None:
    whirl, errors = Whirl(viscosity), []
    for rows in (16, 32, 64):
        line, middle = np.linspace(0, 1, rows + 1), (np.arange(rows) + 0.5) / rows
        stream = free(Boundary(np.zeros(rows + 1), closed=True), rows, 1 / rows, viscosity)
        stream.force_u = whirl.force(*np.meshgrid(line, middle))[0]
        stream.force_v = whirl.force(*np.meshgrid(middle, line))[1]
        errors.append(np.abs(settled(stream) - whirl.psi(*np.meshgrid(line, line))).max())
    orders = np.log2(errors[:-1]) - np.log2(errors[1:])
    assert orders[1] == pytest.approx(2, abs=0.1)
    assert errors[2] < 2e-3


def test_the_lid_driven_cavity_at_reynolds_100_is_that_of_ghia() -> None:
    rows = 64
    psi = settled(free(cavity(rows), rows, 1 / rows, 0.01))
    speed = np.diff(psi[:, rows // 2]) * rows
    middle = (np.arange(rows) + 0.5) / rows
    for height, wanted in GHIA_100:
        assert np.interp(height, middle, speed) == pytest.approx(wanted, abs=4e-3)


@pytest.mark.slow
def test_the_lid_driven_cavity_at_reynolds_1000_is_that_of_botella_and_peyret() -> None:
    found = []
    for rows in (128, 256):
        psi = None
        for viscosity in (1e-2, 4e-3, 2e-3, 1e-3):
            stream = free(cavity(rows), rows, 1 / rows, viscosity)
            start = stream.creeping() if psi is None else psi
            psi, walk = stream.newton(start, tolerance=1e-10, most_steps=60)
            assert walk.converged
        assert psi is not None
        u, v = np.diff(psi[:, rows // 2]) * rows, -np.diff(psi[rows // 2]) * rows
        found.append([u[: rows // 2].min(), v.max(), v.min()])
    better = (4 * np.array(found[1]) - found[0]) / 3
    np.testing.assert_allclose(better, list(CAVITY_1000.values()), rtol=3e-3)


def test_the_cylinder_of_schaefer_and_turek() -> None:
    system, query = cylinder(2)
    solution = StreamNewton(system)(query, ONCE)
    assert solution.measures["reynolds"][0] == pytest.approx(20, rel=0.02)
    found = cylinder_coefficients(system, dict(solution.values))
    assert found["drag"] == pytest.approx(CYLINDER["drag"], rel=5e-3)
    assert found["lift"] == pytest.approx(CYLINDER["lift"], rel=5e-2)
    assert found["pressure"] == pytest.approx(CYLINDER["pressure"], rel=2e-2)


@pytest.mark.slow
def test_the_cylinder_comes_within_a_thousandth_by_refinement() -> None:
    system, query = cylinder(4)
    found = cylinder_coefficients(system, dict(StreamNewton(system)(query, ONCE).values))
    assert found["drag"] == pytest.approx(CYLINDER["drag"], rel=1e-3)
    assert found["lift"] == pytest.approx(CYLINDER["lift"], rel=2e-2)
    assert found["pressure"] == pytest.approx(CYLINDER["pressure"], rel=1e-2)
