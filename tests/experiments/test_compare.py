"""The comparison judges contestants whose accuracy and cost are known."""

import dataclasses

import numpy as np
import pytest
from known_contestants import TIMES, answering, contestants, plan
from understudy.experiments.compare import Contestant, Plan, Row, compare
from understudy.experiments.metrics import relative_error, valid_time
from understudy.experiments.timing import Timing
from understudy.experiments.verdict import judge
from understudy.solvers.contract import Queries, Solution, Status

pytestmark = pytest.mark.usefixtures("pretended_clock")


def test_accuracies_are_those_that_were_built_in(rows: list[Row]) -> None:
    found = {row.label: row.accuracy for row in rows}
    assert found["coarse"] == pytest.approx(1e-1)
    assert found["middle"] == pytest.approx(1e-2)
    assert found["useless"] == pytest.approx(2.0)
    quick = next(row for row in rows if row.label == "quick")
    assert quick.seed_accuracies == pytest.approx([1e-2, 1.1e-2])
    assert quick.scores.shape == (2, 6)


def test_verdicts_name_faster_slower_and_no_skill(rows: list[Row]) -> None:
    verdicts = {v.label: v for v in judge(rows, relative_error())}
    quick, slow, useless = verdicts["quick"], verdicts["slow"], verdicts["useless"]
    assert quick.modes["single"].speed_up == pytest.approx(3.0, rel=0.05)
    assert "faster" in quick.modes["single"].in_words()
    assert quick.modes["single"].break_even == pytest.approx(2.0 / 0.002, rel=0.1)
    assert slow.modes["single"].speed_up == pytest.approx(0.25, rel=1e-6)
    assert slow.modes["single"].in_words().startswith("4 x slower (4 to 4")
    assert slow.modes["single"].break_even is None
    assert not useless.skill
    assert useless.modes["single"].speed_up is None
    assert useless.modes["single"].in_words() == "no skill"
    assert slow.modes["single"].naive == pytest.approx(0.02 / 0.012, rel=1e-6)


def test_the_bootstrap_interval_holds_the_speed_up(rows: list[Row]) -> None:
    for verdict in judge(rows, relative_error()):
        mode = verdict.modes["single"]
        if mode.interval is not None and mode.speed_up is not None:
            assert mode.interval[0] * 0.999 <= mode.speed_up <= mode.interval[1] * 1.001


def test_failed_samples_are_counted_and_spoil_the_score() -> None:
    rows = compare(
        plan(),
        [
            Contestant("truth", "reference", (answering(0.0, 1e-6),)),
            Contestant("fails", "surrogate", (answering(1e-3, 0.0, fail=2),)),
        ],
    )
    failing = rows[1]
    assert failing.failures == {"DIVERGED": 2}
    assert np.isinf(failing.scores).sum() == 2
    assert failing.plain()["scores"][0].count(None) == 2


def test_queries_whose_truth_is_not_known_do_not_count() -> None:
    base = plan()
    status = base.truth.status.copy()
    status[0] = Status.NOT_CONVERGED
    truth = Solution(
        base.truth.times, base.truth.values, status, base.truth.seconds, base.truth.error_estimate
    )
    partial = Plan(base.queries, TIMES, TIMES, truth, relative_error(), 1.0, batches=(1,), rounds=1)
    rows = compare(partial, [Contestant("truth", "reference", (answering(0.0, 1e-6),))])
    assert rows[0].scores.shape == (1, 5)


def test_a_truth_without_any_solved_sample_is_refused() -> None:
    base = plan()
    status = np.full(6, Status.DIVERGED, np.int8)
    truth = Solution(
        base.truth.times, base.truth.values, status, base.truth.seconds, base.truth.error_estimate
    )
    with pytest.raises(ValueError, match="no solved sample"):
        compare(Plan(base.queries, TIMES, TIMES, truth, relative_error(), 1.0), contestants())


def test_equal_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="unique"):
        compare(plan(), [contestants()[0], contestants()[0]])


def test_samples_whose_truth_ends_early_are_judged_while_it_lasts() -> None:
    whole = plan()
    values = whole.truth.values["u"].copy()
    values[-1, 1:] = np.nan
    status = np.zeros(len(values), np.int8)
    status[-1] = Status.NOT_CONVERGED
    truth = dataclasses.replace(whole.truth, values={"u": values}, status=status)
    early = dataclasses.replace(whole, truth=truth, metric=valid_time(1.0, scale=1.0))
    rows = compare(early, contestants()[:2])
    assert rows[0].scores.tolist() == [[2.0] * 5 + [1.0]]
    assert np.isfinite(rows[1].error_quantiles).all()
    errors = 0.1 * np.sqrt((whole.queries["u"] ** 2).mean(axis=1))
    np.testing.assert_allclose(rows[1].error_quantiles[1], [np.sort(errors)[2], np.sort(errors[:-1])[2]])


def test_the_interval_of_the_speed_up_covers_the_noise_of_the_clock() -> None:
    calm = compare(plan(), contestants())
    noisy = [
        dataclasses.replace(row, batch=Timing.of([row.batch.median * f for f in (0.5, 1.0, 2.0)], first=0.0))
        if row.kind == "surrogate"
        else row
        for row in calm
    ]
    steady, shaken = (judge(rows, relative_error())[0].modes["batch"].interval for rows in (calm, noisy))
    assert steady is not None
    assert shaken is not None
    assert shaken[1] / shaken[0] > 2 * steady[1] / steady[0]


def test_what_was_answered_already_is_judged_and_not_asked_for_again() -> None:
    base, calls = plan(), []

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        calls.append(len(times))
        return answering(0.5, 0.02)(queries, times)

    known = Contestant("truth", "reference", (answer,), answered=base.truth)
    row = compare(base, [known, *contestants()[1:]])[0]
    assert row.accuracy == np.finfo(np.float64).eps  # of the truth, and not of what it would have said
    assert set(calls) == {1}  # it is clocked all the same


def test_one_failure_moves_the_median_by_a_rank_not_by_its_size(rows: list[Row]) -> None:
    failing = Contestant("sometimes", "surrogate", (answering(1e-2, 0.001, fail=1),))
    row = compare(plan(), [*contestants(), failing])[-1]
    assert np.isinf(row.scores).sum() == 1
    assert row.accuracy == pytest.approx(1e-2)


def test_to_beat_one_null_model_of_two_is_no_skill() -> None:
    weak = Contestant("worst", "null", (answering(5.0, 1e-6),))
    verdicts = {v.label: v for v in judge(compare(plan(), [*contestants(), weak]), relative_error())}
    assert not verdicts["useless"].skill
    assert verdicts["quick"].skill


@pytest.mark.parametrize(
    ("interval", "words", "repaid"),
    [
        ((0.9, 1.3), "level: 1.2 (0.9 to 1.3)", "not shown"),
        ((1.1, 1.3), "1.2 x faster (1.1 to 1.3)", "5e+03"),
    ],
)
def test_a_speed_up_whose_interval_holds_one_is_called_level(
    rows: list[Row], interval: tuple[float, float], words: str, repaid: str
) -> None:
    mode = judge(rows, relative_error())[0].modes["batch"]
    mode = dataclasses.replace(mode, speed_up=1.2, sign="=", interval=interval, break_even=5000.0)
    assert mode.in_words() == words
    assert mode.repaid_in_words() == repaid
