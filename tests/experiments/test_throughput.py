"""Everybody is clocked alike: the same queries, in rounds, the best batch by its median."""

import dataclasses

import numpy as np
import pytest
from known_contestants import SPENT, answering, contestants, plan
from understudy.experiments.compare import Contestant, Row, compare
from understudy.solvers.contract import Queries, Solution, Status

pytestmark = pytest.mark.usefixtures("pretended_clock")


def test_seconds_are_per_query(rows: list[Row]) -> None:
    middle = next(row for row in rows if row.label == "middle")
    assert middle.single.median == pytest.approx(0.003, rel=1e-6)
    assert middle.batch.median == pytest.approx(0.003, rel=1e-6)


def test_the_seconds_of_a_batch_are_shared_by_its_queries() -> None:
    def answer(queries: Queries, times: np.ndarray) -> Solution:
        SPENT[0] += 0.01
        return answering(1e-3, 0.001)(queries, times)

    rows = compare(plan(), [contestants()[0], Contestant("steady", "surrogate", (answer,))])
    assert rows[1].batch_size == 2
    assert rows[1].single.median == pytest.approx(0.011)
    assert rows[1].batch.median == pytest.approx(0.006)


def test_a_slow_contestant_is_timed_in_fewer_rounds() -> None:
    slow = Contestant("patient", "surrogate", (answering(1e-3, 3.0),))
    rows = compare(plan(), [*contestants(), slow])
    rounds = {row.label: len(row.single.rounds) for row in rows}
    assert rounds["truth"] == 3
    assert rounds["patient"] == 1


def test_the_readings_of_a_dear_contestant_are_spread_among_all_rounds() -> None:
    # three queries alone take 3 s in a round, a batch is beyond the budget of 2 s
    dear = Contestant("dear", "surrogate", (answering(1e-3, 1.001),))
    rows = compare(dataclasses.replace(plan(), rounds=6), [*contestants(), dear])
    rounds = {row.label: len(row.single.rounds) for row in rows}
    assert rounds["dear"] == 4  # before the others: 0, 3, 3, 6, 6 and 9 s of 0, 2, 4, 6, 8 and 10 s
    assert rounds["truth"] == 6


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
        SPENT[0] += 0.010 if size == 1 else 0.088 * np.ceil(size / 8)
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
