"""Reading off a table is exact where it must be, and says what it cannot read off."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, Evolved, swings
from known_tables import MAKES, makes, of
from understudy.datasets.pairs import Pairs
from understudy.surrogates.interpolation import Interpolation
from understudy.surrogates.scattered import Scattered
from understudy.surrogates.surrogate import SurrogateError, load


def linear(samples: int, seed: int, *, dimensions: int) -> Pairs:
    """Three numbers that are linear in a few."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-1, 1, (samples, dimensions))
    matrix = np.random.default_rng(99).normal(size=(dimensions, 3))
    return Pairs(Asked(x=x, y=x @ matrix + 1), inputs=("x",), outputs=("y",))  # type: ignore[arg-type]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_linear_map_is_exact_inside_of_the_training_queries(dimensions: int) -> None:
    table = Interpolation()
    table.fit(linear(300, 0, dimensions=dimensions), linear(20, 1, dimensions=dimensions), seed=0)
    inputs, outputs = linear(50, 2, dimensions=dimensions).batch(range(50))
    within = np.abs(inputs["x"]).max(axis=1) < 0.5
    said = table({"x": torch.from_numpy(inputs["x"][within])})["y"].numpy()
    assert within.any()
    np.testing.assert_allclose(said, outputs["y"][within], rtol=0, atol=1e-12)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_the_training_queries_get_their_own_answers(dimensions: int) -> None:
    table, pairs = Interpolation(), linear(60, 0, dimensions=dimensions)
    table.fit(pairs, linear(9, 1, dimensions=dimensions), seed=0)
    inputs, outputs = pairs.batch(range(60))
    said = table({"x": torch.from_numpy(inputs["x"])})["y"].numpy()
    np.testing.assert_allclose(said, outputs["y"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("neighbours", [1, 3])
def test_where_all_that_counts_is_at_one_place_it_answers_there(neighbours: int) -> None:
    places = np.repeat(np.random.default_rng(0).normal(size=(5, 4)), 3, axis=0)
    scattered = Scattered(places, neighbours=neighbours, on_a_line="linear")
    found, weights = scattered.nearest(places)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(places[found], np.repeat(places[:, None], neighbours, axis=1))


def test_outside_of_the_training_queries_the_nearest_answers() -> None:
    table, pairs = Interpolation(), linear(60, 0, dimensions=2)
    table.fit(pairs, linear(9, 1, dimensions=2), seed=0)
    inputs, outputs = pairs.batch(range(60))
    far = np.array([[50.0, 40.0]])
    assert table.asked is not None
    own, other = (table.asked.encode(torch.from_numpy(x)) for x in (inputs["x"], far))
    nearest = int((own - other).square().sum(dim=1).argmin())
    np.testing.assert_allclose(table({"x": torch.from_numpy(far)})["y"][0], outputs["y"][nearest], atol=1e-12)


@pytest.mark.parametrize(("between", "degree"), [("linear", 1), ("cubic", 3)])
def test_polynomials_of_time_are_exact_between_frames(between: str, degree: int) -> None:
    times = np.linspace(0.0, 2.0, 9)
    start = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    path = sum(start[:, None] * (k + 1.0) * times[None, :, None] ** k for k in range(degree + 1))
    pairs = Pairs(Evolved({"x": path}, {}, times), inputs=("x",), outputs=("x",), timed=True)  # type: ignore[arg-type]
    table = Interpolation(Interpolation.Settings(between_frames=between))  # type: ignore[arg-type]
    table.fit(pairs, pairs, seed=0)
    for asked in (np.array([0.0, 0.03, 0.26, 1.1, 1.99, 2.0]), np.linspace(0.0, 2.0, 7)):
        inputs = {
            "x": torch.from_numpy(np.repeat(start[:3], len(asked), axis=0)),
            "time": torch.from_numpy(np.tile(asked, 3)),
        }
        wanted = sum(start[:3, None] * (k + 1.0) * asked[None, :, None] ** k for k in range(degree + 1))
        np.testing.assert_allclose(table(inputs)["x"].numpy().reshape(3, -1, 2), wanted, rtol=0, atol=1e-12)
        mixed = torch.randperm(3 * len(asked), generator=torch.Generator().manual_seed(0))
        again = table({name: values[mixed] for name, values in inputs.items()})["x"]
        np.testing.assert_allclose(again, table(inputs)["x"][mixed], rtol=0, atol=1e-12)


def test_more_trajectories_read_off_better_and_it_is_a_null_model() -> None:
    errors = []
    for trajectories in (50, 800):
        table = Interpolation(Interpolation.Settings(trajectories=trajectories))
        errors.append(table.fit(swings(800, 0), swings(40, 1), seed=0).validation_error)
    assert errors[1] < 0.15 * errors[0]
    assert Interpolation.null


def test_what_is_not_in_the_table_is_refused() -> None:
    table = Interpolation()
    table.fit(swings(50, 0, horizon=2.0), swings(9, 1, horizon=2.0), seed=0)
    inputs = {k: torch.from_numpy(v) for k, v in swings(2, 2).batch([0, 5])[0].items()}
    table(inputs)
    with pytest.raises(SurrogateError, match=r"from 0 to 2.*was asked for 0 to 3; train it with a longer"):
        table({**inputs, "time": torch.tensor([0.0, 3.0]).double()})
    with pytest.raises(SurrogateError, match="'mass' was constant there"):
        table({**inputs, "mass": torch.full((2, 3), 1.5).double()})


def test_on_a_line_a_cubic_is_read_off_by_four_queries_and_the_ends_answer_outside() -> None:
    places = np.array([0.0, 0.3, 1.0, 1.2, 2.0, 2.1, 3.0])
    table = Interpolation(Interpolation.Settings(on_a_line="cubic"))
    table.queries = torch.from_numpy(places[:, None])
    table.table = torch.zeros(len(places), 1, 1)
    table._prepare()
    asked = np.array([0.1, 0.7, 1.1, 1.9, 2.05, 2.9, 0.0, 3.0])
    found, weights = table._nearest(torch.from_numpy(asked[:, None]))
    cubic = np.poly1d([1.0, -2.0, 0.5, 3.0])
    np.testing.assert_allclose((cubic(places)[found] * weights).sum(axis=1), cubic(asked), rtol=1e-12)
    for outside, end in ((-1.0, 0.0), (9.0, 3.0)):
        found, weights = table._nearest(torch.tensor([[outside]], dtype=torch.float64))
        assert (cubic(places)[found] * weights).sum() == pytest.approx(cubic(end))


def test_on_a_line_with_a_query_twice_a_line_is_read_off_there() -> None:
    places = np.array([0.0, 1.0, 1.0, 2.0, 3.0])
    table = Interpolation(Interpolation.Settings(on_a_line="cubic"))
    table.queries, table.table = torch.from_numpy(places[:, None]), torch.zeros(5, 1, 1)
    table._prepare()
    asked = np.array([0.5, 1.5, 2.5])
    found, weights = table._nearest(torch.from_numpy(asked[:, None]))
    np.testing.assert_allclose((places[found] * weights).sum(axis=1), asked)
    assert np.isfinite(weights).all()


CODED = Interpolation.Settings(categories=("make",), logarithmic=("size", "price"))


def test_each_code_has_a_table_of_its_own(tmp_path: Path) -> None:
    """A price is size * 10^worth: along a make's own line exact, between makes nothing."""
    table = Interpolation(CODED)
    record = table.fit(makes(60, 0), makes(20, 1), seed=0)
    size, make = (a.ravel() for a in np.meshgrid(np.logspace(-1.5, 1.5, 9), list(MAKES)))
    asked = {"size": torch.from_numpy(size), "make": torch.from_numpy(make)}
    said = table(asked)["price"].numpy()
    wanted = size * 10 ** np.array([MAKES[code] for code in make])
    np.testing.assert_allclose(said, wanted, rtol=1e-9)
    table.save(tmp_path, fingerprint="f", record=record)
    np.testing.assert_array_equal(load(tmp_path)[0](asked)["price"].numpy(), said)
    shuffled = np.random.default_rng(0).permutation(len(size))
    mixed = table({name: values[shuffled] for name, values in asked.items()})["price"].numpy()
    np.testing.assert_array_equal(mixed, said[shuffled])


def test_codes_of_which_the_table_has_no_query_are_refused_by_name() -> None:
    table = Interpolation(CODED)
    table.fit(makes(60, 0), makes(20, 1), seed=0)
    one = torch.ones(1, dtype=torch.float64)
    with pytest.raises(SurrogateError, match="'make' = 15, which this surrogate has not learned"):
        table({"size": one, "make": 15 * one})
    few = np.array([1.0, 2.0, 1.0, 2.0, 3.0])
    source: Any = Asked(x=few, a=np.array([1.0, 1, 1, 1, 2]), b=np.array([5.0, 5, 6, 6, 6]), y=few)
    pairs = Pairs(source, inputs=("x", "a", "b"), outputs=("y",))
    table = Interpolation(Interpolation.Settings(categories=("a", "b")))
    table.fit(pairs, pairs, seed=0)
    said = table(
        {
            "x": torch.tensor([1.5, 9.0]).double(),
            "a": one.repeat(2) * torch.tensor([1, 2]),
            "b": 6 * one.repeat(2),
        }
    )
    torch.testing.assert_close(said["y"], torch.tensor([1.5, 3.0]).double())
    with pytest.raises(SurrogateError, match="no query of 'a' = 2, 'b' = 5"):
        table({"x": one, "a": 2 * one, "b": 5 * one})


def test_codes_alone_are_refused() -> None:
    pairs = of(makes(30, 0), inputs=("make",), outputs=("price",))
    with pytest.raises(SurrogateError, match=r"all inputs are categories \(make\).*take boosted_trees"):
        Interpolation(Interpolation.Settings(categories=("make",))).fit(pairs, pairs, seed=0)


def test_times_that_are_not_even_are_refused() -> None:
    for times in (np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 3.0])):
        path = np.random.default_rng(0).normal(size=(9, 3))
        source: Any = Evolved({"x": path}, {}, times)
        pairs = Pairs(source, inputs=("x",), outputs=("x",), timed=True)
        with pytest.raises(SurrogateError, match="frames that are evenly apart from time 0 on"):
            Interpolation().fit(pairs, pairs, seed=0)
