"""The lattice-Boltzmann fluid: known flows, and the same answers as the other solver."""

import numpy as np
import pytest
from understudy.solvers.contract import SolverError, Status
from understudy.solvers.steady_flow import LatticeBoltzmann, SteadyFlow, StreamNewton, ellipse
from understudy.solvers.steady_flow.lattice import OPPOSITE, VELOCITIES, WEIGHTS

SYSTEM = SteadyFlow(32, 64)
ONCE = np.zeros(1)


def around_a_circle(reynolds: float) -> dict[str, np.ndarray]:
    distance = ellipse().placed(x=0.7, y=0.45, size=0.3).distance(*SYSTEM.middles())
    return {"distance": distance[None], "viscosity": np.array([0.3 / reynolds])}


def test_the_lattice_is_even_in_all_directions_to_fourth_order() -> None:
    c = VELOCITIES.astype(float)
    assert WEIGHTS.sum() == pytest.approx(1)
    np.testing.assert_allclose(np.einsum("q,qa,qb->ab", WEIGHTS, c, c), np.eye(2) / 3, atol=1e-15)
    fourth = np.einsum("q,qa,qb,qc,qd->abcd", WEIGHTS, c, c, c, c)
    one = np.eye(2)
    pairs = [np.einsum(f"{a},{b}->abcd", one, one) for a, b in (("ab", "cd"), ("ac", "bd"), ("ad", "bc"))]
    np.testing.assert_allclose(fourth, sum(pairs) / 9, atol=1e-15)
    np.testing.assert_array_equal(VELOCITIES[OPPOSITE], -VELOCITIES)


def test_an_empty_channel_keeps_its_parabola() -> None:
    query = {"distance": np.ones((1, *SYSTEM.grid)), "viscosity": np.array([0.1])}
    solution = LatticeBoltzmann(SYSTEM, tolerance=1e-6)(query, ONCE)
    assert solution.status[0] == Status.SOLVED
    exact = np.diff(SYSTEM.inflow()) * SYSTEM.rows
    np.testing.assert_allclose(
        solution.values["u"][0, 0, :, 20:-20], exact[:, None] + np.zeros(24), atol=5e-3
    )
    p = solution.values["p"][0, 0]
    assert (p[:, 40] - p[:, 24]).mean() * 2 == pytest.approx(-12 * 0.1, rel=2e-2)


@pytest.mark.parametrize("walls", ["no_slip", "slip"])
def test_it_agrees_with_newton_s_method(walls: str) -> None:
    system = SteadyFlow(32, 64, walls=walls)  # type: ignore[arg-type]
    query = around_a_circle(10.0)
    newton = StreamNewton(system, rows=64)(query, ONCE)
    lattice = LatticeBoltzmann(system, rows=64, tolerance=1e-4)(query, ONCE)
    assert lattice.status[0] == Status.SOLVED
    gap = sum(((lattice.values[n] - newton.values[n]) ** 2).sum() for n in ("u", "v"))
    assert np.sqrt(gap / sum((newton.values[n] ** 2).sum() for n in ("u", "v"))) < 0.02
    np.testing.assert_allclose(lattice.values["drag"], newton.values["drag"], rtol=0.03)
    np.testing.assert_allclose(
        lattice.values["lift"], newton.values["lift"], atol=0.03 * newton.values["drag"][0, 0]
    )


def test_what_does_not_settle_in_its_time_is_marked() -> None:
    solution = LatticeBoltzmann(SYSTEM, most_crossings=0.5)(around_a_circle(10.0), ONCE)
    assert solution.status.tolist() == [Status.NOT_CONVERGED]
    assert "still change after 0.5 crossings" in solution.notes[0]
    assert np.isnan(solution.values["u"]).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"speed": 0.5}, "speed"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"most_crossings": 0.0}, "most_crossings"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(SolverError, match=said):
        LatticeBoltzmann(SYSTEM, **wrong)  # type: ignore[arg-type]
