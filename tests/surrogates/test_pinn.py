"""A network of coordinates learns from equations, from known values and from both, and answers anywhere."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from known_problems import (
    DIFFUSIVITY,
    RATE,
    decay,
    error,
    everywhere,
    exact,
    heat,
    measured,
    oscillator,
    poisson,
    ring,
    small,
    start,
)
from understudy.solvers.pointwise import Coordinate, Number, Places, Pointwise
from understudy.surrogates import pinn as pinn_module
from understudy.surrogates import pinn_precision
from understudy.surrogates.pinn import PINN
from understudy.surrogates.pinn_loss import Known
from understudy.surrogates.pinn_network import CoordinateNetwork
from understudy.surrogates.pinn_objective import PhysicsObjective
from understudy.surrogates.surrogate import SurrogateError, TrainingRecord

PROBLEMS: Mapping[str, Callable[[], Pointwise]] = {
    "decay": decay,
    "oscillator": oscillator,
    "heat": heat,
    "poisson": poisson,
}
SOFT = {"built_in": False, "mirrored": False}


def ones(values: int = 5) -> torch.Tensor:
    return torch.ones(values, dtype=torch.float64)


# from equations --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROBLEMS)
def test_equations_alone_lead_to_their_solution(name: str) -> None:
    pinn = small(300)
    record = pinn.solve(PROBLEMS[name]())
    assert error(pinn, name) < 1e-4
    assert record.finished
    assert (record.epochs, record.samples, record.note) == (300, 0, "")
    assert 0 < record.validation_error < 3e-3


@pytest.mark.parametrize("activation", ["gelu", "tanh", "silu", "sine"])
def test_every_activation_learns(activation: str) -> None:
    pinn = small(100, network={"activation": activation})
    pinn.solve(heat())
    assert pinn.history.losses[-1] < 1e-5 * pinn.history.losses[0]
    assert error(pinn, "heat") < 1e-3


@pytest.mark.parametrize("optimiser", ["ssbroyden", "ssbfgs", "bfgs", "lbfgs"])
def test_every_quasi_newton_method_learns(optimiser: str) -> None:
    pinn = small(100, optimiser=optimiser)
    pinn.solve(heat())
    assert pinn.history.losses[-1] < 1e-4 * pinn.history.losses[0]


def test_adam_learns_by_itself_and_before_another() -> None:
    alone = small(150, optimiser="adam", learning_rate=1e-2)
    alone.solve(heat())
    assert alone.history.losses[-1] < 0.03 * alone.history.losses[0]
    before = small(150, adam_steps=50, learning_rate=1e-2)
    before.solve(heat())
    assert before.history.losses[-1] < 1e-5 * before.history.losses[0]


def test_conditions_in_the_loss_lead_where_those_that_are_built_in_do() -> None:
    hard, soft = small(200), small(300, network=SOFT)
    hard.solve(heat())
    soft.solve(heat())
    assert set(hard.history.terms) == {"equations"}
    assert set(soft.history.terms) == {"equations", "start", "left", "right"}
    assert error(hard, "heat") < 1e-4
    assert error(soft, "heat") < 5e-3
    x = torch.linspace(0, 1, 9, dtype=torch.float64)
    assert torch.equal(hard.at(t=0.0, x=x)["u"], torch.sin(math.pi * x))
    assert not torch.equal(soft.at(t=0.0, x=x)["u"], torch.sin(math.pi * x))


def test_a_ring_closes_in_the_loss_as_it_does_by_construction() -> None:
    closed, open_ended = small(250, hidden=(10, 10)), small(300, hidden=(10, 10), network={"harmonics": 0})
    closed.solve(ring())
    open_ended.solve(ring())
    assert set(closed.history.terms) == {"equations", "start"}
    assert set(open_ended.history.terms) == {"equations", "start", "periodic x"}
    assert error(closed, "ring") < 3e-3
    assert error(open_ended, "ring") < 1e-2
    ends = {end: torch.cat([closed.at(t=t, x=end)["u"][None] for t in (0.1, 0.4)]) for end in (-1.0, 1.0)}
    torch.testing.assert_close(ends[-1.0], ends[1.0], rtol=0, atol=1e-12)
    assert abs(float(open_ended.at(t=0.3, x=1.0)["u"] - open_ended.at(t=0.3, x=-1.0)["u"])) > 1e-9


def test_a_range_of_numbers_is_solved_at_once() -> None:
    pinn = small(400, loss={"points": 256})
    pinn.solve(decay(rate=Number("rate", 0.5, 2.0, logarithmic=True)))
    t, rate = torch.linspace(0, 2, 11, dtype=torch.float64), torch.tensor([[0.5], [0.9], [2.0]]).double()
    torch.testing.assert_close(pinn.at(t=t, rate=rate)["u"], torch.exp(-rate * t), rtol=0, atol=1e-3)


def test_the_validation_error_without_data_is_the_residual_s_root_mean_square() -> None:
    pinn = small(20)
    record = pinn.solve(decay())
    t, h = torch.linspace(0.001, 1.999, 2000, dtype=torch.float64), 1e-4
    u = [pinn.at(t=t + way)["u"] for way in (-h, 0.0, h)]
    residual = (u[2] - u[0]) / (2 * h) + RATE * u[1]
    assert record.validation_error == pytest.approx(float(residual.square().mean().sqrt()), rel=0.03)


def test_the_same_seed_learns_the_same_and_another_one_something_else() -> None:
    weights = []
    for seed in (0, 0, 1):
        pinn = small(20)
        pinn.solve(heat(), seed=seed)
        weights.append(pinn.weights)
    assert np.array_equal(weights[0], weights[1])
    assert not np.allclose(weights[0], weights[2])


# from known values -----------------------------------------------------------------------------------


def test_known_values_alone_are_learned_where_there_are_no_equations() -> None:
    pinn, problem = small(200), decay(conditions=(start(5.0),))
    known = measured("decay", problem)
    record = pinn.solve(problem, known=known, equations=False)
    assert set(pinn.history.terms) == {"data"}
    assert error(pinn, "decay") < 1e-3
    assert record.samples == 100
    gone = pinn.at(**known.places)["u"] - known.values["u"]
    assert record.validation_error == pytest.approx(float(gone.norm() / known.values["u"].norm()), rel=1e-9)


def test_known_values_that_are_nan_are_left_out() -> None:
    known = measured("decay", decay())
    gaps = known.values["u"].clone()
    gaps[::3] = math.nan
    pinn = small(200)
    pinn.solve(decay(), known=Known(known.places, {"u": gaps}), equations=False)
    assert error(pinn, "decay") < 1e-3


def test_data_need_no_numbers_that_are_constants() -> None:

    def form(places: Places) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        return {"u": (torch.exp(-places["rate"] * places["t"]), places["t"])}

    pinn, held = small(20), dataclasses.replace(start(), built_in=True)
    pinn.solve(decay(form=form, conditions=(held,)), known=measured("decay", decay(), 10))
    assert error(pinn, "decay") < 0.1


def test_data_are_weighed_in_units_of_their_root_mean_square_whatever_their_unit() -> None:
    losses = []
    for unit in (1.0, 1e6):
        known = measured("decay", decay())
        pinn = small(1)
        pinn.solve(decay(), known=Known(known.places, {"u": unit * known.values["u"]}), equations=False)
        pinn.weights = np.zeros_like(pinn.weights)
        objective = PhysicsObjective(
            pinn.network,
            pinn.settings.loss,
            seed=0,
            known=Known(known.places, {"u": unit * known.values["u"]}),
        )
        losses.append(objective.values()["data"])
    assert losses == pytest.approx([1.0, 1.0], rel=1e-12)


def test_the_diffusivity_is_found_from_noisy_values() -> None:
    pinn = small(250, loss={"hold": 0})
    pinn.solve(heat(), known=measured("heat", heat(), 200, noise=0.01), recover={"diffusivity": 1.0})
    assert set(pinn.recovered) == {"diffusivity"}
    assert pinn.recovered["diffusivity"] == pytest.approx(DIFFUSIVITY, rel=0.02)


@pytest.mark.parametrize("guess", [0.3, 0.0, 10.0])
def test_the_rate_of_a_decay_is_found_from_noisy_values(guess: float) -> None:
    pinn = small(250, loss={"hold": 0})
    pinn.solve(
        decay(rate=Number("rate", 1.0, 1.0)),
        known=measured("decay", decay(), noise=0.01),
        recover={"rate": guess},
    )
    assert pinn.recovered["rate"] == pytest.approx(RATE, rel=0.02)
    assert pinn.parameters_count == pinn.weights.size == 8 * 2 + 8 * 9 + 9 + 1


def test_a_number_is_found_though_its_problem_has_a_range_of_it() -> None:

    pinn = small(250, loss={"hold": 0})
    ranged = decay(rate=Number("rate", 1.0, 3.0))
    pinn.solve(ranged, known=measured("decay", decay(), noise=0.01), recover={"rate": 1.0})
    assert pinn.recovered["rate"] == pytest.approx(RATE, rel=0.02)
    assert pinn.at(t=0.0)["u"].shape == ()


# answers ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def solved() -> PINN:
    pinn = small(100)
    pinn.solve(heat())
    return pinn


def test_places_broadcast(solved: PINN) -> None:
    t, x = np.linspace(0, 1, 3)[:, None], torch.linspace(0, 1, 5, dtype=torch.float64)
    both = solved.at(t=t, x=x)["u"]
    assert both.shape == (3, 5)
    assert both.dtype == torch.float64
    assert not both.requires_grad
    for i, j in ((0, 1), (1, 2), (2, 3)):
        one = solved.at(t=float(t[i, 0]), x=x[j])["u"]
        assert one.shape == ()
        torch.testing.assert_close(one, both[i, j], rtol=0, atol=1e-14)
    assert solved.at(x=x[None], t=0.5)["u"].shape == (1, 5)
    assert solved.at(x=x[:0], t=0.5)["u"].shape == (0,)


def test_plain_numbers_are_places_in_double_precision(solved: PINN) -> None:

    exactly = {name: torch.tensor(value, dtype=torch.float64) for name, value in (("t", 0.3), ("x", 0.7))}
    assert torch.equal(solved.at(t=0.3, x=[0.7])["u"], solved.at(**exactly)["u"][None])
    short = small(1)
    short.solve(decay(coordinates=(Coordinate("t", 0.0, 0.1),)))
    assert short.at(t=0.1)["u"].shape == ()  # the end is inside


def test_many_places_are_answered_in_parts(solved: PINN, monkeypatch: pytest.MonkeyPatch) -> None:
    places = everywhere(solved.problem, 11)
    whole = solved.at(**places)["u"]
    monkeypatch.setattr(pinn_module, "CHUNK", 50)
    torch.testing.assert_close(solved.at(**places)["u"], whole, rtol=0, atol=1e-14)


def test_places_that_are_outside_or_missing_are_refused(solved: PINN) -> None:
    with pytest.raises(SurrogateError, match=r"give t, x; got t$"):
        solved.at(t=0.5)
    with pytest.raises(SurrogateError, match="give t, x; got nothing"):
        solved.at()
    with pytest.raises(SurrogateError, match="give t, x; got t, x, diffusivity"):
        solved.at(t=0.5, x=0.5, diffusivity=0.2)
    with pytest.raises(SurrogateError, match=r"these places: 1 of 2 points .* at t = 1\.1, which"):
        solved.at(t=[0.5, 1.1], x=0.5)
    with pytest.raises(SurrogateError, match=r"at x = -0\.1, which reaches from 0 to 1"):
        solved.at(t=0.5, x=-0.1)
    with pytest.raises(SurrogateError, match="at x = nan"):
        solved.at(t=0.5, x=math.nan)


def test_snapshots_of_the_history_are_weights_that_can_be_set() -> None:
    pinn = small(30)
    pinn.solve(heat(), seed=4)
    before, after = (error_with(pinn, weights) for weights in (pinn.history.snapshots[0], pinn.weights))
    assert np.array_equal(pinn.history.snapshots[-1], pinn.weights)
    fresh = CoordinateNetwork(heat(), pinn.settings.network, seed=4).double()
    torch.testing.assert_close(pinn_module.flat_weights(fresh), pinn.history.snapshots[0], rtol=0, atol=1e-7)
    assert after < 0.1 * before


def error_with(pinn: PINN, weights: np.ndarray) -> float:
    last = pinn.weights
    pinn.weights = weights
    found = error(pinn, "heat")
    pinn.weights = last
    return found


def test_a_network_of_no_system_s_problem_says_that_it_cannot_be_saved(solved: PINN, tmp_path: Any) -> None:
    with pytest.raises(SurrogateError, match=r"no system's cannot be saved whole; keep .network.state_dict"):
        solved.tensors()
    record = TrainingRecord(seconds=1.0, samples=0, epochs=1, validation_error=1.0)

    with pytest.raises(SurrogateError, match="no system's cannot be saved whole"):
        solved.save(tmp_path, fingerprint="a" * 64, record=record)


def test_nothing_is_answered_before_something_was_learned() -> None:

    with pytest.raises(SurrogateError, match="has not learned yet: call `fit` or `solve`"):
        small().at(t=0.0)
    with pytest.raises(SurrogateError, match="has not learned yet: call `fit` or `solve`"):
        small()({"time": ones()})


# precision -------------------------------------------------------------------------------------------


def test_the_round_off_of_residuals_is_measured_against_double_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pinn_precision, "FLOOR", math.inf)
    single = small(100, dtype=torch.float32, network=SOFT)
    note = single.solve(heat()).note
    assert "in float32 the residuals' round-off alone gives a loss of " in note
    assert f"and the loss is {single.history.losses[-1]:.1e}: train in float64 for more" in note
    double = CoordinateNetwork(heat(), single.settings.network).double()
    double.load_state_dict({name: value.double() for name, value in single.network.state_dict().items()})
    floor = 0.0
    terms, finer = (
        PhysicsObjective(network, single.settings.loss, seed=0).terms for network in (single.network, double)
    )
    for name, term in terms.items():
        for key, value in term.residuals(single.network).items():
            places = {n: v.double() for n, v in term.places.items()}
            assert finer[name].places.keys() == places.keys()
            gap = value.detach().double() - finer[name].residuals(double)[key].detach()
            floor += float(gap.square().mean())
    said = float(note.split("gives a loss of ")[1].split(",")[0])
    assert said == pytest.approx(floor, rel=2.0)
    assert 1e-16 < said < 1e-11
    assert small(100, network=SOFT).solve(heat()).note == ""


def test_single_precision_that_holds_the_loss_up_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    few = {"points": 4, "resampling": "never"}
    note = small(100, dtype=torch.float32, loss=few).solve(decay()).note
    assert "train in float64 for more" in note
    assert note in caplog.text


def test_single_precision_that_does_not_hold_the_loss_up_is_not_noted() -> None:
    pinn = small(30, dtype=torch.float32)
    assert pinn.solve(heat()).note == ""
    said = pinn.at(**everywhere(pinn.problem))["u"]
    assert said.dtype == torch.float32
    torch.testing.assert_close(said.double(), exact("heat", everywhere(pinn.problem)), rtol=0, atol=0.05)
