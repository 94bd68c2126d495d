"""Shapes, their distances, and what is drawn."""

import numpy as np
import pytest
from understudy.solvers.steady_flow import Shape, SteadyFlow, airfoil, ellipse
from understudy.solvers.steady_flow.geometry import obstacle

SYSTEM = SteadyFlow(48, 96)


def test_the_distance_to_a_circle_is_that_to_its_middle_less_the_radius() -> None:
    x, y = SYSTEM.middles()
    found = ellipse().placed(x=0.8, y=0.45, size=0.4).distance(x, y)
    np.testing.assert_allclose(found, np.hypot(x - 0.8, y - 0.45) - 0.2, atol=1e-4)


def test_the_distance_to_a_turned_square_is_negative_within() -> None:
    square = Shape((np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]),)).placed(turned=np.pi / 4)
    points = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, -2.0], [1.0, 1.0], [-3.0, 0.3]])
    expected = [-1.0, 0.5**0.5 - 1, 2 - 2**0.5, 2 - 2**0.5, 2**0.5 - 1, np.hypot(3 - 2**0.5, 0.3)]
    np.testing.assert_allclose(square.distance(*points.T), expected, atol=1e-12)


def test_the_order_of_corners_does_not_matter() -> None:
    corners = np.array([[0.0, 0.0], [1.0, 0.2], [0.4, 1.0]])
    x, y = np.random.default_rng(0).uniform(-1, 2, (2, 50))
    one, other = (Shape((outline,)).distance(x, y) for outline in (corners, corners[::-1]))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)


def test_an_airfoil_is_as_thick_as_its_digits_say() -> None:
    outline = airfoil(camber=0.0, thickness=0.12).outlines[0]
    assert np.ptp(outline[:, 0]) == pytest.approx(1, abs=1e-6)
    assert np.ptp(outline[:, 1]) == pytest.approx(0.12, abs=1e-3)
    cambered = airfoil(camber=0.04, place=0.4, thickness=0.12).outlines[0]
    at = np.abs(cambered[:, 0] + 0.1) < 0.01  # four tenths of the chord behind the nose
    assert cambered[at, 1].mean() == pytest.approx(0.04, abs=3e-3)


@pytest.mark.parametrize("family", ["ellipse", "polygon", "airfoil", "blob", "car", "pair"])
def test_what_is_drawn_is_clear_of_walls_and_within_its_size(family: str) -> None:
    system = SteadyFlow(48, 96, families=(family,))  # type: ignore[arg-type]
    query = system.draw([np.random.default_rng(i) for i in range(40)])
    assert system.objections(query) == [""] * 40
    solid = query["distance"] < 0
    rows = np.array([np.flatnonzero(one.any(axis=1))[[0, -1]] for one in solid])
    assert rows[:, 0].min() >= 0.1 * 48
    assert rows[:, 1].max() <= 0.9 * 48
    reynolds = system.heights(query) / query["viscosity"]
    assert 0.9 <= reynolds.min() < 4
    assert 15 < reynolds.max() <= 41
    assert len({one.tobytes() for one in query["distance"]}) == 40


def test_a_shape_is_the_same_on_every_grid() -> None:
    coarse, fine = (SteadyFlow(n, 2 * n).draw([np.random.default_rng(5)]) for n in (32, 96))
    np.testing.assert_array_equal(coarse["viscosity"], fine["viscosity"])
    # the middle of a coarse cell is the middle of the fine one in its middle
    np.testing.assert_allclose(coarse["distance"], fine["distance"][:, 1::3, 1::3], atol=1e-12)


def test_two_of_a_pair_are_apart() -> None:
    for seed in range(20):
        shape = obstacle(np.random.default_rng(seed), "pair", smallest=0.14, largest=0.35, length=2.0)
        first, second = shape.outlines
        assert Shape((first,)).distance(*second.T).min() > 0.02
