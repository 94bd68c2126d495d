"""A network of coordinates: its derivatives, what holds by construction, and where it is asked."""

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from understudy.solvers.pointwise import (
    At,
    Condition,
    Coordinate,
    Derivative,
    Mirror,
    Number,
    Places,
    Pointwise,
)
from understudy.surrogates.blocks.coordinate_features import CoordinateFeatures
from understudy.surrogates.directions import Directions
from understudy.surrogates.pinn_network import CoordinateNetwork, NetworkSettings
from understudy.surrogates.pinn_points import condition_points, inner_points, refuse_outside
from understudy.surrogates.surrogate import SurrogateError

Orders = tuple[int, ...]


# directions ------------------------------------------------------------------------------------------


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


# features --------------------------------------------------------------------------------------------


def features_of(harmonics: tuple[int, ...] = (0, 2, 1, 0), **settings: Any) -> CoordinateFeatures:
    generator = torch.Generator().manual_seed(3)
    return CoordinateFeatures(harmonics, generator=generator, **settings).double()


def places_of(points: int = 7, coordinates: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 2 * torch.rand(points, coordinates, generator=generator, dtype=torch.float64) - 1


@pytest.mark.parametrize("random", [0, 3])
def test_streams_of_features_are_their_nested_derivatives(random: int) -> None:
    features, x = features_of(random=random, scale=2.0), places_of()
    directions = torch.tensor([[1, 0, 0, 0], [0, -1, 1, 0.5], [0, 0, 2, 0]], dtype=torch.float64)
    orders = (1, 4, 2)
    streams = features.streams(x, directions, orders)
    assert streams.shape == (8, 7, features.outputs)
    torch.testing.assert_close(streams[0], features(x), rtol=0, atol=0)
    place = 1
    for direction, order in zip(directions, orders, strict=True):
        way = torch.zeros(7, 1, dtype=torch.float64, requires_grad=True)
        moved = features(x + way * direction)
        for k in range(features.outputs):
            of = moved[:, k]
            for n in range(order):
                of = of + 0 * way[:, 0]  # what does not depend on the way has a derivative, too
                (of,) = (g[:, 0] for g in torch.autograd.grad(of.sum(), way, create_graph=True))
                torch.testing.assert_close(streams[place + n, :, k], of, rtol=1e-12, atol=1e-10)
        place += order


def test_harmonics_are_waves_and_other_coordinates_enter_as_they_are() -> None:
    x = places_of()
    found, phase = features_of()(x), torch.pi * x
    assert found.shape == (7, 8)
    torch.testing.assert_close(found[:, :2], x[:, [0, 3]])
    waves = [phase[:, 1], 2 * phase[:, 1], phase[:, 2]]
    known = torch.stack([f(w) for f in (torch.sin, torch.cos) for w in waves], dim=1)
    torch.testing.assert_close(found[:, 2:], known, rtol=0, atol=1e-6)


def test_periodic_features_have_the_period_two_in_double_precision() -> None:
    features, x = features_of((3, 0), random=4, scale=6.0), places_of(coordinates=2)
    shift = torch.tensor([2.0, 0.0], dtype=torch.float64)

    torch.testing.assert_close(features(x + shift), features(x), rtol=0, atol=1e-12)
    assert float((features(x + shift.flip(0)) - features(x)).abs().max()) > 0.1


def wavenumbers(features: CoordinateFeatures) -> torch.Tensor:
    """(coordinates, 400) of the random waves: slopes of sines where they are 0, after the one harmonic."""
    slopes = features.streams(torch.zeros(1, 2).double(), torch.eye(2).double(), (1, 1))[1:, 0]
    return slopes[:, 2:402]


def test_random_waves_of_a_periodic_coordinate_are_whole_and_have_the_deviation() -> None:
    waves = wavenumbers(features_of((1, 0), random=400, scale=5.0))
    turns = waves / torch.pi
    assert float((turns[0] - turns[0].round()).abs().max()) < 1e-6
    assert float((turns[1] - turns[1].round()).abs().max()) > 0.4
    assert float(waves.std(dim=1).sub(5.0).abs().max()) < 0.5
    assert torch.equal(waves, wavenumbers(features_of((1, 0), random=400, scale=5.0)))
    generator = torch.Generator().manual_seed(4)
    other = CoordinateFeatures((1, 0), random=400, scale=5.0, generator=generator).double()
    assert not torch.equal(waves, wavenumbers(other))


def test_negative_numbers_of_waves_are_refused() -> None:
    for harmonics, random, scale in (((1, -1), 0, 1.0), ((1,), -1, 1.0), ((1,), 1, -1.0)):
        with pytest.raises(ValueError, match="harmonics, random waves and their scale must not be negative"):
            CoordinateFeatures(harmonics, random=random, scale=scale)


# the network -----------------------------------------------------------------------------------------

WAVES = 2 * math.pi / 2.5
EXACT = Coordinate("t", 0.5, 1.25), Coordinate("x", 0.25, 2.75, periodic=True), Coordinate("y", -3.0, -1.0)
"""Halves and middles that any precision holds."""
ROUNDED = Coordinate("t", 0.1, 0.8), Coordinate("x", -0.7, 2.5, periodic=True), Coordinate("y", 0.3, 0.7)
RANGED, CONSTANT = Number("c", 0.1, 10.0, logarithmic=True), Number("d", 0.3, 0.3)
MIRRORS = Mirror(("x",), odd=("v",)), Mirror(("x", "y"), odd=("u", "v"))


def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
    """Of u alone, with v left as it is: cos(y) sin(w x) + t^2 c at t = 0.5, to second order."""
    t, x, y = places["t"] - 0.5, places["x"], places["y"]
    return {"u": (y.cos() * torch.sin(WAVES * x) + t.square() * places["c"], t.square() * torch.exp(y))}


def equations(at: At) -> dict[str, torch.Tensor]:
    return {"all": at("u") + at("v")}


def problem_of(**changes: Any) -> Pointwise:
    known = {
        "coordinates": EXACT,
        "unknowns": ("u", "v"),
        "equations": equations,
        "numbers": (RANGED, CONSTANT),
        "form": form,
        "mirrors": MIRRORS,
    }
    return Pointwise(**{**known, **changes})


def network_of(
    problem: Pointwise, *, seed: int = 0, recover: Any = None, **settings: Any
) -> CoordinateNetwork:
    chosen = {"hidden": (6, 5), "activation": "tanh", "built_in": False, "mirrored": False, **settings}
    return CoordinateNetwork(problem, NetworkSettings(**chosen), recover=recover, seed=seed).double()


def somewhere(problem: Pointwise, points: int = 6) -> dict[str, torch.Tensor]:
    return inner_points(problem, points, seed=2, mirrored=False)


def value(network: CoordinateNetwork, places: Places) -> torch.Tensor:
    """(points, unknowns), written down again, of operations that autograd knows."""
    problem, settings = network.problem, network.settings
    scaled = [
        (places[c.name] - 0.5 * (c.low + c.high)) / (0.5 * (c.high - c.low)) for c in problem.coordinates
    ]
    numbers = [2 * (torch.log(places[n.name] / n.low) / math.log(n.high / n.low)) - 1 for n in network.given]
    mirrors = problem.mirrors if settings.mirrored else ()
    found = torch.zeros(len(scaled[0]), len(problem.unknowns), dtype=torch.float64)
    for taken in itertools.product((0, 1), repeat=len(mirrors)):
        image, parity = list(scaled), torch.ones(len(problem.unknowns), dtype=torch.float64)
        for mirror in itertools.compress(mirrors, taken):
            image = [
                -s if c in mirror.reflected else s
                for s, c in zip(image, problem.coordinate_names, strict=True)
            ]
            parity = parity * torch.tensor([-1.0 if u in mirror.odd else 1.0 for u in problem.unknowns])
        inputs = torch.stack([*image, *numbers], dim=1)
        found = found + parity * network.perceptron(network.features(inputs)) / 2 ** len(mirrors)
    if settings.built_in and problem.form is not None:
        parts = problem.form(places)
        columns = [
            parts[u][0] + parts[u][1] * found[:, i] if u in parts else found[:, i]
            for i, u in enumerate(problem.unknowns)
        ]
        found = torch.stack(columns, dim=1)
    return found


def nested(network: CoordinateNetwork, places: Places, what: Derivative) -> torch.Tensor:
    unknown, orders = what
    leaves = {name: values.clone().requires_grad_() for name, values in places.items()}
    of = value(network, leaves)[:, network.problem.unknowns.index(unknown)]
    for name, times in zip(network.problem.coordinate_names, orders, strict=True):
        for _ in range(times):
            (of,) = torch.autograd.grad((of + 0 * leaves[name]).sum(), leaves[name], create_graph=True)
    return of


MANY = [(1, 0, 0), (0, 2, 0), (0, 0, 4), (1, 1, 0), (2, 0, 1), (0, 1, 2), (2, 2, 0), (0, 0, 0)]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"built_in": True},
    {"mirrored": True},
    {"harmonics": 3},
    {"harmonics": 0, "random_waves": 3, "wavenumber": 2.0},
    {"factorised": True, "activation": "gelu"},
    {"built_in": True, "mirrored": True, "harmonics": 2, "random_waves": 2, "activation": "sine"},
]


