"""Truth must know how true it is."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from understudy.solvers.contract import SolverError, Status
from understudy.solvers.kuramoto_sivashinsky import ETDAB, KuramotoSivashinsky, Reference

Chaotic = tuple[KuramotoSivashinsky, NDArray[np.float64]]
EXTENDED = np.finfo(np.longdouble).eps < 1e-18


def relative_error(u: NDArray[np.float64], exact: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest over the times, relative to the solution's root mean square, per sample."""
    scale = np.sqrt((exact**2).mean(axis=(1, 2)))
    return np.sqrt(((u - exact) ** 2).mean(axis=2)).max(axis=1) / scale


def test_the_estimate_covers_the_error_without_being_wild(chaotic: Chaotic) -> None:
    """A coarse reference, whose error is that of its step and well above round-off, against a finer run."""
    system, u = chaotic
    times = np.arange(1.0, 41.0)
    loose = Reference(system, step=1 / 16, points=40, order=4, tolerance=1.0)({"u": u}, times)
    exact = ETDAB(system, step=1 / 256, order=6, points=64)({"u": u}, times).values["u"]
    error = relative_error(loose.values["u"], exact)
    assert (loose.error_estimate > error).all()
    assert (loose.error_estimate < 300 * error).all()
    assert error.max() > 1e-9


def test_the_estimate_is_twice_the_largest_difference_of_its_runs(chaotic: Chaotic) -> None:
    system, u = chaotic
    times = np.array([20.0])
    reference = Reference(system, step=1 / 120, points=32, tolerance=1.0)
    first, second, finest = (run({"u": u}, times).values["u"] for run in reference.runs)
    solution = reference({"u": u}, times)
    np.testing.assert_array_equal(solution.values["u"], finest)
    scale = np.sqrt((finest**2).mean(axis=(1, 2)))
    apart = [np.sqrt(((run - finest)[:, -1] ** 2).mean(axis=1)) / scale for run in (first, second)]
    np.testing.assert_allclose(solution.error_estimate, 2 * np.maximum(*apart), rtol=1e-6)
    assert [run.grid_points for run in reference.runs] == [32, 32, 64]
    assert [run.step * 120 for run in reference.runs] == [1.0, 0.75, 0.375]


def test_a_grid_that_is_too_coarse_shows_in_the_estimate(chaotic: Chaotic) -> None:
    system, u = chaotic
    solution = Reference(system, points=20, tolerance=1.0)({"u": u[:4]}, np.array([5.0]))
    assert (solution.error_estimate > 1e-4).all()


def test_the_default_reference_is_accurate_over_five_lyapunov_times(chaotic: Chaotic) -> None:
    system, u = chaotic
    times = np.arange(5.0, 106.0, 5.0)
    solution = Reference(system)({"u": u}, times)
    assert solution.solved.all()
    assert solution.error_estimate.max() < 1e-6
    assert np.isfinite(solution.values["u"]).all()
    assert (solution.seconds > 0).all()


def test_beyond_what_arithmetic_allows_it_says_so(chaotic: Chaotic) -> None:
    system, u = chaotic
    times = np.arange(10.0, 1001.0, 10.0)
    solution = Reference(system, step=1 / 64, order=5)({"u": u[:3]}, times)
    assert (solution.status == Status.NOT_CONVERGED).all()
    known = np.isfinite(solution.values["u"]).all(axis=2)
    assert known[:, 0].all()
    assert not known[:, -1].any()
    assert (np.diff(known.astype(int), axis=1) <= 0).all()
    assert "3 of 3 samples are not known to 0.02 at t = 1000" in solution.notes[0]


def test_a_diverging_run_is_not_truth(chaotic: Chaotic) -> None:
    system, u = chaotic
    reference, times = Reference(system, step=1.0, order=4), np.array([100.0])
    solution = reference({"u": u[:2]}, times)
    assert (solution.status == Status.DIVERGED).all()
    assert np.isnan(solution.values["u"]).all()
    assert np.isinf(solution.error_estimate).all()
    assert "survives" in reference.advice({"u": u[:2]}, times, solution)


def test_a_state_of_rest_is_solved() -> None:
    solution = Reference(KuramotoSivashinsky())({"u": np.zeros((3, 64))}, np.array([1.0]))
    assert solution.solved.all()
    assert (solution.error_estimate == 0).all()


def test_a_tolerance_must_be_positive() -> None:
    with pytest.raises(SolverError, match="tolerance"):
        Reference(KuramotoSivashinsky(), tolerance=0.0)


@pytest.mark.skipif(not EXTENDED, reason="needs extended precision")
@pytest.mark.parametrize("points", [64, 52])
def test_compensation_takes_most_of_the_round_off_away(chaotic: Chaotic, points: int) -> None:
    """Over two Lyapunov times, against the same scheme in extended precision, on either engine."""
    system, u = chaotic
    times = np.array([2 * system.characteristic_time])
    solver = ETDAB(system, step=1 / 256, order=5, points=points)
    exact = replace(solver, dtype="longdouble")({"u": u}, times).values["u"]
    plain, careful = (
        relative_error(replace(solver, compensated=c)({"u": u}, times).values["u"], exact)
        for c in (False, True)
    )
    # increments alone, without the carry, give 25
    assert np.median(careful) < np.median(plain) / 50
    assert np.median(careful) < 2e-14


@pytest.mark.slow
@pytest.mark.skipif(not EXTENDED, reason="needs extended precision")
def test_in_extended_precision_the_default_reference_is_true_over_twenty_lyapunov_times(
    chaotic: Chaotic,
) -> None:
    """The same samples by an independent step, grid, engine and precision; round-off included."""
    system, u = chaotic
    times = np.arange(1.0, 21.0) * system.characteristic_time
    solution = Reference(system)({"u": u}, times)
    exact = ETDAB(system, step=1 / 192, order=6, dtype="longdouble")({"u": u}, times).values["u"]
    solved = solution.solved
    error = relative_error(solution.values["u"][solved], exact[solved])
    assert solved.sum() >= 8
    assert error.max() < 0.02
    # independent errors of equal size: the estimate may by chance be too small for one sample in ten
    assert (error < solution.error_estimate[solved]).sum() >= solved.sum() - 1
    assert (error < 5 * solution.error_estimate[solved]).all()
