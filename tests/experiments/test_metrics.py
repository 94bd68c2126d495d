"""The metrics give known answers on made-up solutions."""

import numpy as np
import pytest
from understudy.experiments.metrics import drifts, frame_errors, relative_error, valid_time
from understudy.solvers.contract import Solution, Status


def solution(values: np.ndarray, times: np.ndarray, status: np.ndarray | None = None) -> Solution:
    samples = len(values)
    return Solution(
        times=times,
        values={"u": values},
        status=np.zeros(samples, np.int8) if status is None else status,
        seconds=np.zeros(samples),
        error_estimate=np.zeros(samples),
    )


TIMES = np.array([0.5, 1.0, 1.5, 2.0])


def test_frame_error_is_the_relative_size_of_the_difference() -> None:
    truth = solution(np.full((1, 4, 8), 3.0), TIMES)
    answer = solution(np.full((1, 4, 8), 3.6), TIMES)
    assert np.allclose(frame_errors(answer, truth), 0.2)
    assert np.allclose(frame_errors(answer, truth, scale=6.0), 0.1)


def test_a_frame_that_is_not_finite_has_an_infinite_error() -> None:
    values = np.ones((1, 4, 8))
    values[0, 2, 5] = np.nan
    errors = frame_errors(solution(values, TIMES), solution(np.ones((1, 4, 8)), TIMES))
    assert errors[0].tolist() == [0, 0, np.inf, 0]


def test_valid_time_is_the_interpolated_crossing_in_lyapunov_times() -> None:
    truth = solution(np.zeros((1, 4, 2)), TIMES)
    grown = np.array([0.1, 0.3, 0.7, 0.9])[None, :, None] * np.ones((1, 1, 2))
    metric = valid_time(2.0, scale=1.0, threshold=0.5)
    assert metric.score(solution(grown, TIMES), truth)[0] == pytest.approx(1.25 / 2.0)
    assert valid_time(2.0, scale=10.0).score(solution(grown, TIMES), truth)[0] == pytest.approx(1.0)


def test_a_forecast_that_blows_up_is_valid_until_the_last_good_frame() -> None:
    truth = solution(np.zeros((2, 4, 2)), TIMES)
    values = np.zeros((2, 4, 2))
    values[0, 2:] = np.nan
    values[1, 0:] = np.inf
    metric = valid_time(1.0, scale=1.0)
    assert metric.score(solution(values, TIMES), truth).tolist() == [1.0, 0.0]


def test_where_the_truth_ends_a_valid_forecast_counts_up_to_there_and_a_wrong_one_no_further() -> None:
    values = np.zeros((3, 4, 2))
    values[:2, 2:] = np.nan  # known until 1.0
    values[2] = np.nan  # never known
    status = np.full(3, Status.NOT_CONVERGED, np.int8)
    truth = solution(values, TIMES, status)
    answers = np.zeros((3, 4, 2))
    answers[1, 1:] = 1.0
    metric = valid_time(1.0, scale=1.0)
    assert metric.counted(truth).tolist() == [True, True, False]
    assert metric.score(solution(answers, TIMES), truth).tolist() == [1.0, 0.75, 0.0]
    assert relative_error().counted(truth).tolist() == [False] * 3


def test_an_early_return_below_the_threshold_does_not_count() -> None:
    truth = solution(np.zeros((1, 4, 2)), TIMES)
    values = np.array([0.2, 0.8, 0.2, 0.2])[None, :, None] * np.ones((1, 1, 2))
    score = valid_time(1.0, scale=1.0).score(solution(values, TIMES), truth)
    assert score[0] == pytest.approx(0.5 + 0.5 * 0.3 / 0.6)


def test_relative_error_of_a_scaled_answer() -> None:
    generator = np.random.default_rng(0)
    true = generator.normal(size=(3, 4, 8))
    score = relative_error().score(solution(1.25 * true, TIMES), solution(true, TIMES))
    assert np.allclose(score, 0.25)


def test_relative_error_weighs_all_frames_together_and_sees_the_tenth_digit() -> None:
    true = np.random.default_rng(0).normal(size=(3, 4, 8)) * np.array([1.0, 2.0, 4.0, 8.0])[:, None]
    given = true.copy()
    given[:, -1] *= 1 + 1e-9
    expected = 1e-9 * np.sqrt((true[:, -1] ** 2).sum(axis=1) / (true**2).sum(axis=(1, 2)))
    score = relative_error().score(solution(given, TIMES), solution(true, TIMES))
    np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_quality_grows_with_accuracy_for_both_kinds_of_metric() -> None:
    assert relative_error().quality(1e-3) > relative_error().quality(1e-2)
    time = valid_time(1.0, scale=1.0)
    assert time.quality(8.0) > time.quality(3.0)
    assert time.better(8.0, 3.0)
    assert relative_error().better(1e-3, 1e-2)


def test_drift_is_the_largest_departure_from_the_start() -> None:
    found = drifts({"energy": np.array([[2.0, 2.5, 1.0], [1.0, 1.0, np.nan]])})
    assert found["energy"].tolist() == [1.0, np.inf]


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        frame_errors(solution(np.ones((1, 4, 4)), TIMES), solution(np.ones((1, 4, 8)), TIMES))
    assert Status.DIVERGED.advice
