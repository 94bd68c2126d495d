"""The comparison on contestants whose accuracy and cost are known."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from understudy.experiments.compare import Bill, Contestant, Plan, Row, compare
from understudy.experiments.metrics import relative_error, valid_time
from understudy.experiments.report import duration, table, write_json
from understudy.experiments.report_page import write_html
from understudy.experiments.timing import Timing
from understudy.experiments.verdict import judge
from understudy.solvers.contract import Answer, Queries, Solution, Status

TIMES = np.array([1.0, 2.0])
SPENT = [0.0]
"""Seconds that the answers pretend to have taken: a clock that no busy machine disturbs."""


@pytest.fixture(scope="module", autouse=True)
def pretended_clock() -> Iterator[None]:
    def clock(call: Callable[[], object], *, synchronise: bool = False) -> float:
        before = SPENT[0]
        call()
        return SPENT[0] - before

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("understudy.experiments.throughput.clock", clock)
        yield


def answering(error: float, seconds: float, *, fail: int = 0) -> Answer:
    """An answer u = (1 + error) * query that takes `seconds` per query; the last `fail` samples diverge."""

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        samples = len(queries["u"])
        SPENT[0] += seconds * samples
        values = np.repeat((1 + error) * queries["u"][:, None], len(times), axis=1)
        status = np.zeros(samples, np.int8)
        if fail:
            status[-fail:] = Status.DIVERGED
            values[-fail:] = np.nan
        return Solution(
            times=times,
            values={"u": values},
            status=status,
            seconds=np.full(samples, seconds),
            error_estimate=np.full(samples, np.nan),
        )

    return answer


def plan(samples: int = 6) -> Plan:
    queries = {"u": np.random.default_rng(0).normal(size=(samples, 4))}
    truth = answering(0.0, 0.0)(queries, TIMES)
    return Plan(
        queries=queries,
        times=TIMES,
        timed=TIMES[-1:],
        truth=truth,
        metric=relative_error(),
        scale=1.0,
        batches=(1, 2),
        rounds=3,
    )


def contestants() -> list[Contestant]:
    return [
        Contestant("truth", "reference", (answering(0.0, 0.02),)),
        Contestant("coarse", "ladder", (answering(1e-1, 0.001),)),
        Contestant("middle", "ladder", (answering(1e-2, 0.003),)),
        Contestant("wasteful", "ladder", (answering(1e-2, 0.006),)),
        Contestant("mean", "null", (answering(0.9, 1e-6),)),
        Contestant(
            "quick", "surrogate", (answering(1e-2, 0.001), answering(1.1e-2, 0.001)), bill=Bill(1.0, 1.0)
        ),
        Contestant("slow", "surrogate", (answering(1e-2, 0.012),), bill=Bill(1.0, 1.0)),
        Contestant("useless", "surrogate", (answering(2.0, 1e-6),)),
    ]


@pytest.fixture(scope="module")
def rows(pretended_clock: None) -> list[Row]:
    return compare(plan(), contestants())


def test_accuracies_are_those_that_were_built_in(rows: list[Row]) -> None:
    found = {row.label: row.accuracy for row in rows}
    assert found["coarse"] == pytest.approx(1e-1)
    assert found["middle"] == pytest.approx(1e-2)
    assert found["useless"] == pytest.approx(2.0)
    quick = next(row for row in rows if row.label == "quick")
    assert quick.seed_accuracies == pytest.approx([1e-2, 1.1e-2])
    assert quick.scores.shape == (2, 6)


def test_seconds_are_per_query(rows: list[Row]) -> None:
    middle = next(row for row in rows if row.label == "middle")
    assert middle.single.median == pytest.approx(0.003, rel=1e-6)
    assert middle.batch.median == pytest.approx(0.003, rel=1e-6)


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


def test_table_json_and_page_hold_every_row(rows: list[Row], tmp_path) -> None:  # type: ignore[no-untyped-def]
    verdicts = judge(rows, relative_error())
    text = table(rows, verdicts, metric=relative_error())
    write_json(tmp_path / "results.json", {"rows": [r.plain() for r in rows], "nan": float("nan")})
    page = write_html(
        tmp_path / "report.html",
        rows,
        verdicts,
        metric=relative_error(),
        title="A & B",
        headline=["h"],
        about="",
        figures=[],
        sections={},
        definitions={},
        provenance={},
    ).read_text()
    for row in rows:
        assert row.label in page
        assert (row.label in text) == (row.label != "wasteful"), "the terminal leaves out what is dominated"
    assert "A &amp; B" in page
    assert "http" not in page
    assert '"nan": null' in (tmp_path / "results.json").read_text()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (4.12e-7, "412 ns"),
        (9.997e-4, "1 ms"),
        (3.6e-3, "3.6 ms"),
        (126.0, "2.1 min"),
        (1.5, "1.5 s"),
        (float("inf"), "-"),
    ],
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words


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


def test_a_slow_contestant_is_timed_in_fewer_rounds() -> None:
    slow = Contestant("patient", "surrogate", (answering(1e-3, 3.0),))
    rows = compare(plan(), [*contestants(), slow])
    rounds = {row.label: len(row.single.rounds) for row in rows}
    assert rounds["truth"] == 3
    assert rounds["patient"] == 1


def test_the_batch_is_the_size_with_the_least_median_whatever_one_reading_said() -> None:
    calls = dict.fromkeys((1, 2, 4, 6), 0)

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        size = len(queries["u"])
        calls[size] += 1
        # at its first three calls a batch of 4 is disturbed, though it is the best
        seconds = {1: 0.010, 2: 0.008, 4: 0.009 if calls[4] <= 3 else 0.005, 6: 0.0}[size]
        return answering(1e-3, seconds)(queries, times)

    larger = dataclasses.replace(plan(), batches=(1, 2, 4), rounds=5)
    row = compare(larger, [contestants()[0], Contestant("steady", "surrogate", (answer,))])[1]
    assert row.batch_size == 4
    assert row.batch.median == pytest.approx(0.005)


def test_a_batch_that_is_too_small_to_pay_does_not_keep_larger_ones_from_being_tried() -> None:
    def answer(queries: Queries, times: np.ndarray) -> Solution:
        # as on vectors of eight lanes: up to eight queries cost the same, one alone has a way of its own
        size = len(queries["u"])
        SPENT[0] += 0.010 if size == 1 else 0.080 * np.ceil(size / 8)
        return answering(1e-3, 0.0)(queries, times)

    larger = dataclasses.replace(plan(), batches=(1, 2, 64))
    row = compare(larger, [contestants()[0], Contestant("wide", "surrogate", (answer,))])[1]
    assert (row.batch_size, row.batch.median) == (1, pytest.approx(0.010))
    wider = dataclasses.replace(plan(), batches=(1, 2, 64))

    def better(queries: Queries, times: np.ndarray) -> Solution:
        size = len(queries["u"])
        SPENT[0] += 0.010 if size == 1 else 0.040 * np.ceil(size / 8)
        return answering(1e-3, 0.0)(queries, times)

    row = compare(wider, [contestants()[0], Contestant("wide", "surrogate", (better,))])[1]
    assert (row.batch_size, row.batch.median) == (64, pytest.approx(0.005))


def test_alone_everybody_is_asked_the_same_queries_that_count_and_only_for_the_timed_times() -> None:
    seen: list[tuple[float, int]] = []

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        if len(queries["u"]) == 1:
            seen.append((float(queries["u"][0, 0]), len(times)))
        return answering(1e-3, 0.001)(queries, times)

    base = plan()
    status = base.truth.status.copy()
    status[1] = Status.NOT_CONVERGED
    asked = dataclasses.replace(base, truth=dataclasses.replace(base.truth, status=status), rounds=2)
    compare(asked, [contestants()[0], Contestant("watched", "surrogate", (answer,))])
    first = [float(base.queries["u"][i, 0]) for i in (0, 2, 3)]
    assert [value for value, _ in seen[-8:]] == [first[0], *first, first[0], *first]
    assert {times for _, times in seen} == {1}


def test_where_one_at_a_time_is_the_best_batch_both_are_one_measurement() -> None:
    calls = [0]

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        calls[0] += 1
        size = len(queries["u"])
        return answering(1e-2, (0.1 + 0.01 * calls[0]) * (1 if size == 1 else 10))(queries, times)

    rows = compare(plan(), [*contestants(), Contestant("grows", "surrogate", (answer,))])
    row = rows[-1]
    assert row.batch_size == 1
    assert row.batch.rounds == row.single.rounds
    assert len(row.single.rounds) == 3


def test_what_was_answered_already_is_judged_and_not_asked_for_again() -> None:
    base, calls = plan(), []

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        calls.append(len(times))
        return answering(0.5, 0.02)(queries, times)

    known = Contestant("truth", "reference", (answer,), answered=base.truth)
    row = compare(base, [known, *contestants()[1:]])[0]
    assert row.accuracy == 0.0  # of the truth, and not of what it would have said
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


def test_the_seconds_of_a_batch_are_shared_by_its_queries() -> None:
    def answer(queries: Queries, times: np.ndarray) -> Solution:
        SPENT[0] += 0.01
        return answering(1e-3, 0.001)(queries, times)

    rows = compare(plan(), [contestants()[0], Contestant("steady", "surrogate", (answer,))])
    assert rows[1].batch_size == 2
    assert rows[1].single.median == pytest.approx(0.011)
    assert rows[1].batch.median == pytest.approx(0.006)
