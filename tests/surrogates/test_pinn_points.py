"""Where a network of coordinates is asked."""

import math

import numpy as np
import pytest
import torch
from posed_problem import (
    CONSTANT,
    EXACT,
    equations,
    problem_of,
    somewhere,
)
from understudy.solvers.pointwise import (
    Condition,
    Mirror,
    Places,
)
from understudy.surrogates.pinn_points import condition_points, inner_points, refuse_outside
from understudy.surrogates.surrogate import SurrogateError

Orders = tuple[int, ...]


def counts(values: torch.Tensor, low: float, high: float, bins: int = 16) -> list[int]:
    return np.histogram(values.numpy(), bins=bins, range=(low, high))[0].tolist()


def test_points_fill_the_box_and_the_ranges_of_numbers_evenly() -> None:
    places = inner_points(problem_of(), 256, seed=0, mirrored=False)
    for c in EXACT:
        assert counts(places[c.name], c.low, c.high) == [16] * 16
        assert c.low <= float(places[c.name].min()) <= float(places[c.name].max()) <= c.high
    assert counts(places["c"].log10(), -1.0, 1.0) == [16] * 16
    assert torch.equal(places["d"], torch.full((256,), 0.3, dtype=torch.float64))
    assert len(inner_points(problem_of(), 100, seed=0, mirrored=False)["x"]) == 100


def test_one_half_for_each_mirror_is_enough_where_they_are_built_in() -> None:
    problem = problem_of(mirrors=(Mirror(("x",)), Mirror(("y", "t"))))
    places = inner_points(problem, 256, seed=0, mirrored=True)
    assert counts(places["x"], 0.25, 2.75) == [0] * 8 + [32] * 8
    assert counts(places["y"], -3.0, -1.0) == [0] * 8 + [32] * 8
    assert counts(places["t"], 0.5, 1.25) == [16] * 16
    everywhere = inner_points(problem, 256, seed=0, mirrored=False)
    assert counts(everywhere["x"], 0.25, 2.75) == [16] * 16


def test_only_points_of_the_domain_are_taken_and_as_many_as_are_wanted() -> None:
    def in_a_slice(places: Places) -> torch.Tensor:
        return (places["x"] - 1.0).abs() < 0.125

    problem = problem_of(inside=in_a_slice)
    places = inner_points(problem, 300, seed=0, mirrored=False)
    assert {len(values) for values in places.values()} == {300}
    assert bool(in_a_slice(places).all())
    assert max(counts(places["t"], 0.5, 1.25, bins=4)) < 90
    assert len(torch.unique(places["t"])) == 300


def test_a_domain_that_is_empty_or_nearly_so_is_refused() -> None:
    with pytest.raises(
        SurrogateError, match="of 1000 points of the box only 0 belong to the domain, 50 are wanted"
    ):
        inner_points(problem_of(inside=lambda p: p["x"] > 5), 50, seed=0, mirrored=False)
    with pytest.raises(SurrogateError, match=r"only \d+ belong to the domain, 50 are wanted"):
        inner_points(problem_of(inside=lambda p: p["x"] > 2.72), 50, seed=0, mirrored=False)


def test_the_same_seed_gives_the_same_points_and_another_one_others() -> None:
    def somewhere_else(points: int, generator: torch.Generator) -> Places:
        share = torch.rand(3, points, generator=generator, dtype=torch.float64)
        return {c.name: c.low + c.length * s for c, s in zip(EXACT, share, strict=True)}

    face, placed = Condition("face", {"x": 1.0}, equations), Condition("placed", somewhere_else, equations)
    problem = problem_of()
    for draw in (
        lambda seed: inner_points(problem, 20, seed=seed, mirrored=False),
        lambda seed: condition_points(problem, face, 20, seed=seed),
        lambda seed: condition_points(problem, placed, 20, seed=seed),
    ):
        one, same, other = draw(1), draw(1), draw(2)
        assert all(torch.equal(one[name], same[name]) for name in one)
        assert not torch.equal(one["y"], other["y"])
        assert not torch.equal(one["c"], other["c"])


