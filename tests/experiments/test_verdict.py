"""Verdicts on rows made by hand: medians, skill, speed-up, bounds, break-even, error at equal time."""

import dataclasses

import numpy as np
import pytest
from understudy.experiments.compare import Bill, Kind, Row
from understudy.experiments.metrics import relative_error, valid_time
from understudy.experiments.timing import Timing
from understudy.experiments.verdict import Verdict, envelope_of, judge, reached_by

METRIC = relative_error()


def row(
    label: str,
    kind: Kind,
    scores: list[list[float]],
    seconds: float,
    bill: Bill | None = None,
    device: str = "cpu",
) -> Row:
    """Half as long per query in a batch as alone."""
    return Row(
        label=label,
        kind=kind,
        scores=np.array(scores),
        error_quantiles=np.zeros((3, 1)),
        failures={},
        single=Timing.of([seconds] * 3, first=0.0),
        batch=Timing.of([seconds / 2] * 3, first=0.0),
        batch_size=16,
        memory_bytes=0,
        bill=Bill() if bill is None else bill,
        settings={},
        remark="",
        device=device,
    )


LADDER = [
    row("cheap", "ladder", [[1e-1] * 3], 1.0),
    row("dear", "ladder", [[1e-3] * 3], 100.0),
    row("truth", "reference", [[1e-9] * 3], 1000.0),
]


def verdict(
    scores: list[list[float]], seconds: float, *, nulls: list[float], bill: Bill | None = None
) -> Verdict:
    rows = [*LADDER, *(row(f"null {n}", "null", [[n] * 3], 1e-3) for n in nulls)]
    return judge([*rows, row("learned", "surrogate", scores, seconds, bill)], METRIC)[0]


def test_an_accuracy_is_a_median_over_all_samples_and_seeds_and_failures_keep_their_rank() -> None:
    made = row("three seeds", "surrogate", [[1.0, 2.0, np.inf], [0.0, 3.0, np.inf], [0.5, 40.0, 50.0]], 1.0)
    assert made.accuracy == 3.0
    assert made.seed_accuracies.tolist() == [2.0, 3.0, 40.0]
    assert made.quantiles == (0.0, 3.0, np.inf)
    assert made.seconds("single") == 2 * made.seconds("batch")


@pytest.mark.parametrize(("nulls", "skill"), [([0.5, 0.9], True), ([0.5, 0.005], False), ([], True)])
def test_skill_is_to_beat_every_null_model(nulls: list[float], skill: bool) -> None:
    found = verdict([[1e-2] * 3], 1.0, nulls=nulls)
    assert found.skill is skill
    assert (found.modes["single"].speed_up is not None) is skill
    assert (found.modes["single"].break_even is not None) is skill


def test_an_equal_score_is_no_skill() -> None:
    assert not verdict([[1e-2] * 3], 1.0, nulls=[1e-2]).skill


def test_speed_up_is_the_solvers_time_at_this_accuracy_over_the_surrogates() -> None:
    mode = verdict([[1e-2] * 3], 2.0, nulls=[0.9]).modes["single"]
    assert mode.solver_seconds == pytest.approx(10.0)
    assert mode.speed_up == pytest.approx(5.0)
    assert mode.sign == "="
    assert mode.naive == pytest.approx(500.0)
    assert mode.in_words() == "5 x faster (5 to 5)"
    assert mode.equal_time == pytest.approx(0.1 * 2.0**-1)
    batch = verdict([[1e-2] * 3], 2.0, nulls=[0.9]).modes["batch"]
    assert (batch.seconds, batch.speed_up) == (1.0, pytest.approx(5.0))


def test_off_the_ladder_the_speed_up_is_a_bound_and_says_which() -> None:
    better = verdict([[1e-5] * 3], 10.0, nulls=[0.9]).modes["single"]
    assert (better.sign, better.in_words()) == (">=", "at least 10 x faster")
    worse = verdict([[0.5] * 3], 10.0, nulls=[0.9]).modes["single"]
    assert (worse.sign, worse.in_words()) == ("<=", "at least 10 x slower")