def check_derivatives(network: CoordinateNetwork, wanted: Iterable[Orders]) -> None:
    places = somewhere(network.problem)
    asked = [(u, orders) for u in network.problem.unknowns for orders in wanted]
    with torch.no_grad():  # what derivatives need is switched on by itself
        found = network(network.prepare(places, asked))
    assert set(found) == set(asked)
    for what in asked:
        known = nested(network, places, what).detach()
        size = float(known.abs().max()) + 1
        torch.testing.assert_close(found[what] / size, known / size, rtol=0, atol=1e-11)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_derivatives_are_nested_ones_of_the_value(settings: dict[str, Any]) -> None:
    check_derivatives(network_of(problem_of(), **settings), MANY)


@pytest.mark.parametrize("settings", SETTINGS[:3], ids=str)
def test_derivatives_are_nested_ones_also_where_halves_of_ranges_are_rounded(
    settings: dict[str, Any],
) -> None:

    check_derivatives(network_of(problem_of(coordinates=ROUNDED), **settings), MANY)


def test_a_loss_of_derivatives_has_the_gradient_of_nested_ones() -> None:
    network = network_of(problem_of(), built_in=True, mirrored=True)
    places, asked = (
        somewhere(network.problem),
        [("u", (0, 2, 0)), ("u", (1, 1, 0)), ("v", (0, 0, 1)), ("v", (0, 0, 0))],
    )
    said = network(network.prepare(places, asked))
    losses = [
        sum((k + 1) * (derivatives[what] ** 2).mean() for k, what in enumerate(asked))
        for derivatives in (said, {what: nested(network, places, what) for what in asked})
    ]
    one, other = (torch.autograd.grad(loss, list(network.perceptron.parameters())) for loss in losses)
    for mine, known in zip(one, other, strict=True):
        torch.testing.assert_close(mine, known, rtol=1e-9, atol=1e-11)
    assert all(float(gradient.abs().max()) > 0 for gradient in one if gradient.ndim == 2)


