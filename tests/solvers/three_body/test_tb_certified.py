"""Double precision where it can be trusted, and a mark or long words where it cannot."""

import numpy as np
import pytest
from understudy.solvers.contract import SolverError, Status
from understudy.solvers.three_body import Certified, DormandPrince, Reference, Regularised, ThreeBody

SYSTEM = ThreeBody()


def drawn(*numbers: int) -> dict[str, np.ndarray]:
    return dict(SYSTEM.draw([np.random.default_rng(i) for i in numbers]))


def hard_ones(samples: int = 300) -> list[int]:
    """Starts on which two runs at 1e-8 and 1e-9 disagree by more than 1e-2 at t = 6, and none takes long."""
    loose = Certified(SYSTEM, tolerance=1e-8, agreement=np.inf)
    estimate = loose(drawn(*range(samples)), np.array([6.0])).error_estimate
    return np.flatnonzero(estimate > 1e-2).tolist()


@pytest.mark.parametrize("hard", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_what_two_runs_disagree_on_is_solved_in_long_words_and_the_rest_is_not(hard: int) -> None:
    numbers = [*hard_ones()[:hard], *range(hard)]
    query, times = drawn(*numbers), np.array([0.0, 3.0, 6.0])
    certified = Certified(SYSTEM, tolerance=1e-8, agreement=1e-2)(query, times)
    truth = Reference(SYSTEM)(query, times)
    assert (certified.status == Status.SOLVED).all()
    assert certified.measures["digits"][:hard].min() > 15
    error = np.abs(certified.values["x"] - truth.values["x"]).max(axis=(1, 2))
    assert (error[:hard] == 0).all()
    assert (error <= np.maximum(certified.error_estimate, 1e-10)).all()
    double = certified.measures["digits"] == 15
    assert (certified.error_estimate[double] <= 1e-2).all()


def test_the_estimate_is_above_the_error_for_nearly_all() -> None:
    query, times = drawn(*range(40)), np.array([3.9])
    certified = Certified(SYSTEM, tolerance=1e-9, agreement=np.inf)(query, times)
    truth = Reference(SYSTEM)(query, times)
    error = np.abs(certified.values["x"] - truth.values["x"]).max(axis=(1, 2))
    assert (error > certified.error_estimate).sum() <= 1
    assert np.median(certified.error_estimate / np.maximum(error, 1e-16)) < 100


def test_softened_bodies_on_which_two_runs_disagree_are_marked_and_known_before() -> None:
    soft = ThreeBody(softening=1e-3)
    query = dict(soft.draw([np.random.default_rng(i) for i in range(60)]))
    times = np.linspace(1.0, 20.0, 20)
    solution = Certified(soft, tolerance=1e-9, agreement=1e-6)(query, times)
    marked = solution.status == Status.NOT_CONVERGED
    assert 5 < marked.sum() <= 60
    assert np.isfinite(solution.values["x"][marked, 0]).all(axis=1).mean() > 0.8
    assert np.isnan(solution.values["x"][marked, -1]).all()
    assert any("come out apart" in note for note in solution.notes)
    assert np.isfinite(solution.values["x"][~marked]).all()


def test_what_needs_more_steps_than_it_may_take_is_marked_and_known_before() -> None:
    query, times = drawn(hard_ones()[0]), np.array([0.1, 6.0])
    solution = Certified(SYSTEM, tolerance=1e-8, agreement=1e-2, most_steps=40)(query, times)
    assert solution.status[0] == Status.OUT_OF_BUDGET
    assert np.isfinite(solution.values["x"][0]).all(axis=1).tolist() == [True, False]


def test_a_start_with_two_bodies_at_one_place_stays_refused() -> None:
    query = drawn(0, 1)
    query["x"][0], query["y"][0] = [1.0, 1.0, -2.0], [0.0, 0.0, 0.0]
    solution = Certified(SYSTEM)(query, np.array([1.0]))
    assert solution.status.tolist() == [Status.REFUSED, Status.SOLVED]
    assert solution.notes == ("1 of 2 samples start with two bodies at one place; move one of them",)


def test_what_rounding_puts_at_one_place_is_refused_and_does_not_stop_the_others() -> None:
    query = drawn(0, 1)
    query["x"][0], query["y"][0] = [1e-20, 2e-20, 1.0], [0.0, 0.0, 0.0]
    for solver in (Certified(SYSTEM), Regularised(SYSTEM), DormandPrince(SYSTEM), Reference(SYSTEM)):
        assert solver(query, np.array([0.5])).status.tolist() == [Status.REFUSED, Status.SOLVED]


def test_a_collision_of_all_three_is_given_up_and_said_so() -> None:
    query = drawn(0, 1)
    query["x"][0], query["y"][0] = [1.0, 0.0, -1.0], [0.0, 0.0, 0.0]
    solution = Certified(SYSTEM, most_bits=100)(query, np.array([0.3, 10.0]))
    assert solution.status[0] in (Status.NOT_CONVERGED, Status.OUT_OF_BUDGET)
    assert np.isfinite(solution.values["x"][0]).all(axis=1).tolist() == [True, False]
    assert len(solution.notes) == 1
    assert solution.notes[0].startswith("1 of 2 samples ")


def test_settings_of_the_fallback_are_refused_at_once() -> None:
    for wrong in ({"most_steps": 0}, {"most_bits": 50}):
        with pytest.raises(SolverError, match=next(iter(wrong))):
            Certified(SYSTEM, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("tolerance", [1e-7, 1e-12])
def test_the_closest_approach_is_the_reference_s_and_ends_with_the_last_time(tolerance: float) -> None:
    for end in (1.3, 3.9):
        query, times = drawn(*range(24)), np.array([end])
        ours = Regularised(SYSTEM, tolerance=tolerance, closest=True)(query, times)
        truth = Reference(SYSTEM, decimals=6)(query, times)
        near, true = ours.measures["closest_approach"], truth.measures["closest_approach"]
        right = np.abs(ours.values["x"] - truth.values["x"]).max(axis=(1, 2)) < 1e3 * tolerance
        assert right.sum() > 16
        np.testing.assert_allclose(
            near[right], true[right], rtol=2e-2 if tolerance > 1e-9 else 1e-5, atol=1e-9
        )


def test_the_closest_approach_is_found_only_if_asked_for_and_changes_no_answer() -> None:
    query, times = drawn(*range(20)), np.linspace(0.0, 3.9, 11)
    with_it = Regularised(SYSTEM, closest=True)(query, times)
    without = Regularised(SYSTEM)(query, times)
    assert np.isnan(without.measures["closest_approach"]).all()
    np.testing.assert_array_equal(with_it.values["vx"], without.values["vx"])
    np.testing.assert_array_equal(with_it.measures["steps"], without.measures["steps"])


@pytest.mark.parametrize("others", [8, pytest.param(30, marks=pytest.mark.slow)])
def test_a_system_of_another_size_is_certified_alike(others: int) -> None:
    """Lengths by a power of two, times by the root of its cube: the same bits, but for rounding of times."""
    query, times = drawn(*hard_ones(30)[:2], *range(others)), np.array([6.0])
    solver = Certified(SYSTEM, tolerance=1e-8, agreement=1e-3)
    one = solver(query, times)
    assert {15} < {*one.measures["digits"]}
    for exponent in (-18, 20):
        length, time = 2.0**exponent, 2.0 ** (1.5 * exponent)
        scaled = {**query, "x": length * query["x"], "y": length * query["y"]}
        other = solver(scaled, time * times)
        np.testing.assert_array_equal(other.status, one.status)
        np.testing.assert_array_equal(other.measures["digits"], one.measures["digits"])
        np.testing.assert_allclose(other.error_estimate, one.error_estimate, rtol=1e-3, atol=1e-12)
        np.testing.assert_allclose(other.values["x"], length * one.values["x"], rtol=1e-6)
