"""The ladder's envelope keeps what no other setting beats, and interpolates between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.experiments.envelope import Cost, Envelope, break_even


def envelope() -> Envelope:
    seconds = np.array([1.0, 10.0, 3.0, 100.0, 20.0])
    quality = np.array([1.0, 3.0, 0.5, 4.0, 2.0])
    return Envelope.of(seconds, quality)


def test_dominated_settings_are_left_out() -> None:
    assert envelope().members.tolist() == [0, 1, 3]


def test_cost_is_straight_in_quality_and_log_seconds() -> None:
    assert envelope().cost(2.0) == Cost(pytest.approx(np.sqrt(10.0)), "=")
    assert envelope().cost(3.0) == Cost(pytest.approx(10.0), "=")


def test_beyond_the_ladder_the_cost_is_a_bound() -> None:
    assert envelope().cost(0.2) == Cost(1.0, "<=")
    assert envelope().cost(5.0) == Cost(100.0, ">=")


def test_quality_at_a_time_is_the_inverse_of_the_cost() -> None:
    assert envelope().quality_at(np.sqrt(10.0)) == (pytest.approx(2.0), "=")
    assert envelope().quality_at(0.5) == (1.0, "<=")
    assert envelope().quality_at(1e4) == (4.0, ">=")


def test_a_ladder_without_any_finite_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="widen the ladder"):
        Envelope.of(np.array([1.0]), np.array([np.nan]))


def test_break_even_is_the_bill_over_the_gain() -> None:
    assert break_even(100.0, Cost(3.0, "="), 1.0) == (50.0, "=")
    assert break_even(100.0, Cost(3.0, "="), 3.0) == (None, "=")
    assert break_even(100.0, Cost(3.0, ">="), 1.0) == (50.0, "<=")
    assert break_even(100.0, Cost(3.0, "<="), 1.0) == (50.0, ">=")


@given(
    st.lists(
        st.tuples(st.floats(1e-6, 1e3), st.floats(-10, 10)), min_size=1, max_size=30, unique_by=lambda p: p[0]
    )
)
def test_no_setting_lies_above_its_envelope(points: list[tuple[float, float]]) -> None:
    seconds, quality = np.array(points).T
    found = Envelope.of(seconds, quality)
    assert (np.diff(found.seconds) > 0).all()
    assert (np.diff(found.quality) > 0).all()
    for s, q in points:
        cost = found.cost(q)
        assert cost.seconds <= s * (1 + 1e-9)