def said_at(network: CoordinateNetwork, places: Places, orders: Orders = (0, 0, 0)) -> torch.Tensor:
    """(points, unknowns)"""
    asked = [(u, orders) for u in network.problem.unknowns]
    found = network(network.prepare(places, asked))
    return torch.stack([found[what].detach() for what in asked], dim=1)


@pytest.mark.parametrize("coordinates", [EXACT, ROUNDED], ids=["exact", "rounded"])
def test_mirrors_hold_to_round_off(coordinates: tuple[Coordinate, ...]) -> None:

    problem = problem_of(coordinates=coordinates)
    places, (_, x, y) = somewhere(problem), problem.coordinates
    across = {**places, "x": x.low + x.high - places["x"]}
    turned = {**across, "y": y.low + y.high - places["y"]}
    signs = torch.tensor([1.0, -1.0]), torch.tensor([-1.0, -1.0])
    for settings in ({}, {"harmonics": 0, "random_waves": 3}):
        network, free = (network_of(problem, mirrored=is_on, **settings) for is_on in (True, False))
        for image, sign in zip((across, turned), signs, strict=True):
            torch.testing.assert_close(
                said_at(network, image), sign * said_at(network, places), rtol=0, atol=1e-13
            )
            assert float((said_at(free, image) - sign * said_at(free, places)).abs().max()) > 0.1
        slope = said_at(network, across, (0, 1, 0))
        torch.testing.assert_close(slope, -signs[0] * said_at(network, places, (0, 1, 0)), rtol=0, atol=1e-12)
        assert float(said_at(network, places).abs().min()) > 1e-6


