"""A network of coordinates: its derivatives, and what holds by construction."""

import itertools
import math
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from posed_problem import (
    EXACT,
    ROUNDED,
    WAVES,
    problem_of,
    somewhere,
)
from understudy.solvers.pointwise import (
    Coordinate,
    Derivative,
    Places,
    Pointwise,
)
from understudy.surrogates.pinn_network import CoordinateNetwork, NetworkSettings
from understudy.surrogates.surrogate import SurrogateError

Orders = tuple[int, ...]


def network_of(
    problem: Pointwise, *, seed: int = 0, recover: Any = None, **settings: Any
) -> CoordinateNetwork:
    chosen = {"hidden": (6, 5), "activation": "tanh", "built_in": False, "mirrored": False, **settings}
    return CoordinateNetwork(problem, NetworkSettings(**chosen), recover=recover, seed=seed).double()


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
