"""Which directions serve which derivatives."""

import numpy as np
import pytest
from understudy.surrogates.directions import Directions
from understudy.surrogates.surrogate import SurrogateError

Orders = tuple[int, ...]


def along(directions: Directions, slopes: np.ndarray, weights: np.ndarray) -> list[float]:
    """The streams of the sum of weights times exp(slopes . x), at x = 0."""
    found = [float(weights.sum())]
    for vector, order in zip(directions.vectors, directions.orders, strict=True):
        found += [float(weights @ (slopes @ np.array(vector)) ** n) for n in range(1, order + 1)]
    return found


WANTED: list[list[Orders]] = [
    *([pair] for pair in [(0, 0), (1, 0), (0, 2), (3, 0), (0, 4), (1, 1), (2, 1), (1, 2), (2, 2)]),
    [(0, 2, 2), (1, 0, 1), (0, 0, 3), (2, 1, 0), (0, 0, 0)],
    [(1, 1), (2, 2), (0, 1)],
]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_derivatives_are_made_of_those_along_directions(wanted: list[Orders]) -> None:
    generator = np.random.default_rng(0)
    slopes, weights = generator.standard_normal((6, len(wanted[0]))), generator.standard_normal(6)
    directions = Directions.of(wanted)
    streams = along(directions, slopes, weights)
    assert set(directions.recipes) == set(wanted)
    for orders, recipe in directions.recipes.items():
        found = sum(factor * streams[place] for factor, place in recipe)
        known = float(weights @ np.prod(slopes ** np.array(orders), axis=1))
        assert found == pytest.approx(known, rel=1e-11, abs=1e-11)


def test_a_direction_serves_all_derivatives_along_it_and_goes_no_higher_than_they_do() -> None:
    directions = Directions.of([(0, 0), (1, 0), (0, 1), (0, 2), (0, 1)])
    assert dict(zip(directions.vectors, directions.orders, strict=True)) == {(1, 0): 1, (0, 1): 2}
    assert Directions.of([(0, 0)]).vectors == ()
    mixed = Directions.of([(1, 1), (2, 0), (0, 4)])
    assert dict(zip(mixed.vectors, mixed.orders, strict=True)) == {(1, 1): 2, (1, 0): 2, (0, 1): 4}


def test_derivatives_that_are_not_known_from_directions_are_refused() -> None:
    for orders in ((5, 0), (0, 6), (3, 2)):
        with pytest.raises(SurrogateError, match="derivatives up to the 4th are known"):
            Directions.of([(1, 0), orders])
    for orders in ((3, 1), (1, 3), (1, 1, 1), (2, 1, 1)):
        with pytest.raises(
            SurrogateError, match=r"mixed derivatives of two coordinates are known of orders .* not"
        ):
            Directions.of([orders])
