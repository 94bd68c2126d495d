"""The loss of a network of coordinates: where it is asked for, and how its terms are weighed."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from known_problems import RATE, SOFT_NETWORK, decay, heat, measured, objective_of, places_of, ring, start
from understudy.solvers.pointwise import At, Coordinate, Pointwise
from understudy.surrogates.pinn_loss import Known, Term
from understudy.surrogates.pinn_network import CoordinateNetwork, NetworkSettings
from understudy.surrogates.pinn_objective import LossSettings
from understudy.surrogates.surrogate import SurrogateError

# terms -----------------------------------------------------------------------------------------------


def test_a_term_is_the_mean_over_points_of_the_squares_of_all_residuals() -> None:
    residuals = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([0.0, 3.0])}
    term = Term("known", lambda network: residuals, {})
    network = CoordinateNetwork(decay(), SOFT_NETWORK)
    assert term.squares(network).tolist() == [1.0, 13.0]
    assert float(term.value(network)) == 7.0
    term.weights = torch.tensor([1.0, 0.5])
    assert float(term.value(network)) == 3.75


def test_the_gradient_is_that_of_the_weighed_sum() -> None:
    known = measured("heat", heat(), 10)
    objective = objective_of(heat(), known=known, weights=(("data", 7.0), ("left", 0.3)))
    here = objective.place
    value, gradient = objective(here)
    values = objective.values()
    assert value == pytest.approx(sum({"data": 7.0, "left": 0.3}.get(n, 1.0) * v for n, v in values.items()))
    generator = np.random.default_rng(0)
    for _ in range(3):
        way = generator.standard_normal(len(here))
        slope = (objective(here + 1e-6 * way)[0] - objective(here - 1e-6 * way)[0]) / 2e-6
        assert slope == pytest.approx(float(gradient @ way), rel=1e-6, abs=1e-8)
    assert np.array_equal(objective(here)[1], gradient)


def test_data_are_compared_in_units_of_their_root_mean_square() -> None:
    known = measured("decay", decay(), 30)
    gaps = known.values["u"].clone()
    gaps[::3] = math.nan
    objective = objective_of(decay(), known=Known(known.places, {"u": gaps}))
    network, there = objective.network, gaps.isfinite()
    said = network(network.prepare(known.places, [("u", (0,))]))["u", (0,)].detach()
    unit = gaps[there].square().mean()
    wanted = (said - gaps)[there].square().sum() / unit / 30
    assert objective.values()["data"] == pytest.approx(float(wanted), rel=1e-12)


def test_the_ends_of_a_ring_are_compared_below_the_highest_derivative() -> None:
    longer = dataclasses.replace(
        ring(), coordinates=(ring().coordinates[0], Coordinate("x", -1.0, 2.0, periodic=True))
    )
    objective = objective_of(longer, network=NetworkSettings(hidden=(6,), harmonics=0))
    network, term = objective.network, objective.terms["periodic x"]
    found = term.residuals(network)
    assert len(found) == 2
    t = term.places["t"]
    for residual, order in zip(found.values(), (0, 1), strict=True):
        ends = [
            network(network.prepare({"t": t, "x": torch.full_like(t, end)}, [("u", (0, order))]))
            for end in (-1.0, 2.0)
        ]
        gap = ends[0]["u", (0, order)] - ends[1]["u", (0, order)]
        torch.testing.assert_close(residual, 1.5**order * gap, rtol=0, atol=1e-12)


def test_the_residual_is_taken_at_other_points() -> None:
    objective = objective_of(decay(), points=16)
    same = math.sqrt(objective.values()["equations"])
    assert objective.residual(4096, seed=1) == pytest.approx(same, rel=0.05)
    assert objective.residual(16, seed=1) != same


# refreshed -------------------------------------------------------------------------------------------


def spiked() -> Pointwise:
    """Its residual is large in a twentieth of the domain, and nearly zero elsewhere."""

    def equations(at: At) -> dict[str, torch.Tensor]:
        near = (at("t") - 0.525).abs() < 0.025
        return {"spike": torch.where(near, 100.0 + 1e-9 * at("u"), 1e-9 * at("u"))}

    return Pointwise((Coordinate("t", 0.0, 1.0),), ("u",), equations)


def test_points_are_drawn_to_where_the_residual_is_large() -> None:
    objective = objective_of(spiked(), points=400)
    near = [(places_of(objective)["t"] - 0.525).abs() < 0.025]
    assert int(near[0].sum()) == pytest.approx(20, abs=2)
    for _ in range(20):
        objective.refresh()
        near.append((places_of(objective)["t"] - 0.525).abs() < 0.025)
    share = torch.stack(near[1:]).double().mean()
    # a chance of 1 + 20 there and of 1 elsewhere, were there no end of points: 400 of 4000, 200 of them there
    drawn = share_drawn(inside=200, outside=3800, odds=21.0, wanted=400)
    assert float(share) == pytest.approx(drawn, abs=0.02)
    assert len({float(places_of(objective)["t"][0])}) == 1
    elsewhere = places_of(objective)["t"][~near[-1]]
    counts = np.histogram(elsewhere.numpy(), bins=4, range=(0, 1))[0]
    assert counts.min() > 0.6 * counts.max()


def share_drawn(*, inside: int, outside: int, odds: float, wanted: int) -> float:
    """Of those inside, when they are drawn one after another and none is put back."""
    found = 0.0
    left, right = float(inside), float(outside)
    for _ in range(wanted):
        chance = odds * left / (odds * left + right)
        found, left, right = found + chance, left - chance, right - (1 - chance)
    return found / wanted


def test_even_points_are_others_each_time_and_spread_evenly() -> None:
    objective = objective_of(spiked(), points=256, resampling="even")
    drawn = [places_of(objective)["t"]]
    for _ in range(3):
        objective.refresh()
        drawn.append(places_of(objective)["t"])
    for t in drawn:
        assert np.histogram(t.numpy(), bins=16, range=(0, 1))[0].tolist() == [16] * 16
    assert len({float(t[0]) for t in drawn}) == 4


@pytest.mark.parametrize("resampling", ["residual", "even"])
def test_the_points_of_conditions_stay(resampling: str) -> None:
    objective = objective_of(heat(), resampling=resampling)
    before = {name: places_of(objective, name) for name in objective.terms}
    objective.refresh()
    moved = {
        name: not all(torch.equal(v, before[name][n]) for n, v in places_of(objective, name).items())
        for name in before
    }
    assert moved == {"equations": True, "start": False, "left": False, "right": False}


def test_known_values_are_drawn_anew_where_there_are_many() -> None:
    known = measured("decay", decay(), 100)
    whole = objective_of(decay(), known=known, known_points=100)
    assert torch.equal(places_of(whole, "data")["t"], known.places["t"])
    objective = objective_of(decay(), known=known, known_points=30)
    drawn = []
    for _ in range(30):
        drawn.append(places_of(objective, "data")["t"])
        objective.refresh()
    assert {(len(t), len(t.unique())) for t in drawn} == {(30, 30)}
    assert torch.equal(torch.cat(drawn).unique(), known.places["t"].sort()[0])
    said = objective.network(objective.network.prepare(places_of(objective, "data"), [("u", (0,))]))[
        "u", (0,)
    ]
    true = torch.exp(-RATE * places_of(objective, "data")["t"])
    # in units of all that is known, so that the loss is one and the same whatever is drawn
    wanted = (said - true).square().mean() / known.values["u"].square().mean()
    assert objective.values()["data"] == pytest.approx(float(wanted.detach()), rel=1e-12)


def test_points_that_are_never_drawn_anew_stay() -> None:
    objective = objective_of(heat(), resampling="never")
    before = places_of(objective)
    objective.refresh()
    assert objective.refreshes == 1
    assert all(torch.equal(v, before[name]) for name, v in places_of(objective).items())


def test_mirrored_networks_are_asked_in_one_half() -> None:
    objective = objective_of(heat(), network=NetworkSettings(hidden=(6,)))
    assert float(places_of(objective)["x"].min()) >= 0.5
    objective.refresh()
    assert float(places_of(objective)["x"].min()) >= 0.5


def test_a_state_is_taken_back_whole() -> None:
    settings = {"weighting": "gradient_norm", "causality": 2.0, "known_points": 5}
    one, other = (objective_of(heat(), known=measured("heat", heat(), 10), **settings) for _ in range(2))
    one.refresh()
    one.refresh()
    other.resume(*one.state())
    assert (other.weights, other.refreshes) == (one.weights, 2)
    assert other.values() == one.values()
    for objective in (one, other):
        objective.refresh()
    assert other.values() == one.values()


# what makes no sense ---------------------------------------------------------------------------------


def test_weights_of_terms_that_are_not_there_are_refused() -> None:
    with pytest.raises(SurrogateError, match=r"no term 'data' to weigh; there are \['equations', 'start'\]"):
        objective_of(decay(), weights=(("data", 1.0),))
    with pytest.raises(SurrogateError, match="no term 'start' to weigh"):
        objective_of(heat(), network=NetworkSettings(hidden=(4,)), weights=(("start", 1.0),))
    assert objective_of(decay(conditions=(start(),)), weights=(("start", 2.0),)).weights["start"] == 2.0


@pytest.mark.parametrize(
    ("wrong", "saying"),
    [
        ({"points": 0}, "must be positive"),
        ({"condition_points": 0}, "must be positive"),
        ({"refresh": 0}, "must be positive"),
        ({"known_points": 0}, "must be positive"),
        ({"known_points": -5}, "must be positive"),
        ({"slices": 0}, "must be positive"),
        ({"causality": -1.0}, "causality at least 0"),
        ({"causality": math.nan}, "causality at least 0"),
        ({"resampling": "sometimes"}, "resampling must be residual, even, never, got 'sometimes'"),
        ({"weighting": "equal"}, "weighting must be fixed, gradient_norm, kernel, got 'equal'"),
        ({"weights": (("start", 0.0),)}, "weights must be positive"),
        ({"weights": (("start", math.nan),)}, "weights must be positive"),
        ({"weights": (("start", math.inf),)}, "weights must be positive"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], saying: str) -> None:
    with pytest.raises(SurrogateError, match=saying):
        LossSettings(**wrong)
