"""Richardson's rule takes the leading error away, and says how large it was."""

import numpy as np
import pytest
from understudy.solvers.cavity import Cavity, CavityNewton
from understudy.solvers.contract import SolverError, Status
from understudy.solvers.heat import Heat, SineSeries, ThetaMethod
from understudy.solvers.methods.extrapolated import Extrapolated

ROD = Heat(33, waves=3)
TIMES = np.array([0.05, 0.1]) * ROD.characteristic_time


def rod(points: int, *, theta: float = 0.5, steps: int = 4096) -> ThetaMethod:
    return ThetaMethod(ROD, step=ROD.characteristic_time / steps, theta=theta, order=2, points=points)


def test_an_error_of_second_order_is_taken_away_and_its_size_is_told() -> None:
    query = ROD.draw([np.random.default_rng(i) for i in range(3)])
    exact = SineSeries(ROD)(query, TIMES).values["u"]
    runs = rod(33), rod(65)
    better = Extrapolated(ROD, coarse=runs[0], fine=runs[1])(query, TIMES)
    fine = runs[1](query, TIMES).values["u"]
    off, before = (np.sqrt(((u - exact)[:, -1] ** 2).mean(axis=1)) for u in (better.values["u"], fine))
    assert (off < 0.03 * before).all()
    size = np.sqrt((exact[:, -1] ** 2).mean(axis=1))
    np.testing.assert_allclose(better.error_estimate, before / size, rtol=0.05)
    assert better.solved.all()


def test_an_error_of_first_order_in_time_is_taken_away_by_half_the_step() -> None:
    query = ROD.draw([np.random.default_rng(0)])
    exact = rod(33, steps=65_536)(query, TIMES).values["u"]
    runs = rod(33, theta=1.0, steps=64), rod(33, theta=1.0, steps=128)
    better = Extrapolated(ROD, coarse=runs[0], fine=runs[1], order=1)(query, TIMES).values["u"]
    fine = runs[1](query, TIMES).values["u"]
    assert np.abs(better - exact).max() < 0.1 * np.abs(fine - exact).max()


@pytest.mark.parametrize("coarsest", [64, pytest.param(96, marks=pytest.mark.slow)])
def test_a_cavity_is_better_known_from_two_grids(coarsest: int) -> None:
    system, query, once = Cavity(16), {"viscosity": np.array([0.01])}, np.zeros(1)
    runs = [CavityNewton(system, cells=cells) for cells in (coarsest, 2 * coarsest, 4 * coarsest)]
    truth = Extrapolated(system, coarse=runs[1], fine=runs[2])(query, once).values["u"]
    better = Extrapolated(system, coarse=runs[0], fine=runs[1])(query, once).values["u"]
    alone = runs[1](query, once).values["u"]
    off = {name: np.sqrt(((u - truth) ** 2).mean()) for name, u in (("better", better), ("alone", alone))}
    assert off["better"] < 0.5 * off["alone"]


def test_a_sample_that_one_run_does_not_solve_is_not_solved() -> None:
    system, once = Cavity(8), np.zeros(1)
    query = {"viscosity": np.array([0.01, 0.001])}
    runs = CavityNewton(system, cells=8, most_steps=1), CavityNewton(system, cells=16)
    found = Extrapolated(system, coarse=runs[0], fine=runs[1])(query, once)
    assert (found.status == Status.NOT_CONVERGED).all()
    assert np.isnan(found.values["u"]).all()
    assert len(found.notes) >= 1


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SolverError, match="order must be at least 1"):
        Extrapolated(ROD, coarse=rod(33), fine=rod(65), order=0)
    with pytest.raises(SolverError, match="same system"):
        Extrapolated(Heat(17), coarse=rod(33), fine=rod(65))
    assert Extrapolated(ROD, coarse=rod(33), fine=rod(65)).label == f"Extrapolated {rod(65).label}"
