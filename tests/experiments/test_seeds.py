"""What several seeds say is told with their spread, and what they cannot tell apart is called level."""

import pytest
from understudy.experiments.seeds import apart, cell, level_line, level_with_best, median_of, number


def test_what_json_has_no_word_for_is_infinite() -> None:
    assert number(None) == float("inf")
    assert median_of([None, 1.0, 2.0]) == 2.0
    assert median_of([1.0, None]) == float("inf")
    assert median_of([None, None]) == float("inf")
    assert median_of([1.0, 2.0]) == 1.5


@pytest.mark.parametrize(
    ("errors", "said"),
    [([0.1], "1.00e-01"), ([0.1, 0.2, 0.3], "2.00e-01 x3"), ([0.1, None], "inf xinf"), ([None], "inf")],
)
def test_a_median_is_told_with_its_spread(errors: list[float | None], said: str) -> None:
    assert cell(errors) == said


def test_ways_are_apart_where_no_seed_says_otherwise() -> None:
    assert apart([0.1, 0.2], [0.21, 0.3])
    assert not apart([0.1, 0.2], [0.2, 0.3])
    assert not apart([0.1, None], [0.2, 0.3])
    ways = {"one": [0.1, 0.3], "two": [0.15, 0.16], "three": [0.4, 0.5], "four": [None, None]}
    assert level_with_best(ways) == ["one", "two"]
    assert level_line({4: ways, 1_000: {"a": [1.0, 1.0], "b": [2.0, 2.0]}}) == (
        "best, as far as the seeds tell: 4: one = two; 1,000: a alone"
    )
    assert level_line({4: {"one": [0.1], "two": [0.2]}}) == "one seed of each: differences may be chance"