def test_a_periodic_network_closes_on_itself_with_its_slopes() -> None:
    problem = problem_of()
    places = somewhere(problem)
    ends = [{**places, "x": torch.full_like(places["x"], end)} for end in (0.25, 2.75)]
    for orders in ((0, 0, 0), (0, 1, 0), (0, 2, 0), (1, 1, 0)):
        one, other = (said_at(network_of(problem, harmonics=2), end, orders) for end in ends)

        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)
        open_one, open_other = (said_at(network_of(problem, harmonics=0), end, orders) for end in ends)
        assert float((open_one - open_other).abs().max()) > 1e-2


def test_what_is_built_in_holds_to_round_off_and_only_there() -> None:
    problem = problem_of()
    places = {**somewhere(problem), "t": torch.full((6,), 0.5, dtype=torch.float64)}
    known = places["y"].cos() * torch.sin(WAVES * places["x"])
    for seed in (0, 1):
        network = network_of(problem, seed=seed, built_in=True)
        assert torch.equal(said_at(network, places)[:, 0], known)
        assert torch.equal(said_at(network, places, (1, 0, 0))[:, 0], torch.zeros_like(known))
        curved = said_at(network, places, (0, 2, 0))[:, 0]
        torch.testing.assert_close(curved, -(WAVES**2) * known, rtol=0, atol=1e-12)
        free = network_of(problem, seed=seed)
        assert float((said_at(free, places)[:, 0] - known).abs().max()) > 0.1
        later = {**places, "t": torch.full((6,), 1.0, dtype=torch.float64)}
        assert float((said_at(network, later)[:, 0] - known).abs().max()) > 0.1
        torch.testing.assert_close(
            said_at(network, places)[:, 1], said_at(free, places)[:, 1], rtol=0, atol=0
        )


def test_numbers_that_vary_are_given_and_constants_and_unknown_ones_are_not() -> None:
    problem = problem_of(form=None)
    places = somewhere(problem)
    other = {name: {**places, name: 1.5 * places[name]} for name in ("c", "d")}
    network = network_of(problem)
    assert [number.name for number in network.given] == ["c"]
    assert float((said_at(network, other["c"]) - said_at(network, places)).abs().max()) > 1e-3
    assert torch.equal(said_at(network, other["d"]), said_at(network, places))
    learning = network_of(problem, recover={"c": 2.0})
    assert learning.given == []
    assert torch.equal(said_at(learning, other["c"]), said_at(learning, places))


def test_a_number_that_is_recovered_is_the_guess_at_first_and_keeps_its_sign() -> None:
    guesses = {"c": 2.5, "d": -0.3}
    network = network_of(problem_of(), recover=guesses)
    for name, guess in guesses.items():
        assert float(network.number(name).detach()) == guess
        assert any(p is network.recovered[name] for p in network.parameters())
        for moved in (-50.0, 50.0):
            with torch.no_grad():
                network.recovered[name].fill_(moved)
            assert float(network.number(name).detach()) == pytest.approx(guess * math.exp(moved))
    nothing = network_of(problem_of(), recover={"d": 0.0})
    assert float(nothing.number("d").detach()) == 0.0
    (slope,) = torch.autograd.grad(nothing.number("d"), nothing.recovered["d"])
    assert float(slope) == 1.0


def test_networks_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SurrogateError, match=r"no number 'e' that could be recovered; it has c, d"):
        network_of(problem_of(), recover={"c": 1.0, "e": 1.0})
    with pytest.raises(SurrogateError, match=r"no number 'c' that could be recovered; it has none"):
        network_of(problem_of(numbers=(), form=None), recover={"c": 1.0})
    for wrong, saying in (
        ({"activation": "relu"}, "second derivative of a relu is zero"),
        ({"hidden": (5, 0)}, "widths must be at least 1"),
        ({"harmonics": -1}, "must not be negative"),
        ({"random_waves": -1}, "must not be negative"),
        ({"gain": 0.0}, "gain must be positive"),
        ({"gain": math.nan}, "gain must be positive"),
    ):
        with pytest.raises(SurrogateError, match=saying):
            network_of(problem_of(), **wrong)


def test_a_seed_is_the_network_s_own() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    settings = {"random_waves": 2, "factorised": True}
    one, same, other = (network_of(problem_of(), seed=seed, **settings) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, same.state_dict()[name])
    for name in ("features.waves", "perceptron.layers.0.direction", "perceptron.layers.0.scale"):
        assert not torch.equal(one.state_dict()[name], other.state_dict()[name])


# points ----------------------------------------------------------------------------------------------


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