def test_break_even_repays_data_training_and_tuning_in_the_modes_own_time() -> None:
    modes = verdict([[1e-2] * 3], 2.0, nulls=[0.9], bill=Bill(data=40.0, training=20.0, tuning=10.0)).modes
    assert modes["single"].break_even == 9
    assert modes["batch"].break_even == 18


def test_the_reference_is_no_part_of_the_ladder() -> None:
    assert envelope_of(LADDER, METRIC, "single").seconds.tolist() == [1.0, 100.0]


def test_a_control_is_compared_with_its_like_in_the_ladder_and_not_with_the_envelope() -> None:
    ladder = [*LADDER, row("good", "ladder", [[1e-2] * 3], 10.0)]
    beaten = row("beaten", "ladder", [[1e-2] * 3], 40.0)
    same = dataclasses.replace(beaten, settings={"step": 1})
    control = row("control", "control", [[1e-2] * 3], 20.0)
    twin, alone = (dataclasses.replace(control, settings=s) for s in ({"step": 1}, {"step": 2}))
    learned = row("learned", "surrogate", [[1e-2] * 3], 4.0)
    for one, speed_up, noise in ((twin, 2.0, 2.0), (alone, 0.5, 2.0), (control, 0.5, 2.0)):
        first, second = (v.modes["single"] for v in judge([*ladder, same, one, learned], METRIC))
        assert first.speed_up == pytest.approx(speed_up) and first.sign == "="
        assert first.interval == pytest.approx((speed_up, speed_up))
        assert second.noise == pytest.approx((1 / noise, noise))
        assert second.speed_up == pytest.approx(2.5)
    cheapest = dataclasses.replace(twin, scores=same.scores, single=same.single, batch=same.batch)
    level = judge([*ladder, same, cheapest, learned], METRIC)
    assert level[0].modes["single"].speed_up == pytest.approx(1.0)
    assert level[1].modes["single"].noise == (1.0, 1.0)


def test_rows_without_a_reference_are_refused() -> None:
    with pytest.raises(ValueError, match="no reference"):
        judge(LADDER[:2], METRIC)


def test_what_ran_on_another_device_gets_no_number_but_the_naive_one() -> None:
    learned = row("learned", "surrogate", [[1e-2] * 3], 2.0, device="cuda")
    mode = judge([*LADDER, learned], METRIC)[0].modes["single"]
    assert (mode.speed_up, mode.interval, mode.break_even) == (None, None, None)
    assert mode.in_words() == "not compared: cuda against cpu"
    assert mode.naive == pytest.approx(500.0)


def test_a_median_that_is_the_best_score_there_is_is_not_compared() -> None:
    metric = valid_time(1.0, scale=1.0)
    rows = [
        row("cheap", "ladder", [[2.0] * 3], 1.0),
        row("dear", "ladder", [[9.0] * 3], 100.0),
        row("truth", "reference", [[10.0] * 3], 1000.0),
        row("to the end", "surrogate", [[10.0, 10.0, 4.0]], 5.0),
        row("nearly", "surrogate", [[9.5, 10.0, 4.0]], 5.0),
    ]
    capped, nearly = judge(rows, metric, ceiling=10.0)
    assert capped.modes["batch"].in_words() == "not compared: valid to the end"
    assert capped.modes["batch"].speed_up is None
    assert nearly.modes["batch"].speed_up is not None


def noisy(label: str, kind: Kind, seconds: list[float]) -> Row:
    """An error of 1e-2 and a clock that says these seconds, alone and in batch."""
    made = row(label, kind, [[1e-2] * 3], 1.0)
    return dataclasses.replace(
        made, single=Timing.of(seconds, first=0.0), batch=Timing.of(seconds, first=0.0)
    )