def test_a_condition_s_points_are_on_its_face_and_fill_it() -> None:
    problem = problem_of()
    places = condition_points(problem, Condition("face", {"x": 2.75}, equations), 256, seed=0)
    assert torch.equal(places["x"], torch.full((256,), 2.75, dtype=torch.float64))
    assert counts(places["t"], 0.5, 1.25) == counts(places["y"], -3.0, -1.0) == [16] * 16
    assert counts(places["c"].log10(), -1.0, 1.0) == [16] * 16


def test_where_nothing_is_left_to_vary_one_point_is_enough() -> None:
    corner = Condition("corner", {"t": 0.5, "x": 1.0, "y": -2.0}, equations)
    places = condition_points(problem_of(numbers=(CONSTANT,), form=None), corner, 50, seed=0)
    assert {name: values.tolist() for name, values in places.items()} == {
        "t": [0.5],
        "x": [1.0],
        "y": [-2.0],
        "d": [0.3],
    }
    assert len(condition_points(problem_of(), corner, 50, seed=0)["c"].unique()) == 50


def test_a_condition_may_place_its_points_itself_and_numbers_are_spread_over_them() -> None:
    asked = []

    def circle(points: int, generator: torch.Generator) -> Places:
        asked.append(points)
        angle = 2 * torch.pi * torch.rand(2 * points, generator=generator)
        return {
            "t": torch.full((2 * points,), 1.0),
            "x": 1.5 + 0.5 * angle.cos(),
            "y": -2 + 0.5 * angle.sin(),
        }

    condition = Condition("around", circle, equations)
    places = condition_points(problem_of(), condition, 128, seed=0)
    assert asked == [128]
    assert {(values.dtype, len(values)) for values in places.values()} == {(torch.float64, 256)}
    assert counts(places["c"].log10(), -1.0, 1.0) == [16] * 16
    radius = torch.hypot(places["x"] - 1.5, places["y"] + 2)
    torch.testing.assert_close(radius, torch.full_like(radius, 0.5), rtol=0, atol=1e-6)

    def with_numbers(points: int, generator: torch.Generator) -> Places:
        return {**circle(points, generator), "c": torch.full((2 * points,), 0.7)}

    places = condition_points(problem_of(), Condition("around", with_numbers, equations), 4, seed=0)
    torch.testing.assert_close(places["c"], torch.full((8,), 0.7).double(), rtol=1e-6, atol=0)


def test_points_that_miss_a_coordinate_or_lie_outside_are_refused() -> None:
    def nowhere(points: int, generator: torch.Generator) -> Places:
        return {
            "t": torch.ones(points),
            "x": torch.tensor([1.0, 9.0, 2.0, -9.0]),
            "y": torch.full((points,), -2.0),
        }

    with pytest.raises(
        SurrogateError,
        match="condition 'out': 2 of 4 points lie outside of the domain, the first at x = 9, which",
    ):
        condition_points(problem_of(), Condition("out", nowhere, equations), 4, seed=0)
    with pytest.raises(SurrogateError, match="condition 'half' places no 'y'; it must place all"):
        condition_points(
            problem_of(),
            Condition("half", lambda n, _: {"t": torch.ones(n), "x": torch.ones(n)}, equations),
            4,
            seed=0,
        )


def test_places_outside_of_any_range_are_refused_and_the_ends_are_inside() -> None:
    problem = problem_of()
    inside = somewhere(problem)
    refuse_outside(problem, inside, "these")
    for name, low, high in (("t", 0.5, 1.25), ("y", -3.0, -1.0), ("c", 0.1, 10.0)):
        ends = torch.tensor([low, high, *inside[name][2:]], dtype=torch.float64)
        refuse_outside(problem, {**inside, name: ends * (1 + 1e-12)}, "these")
        for wrong in (low - 0.01, high + 0.01, math.nan, math.inf):
            with pytest.raises(
                SurrogateError, match=f"these: 1 of 6 points lie outside .* at {name} = {wrong:g}"
            ):
                refuse_outside(problem, {**inside, name: torch.tensor([wrong, *inside[name][1:]])}, "these")
    refuse_outside(problem, {**inside, "d": inside["d"] + 5}, "these")