def test_a_speed_up_within_what_the_control_shows_is_level() -> None:
    learned = noisy("learned", "surrogate", [8.0, 8.1, 8.2])  # the solver takes 10
    alone = judge([*LADDER, learned], METRIC)[0].modes["single"]
    assert not alone.level
    rows = [*LADDER, noisy("control", "control", [7.0, 9.0, 12.0]), learned]
    control, beside = judge(rows, METRIC)
    assert control.label == "control"
    assert beside.modes["single"].noise[1] > 1.2
    assert beside.modes["single"].level
    assert beside.modes["single"].repaid_in_words() == "not shown"
    fast = judge([*rows[:-1], noisy("learned", "surrogate", [2.0, 2.1])], METRIC)[1]
    assert not fast.modes["single"].level
    # the sign of what a control shows is chance
    rows[-2] = noisy("control", "control", [12.0, 12.1, 12.2])
    assert judge(rows, METRIC)[1].modes["single"].level
    # a wide control makes it harder to be faster, and no easier not to be slower
    slow = dataclasses.replace(fast.modes["single"], speed_up=0.8, interval=(0.7, 0.9), noise=(0.6, 1.5))
    assert not slow.level
    assert dataclasses.replace(slow, interval=(0.7, 1.0)).level


def test_at_an_equal_error_of_nine_in_ten_the_worst_answers_count() -> None:
    often, seldom = [1e-2] * 10, [1e-2] * 8 + [1.0] * 2
    ladder = [
        row("cheap", "ladder", [[1e-2] * 8 + [np.inf] * 2], 1.0),
        row("dear", "ladder", [[1e-2] * 10], 100.0),
        row("truth", "reference", [[1e-9] * 10], 1000.0),
    ]
    rows = [*ladder, row("often", "surrogate", [often], 2.0), row("seldom", "surrogate", [seldom], 2.0)]
    medians = [v.modes["single"].speed_up for v in judge(rows, METRIC)]
    assert medians == [0.5, 0.5]
    steady, wild = judge(rows, METRIC, share=0.9)
    assert (steady.accuracy, wild.accuracy) == (1e-2, 1.0)
    assert steady.modes["single"].speed_up == pytest.approx(50.0)
    assert wild.modes["single"].sign == "<="
    assert wild.modes["single"].speed_up == pytest.approx(50.0)
    # of a number that is better when it is higher, nine in ten have at least the tenth from below
    assert reached_by(0.9, np.arange(1.0, 11.0), valid_time(1.0, scale=1.0)) == 1.0
    assert reached_by(0.9, np.arange(1.0, 11.0), METRIC) == 9.0


def test_the_interval_comes_from_drawing_the_queries_again_alike_for_all() -> None:
    scores = np.geomspace(1e-3, 1e-1, 41)
    ladder = [
        row("cheap", "ladder", [(10 * scores).tolist()], 1.0),
        row("dear", "ladder", [(0.1 * scores).tolist()], 100.0),
        row("truth", "reference", [[1e-9] * 41], 1000.0),
    ]
    # the surrogate's errors are between the two settings' on the same queries: its speed-up does not depend
    # on which queries are drawn, so long as they are drawn alike
    along = judge([*ladder, row("along", "surrogate", [scores.tolist()], 2.0)], METRIC)[0].modes["single"]
    assert along.speed_up == pytest.approx(5.0)
    assert along.interval == pytest.approx((5.0, 5.0))
    # against a surrogate whose errors know nothing of the query the medians move, by the binomial law
    flat = judge([*ladder, row("flat", "surrogate", [[1e-2] * 41], 2.0)], METRIC)[0].modes["single"]
    assert flat.interval is not None
    low, high = np.sort(scores)[[14, 26]] / 1e-2  # 95 % of the medians of 41 lie between ranks 14 and 26
    assert flat.interval[0] == pytest.approx(5.0 * low, rel=0.1)
    assert flat.interval[1] == pytest.approx(5.0 * high, rel=0.1)
