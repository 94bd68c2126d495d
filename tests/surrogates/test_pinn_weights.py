"""How the terms of a loss are weighed against each other, and earlier times against later ones."""

import math
from typing import Any

import pytest
import torch
from known_problems import decay, heat, objective_of, places_of
from understudy.solvers.pointwise import At, Condition, Coordinate, Pointwise
from understudy.surrogates import pinn_weights
from understudy.surrogates.pinn_network import NetworkSettings
from understudy.surrogates.pinn_objective import PhysicsObjective
from understudy.surrogates.pinn_weights import causal, gradient_norms, kernel_traces
from understudy.surrogates.surrogate import SurrogateError

# weighed ---------------------------------------------------------------------------------------------

LOUD = 1e3


def loud() -> Pointwise:
    """A condition a thousand times as loud as its equation."""
    return decay(conditions=(Condition("start", {"t": 0.0}, lambda at: {"u": LOUD * (at("u") - 5)}),))


def gradients(objective: PhysicsObjective) -> dict[str, float]:
    """How long they are."""
    found = {}
    for name, term in objective.terms.items():
        slopes = torch.autograd.grad(term.value(objective.network), objective.parameters)
        found[name] = float(sum(slope.square().sum() for slope in slopes)) ** 0.5
    return found


def test_gradients_are_equally_long_once_they_are_weighed() -> None:
    objective = objective_of(loud())
    lengths = gradients(objective)
    assert lengths["start"] > 1e4 * lengths["equations"]
    weights = gradient_norms(objective.network, objective.terms, objective.parameters, seed=0)
    weighed = {name: weights[name] * length for name, length in lengths.items()}
    mean = sum(lengths.values()) / 2
    assert weighed == pytest.approx({"equations": mean, "start": mean}, rel=1e-12)


def test_each_refresh_goes_half_the_way_to_the_new_weights() -> None:
    objective = objective_of(loud(), weighting="gradient_norm", resampling="never")
    assert objective.weights == {"equations": 1.0, "start": 1.0}
    new = gradient_norms(objective.network, objective.terms, objective.parameters, seed=0)
    for share in (0.5, 0.75, 0.875):
        objective.refresh()
        wanted = {name: (1 - share) + share * weight for name, weight in new.items()}
        assert objective.weights == pytest.approx(wanted, rel=1e-12)


def test_fixed_weights_stay_as_they_were_given() -> None:
    objective = objective_of(loud(), weights=(("start", 0.25),))
    objective.refresh()
    assert objective.weights == {"equations": 1.0, "start": 0.25}


def traces(objective: PhysicsObjective) -> dict[str, float]:
    """Of the neural tangent kernels, a residual at a time, over the number of points."""
    found = {}
    for name, term in objective.terms.items():
        residuals, whole = term.residuals(objective.network), 0.0
        for residual in residuals.values():
            for one in residual:
                slopes = torch.autograd.grad(one, objective.parameters, retain_graph=True)
                whole += float(sum(slope.square().sum() for slope in slopes))
        found[name] = whole / len(next(iter(residuals.values())))
    return found


def both() -> Pointwise:
    """Two equations, and a condition that is louder."""

    def equations(at: At) -> dict[str, torch.Tensor]:
        return {"decay": at("u", t=1) + at("u"), "bent": 3 * at("u", t=2) - at("t")}

    def cold(at: At) -> dict[str, torch.Tensor]:
        return {"u": 20 * at("u")}

    ends = (Condition("start", {"t": 0.0}, cold), Condition("end", {"t": 2.0}, cold))
    return Pointwise((Coordinate("t", 0.0, 2.0),), ("u",), equations, ends)


def test_kernels_have_the_same_mean_diagonal_once_they_are_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = objective_of(both(), points=12)
    exact = traces(objective)
    assert max(exact.values()) > 5 * min(exact.values())
    monkeypatch.setattr(pinn_weights, "PROBES", 400)
    weights = kernel_traces(objective.network, objective.terms, objective.parameters, seed=0)
    mean = sum(exact.values()) / 3
    for name, trace in exact.items():
        # of 400 estimates the mean is off by a share of (2 / 400)^1/2 at most
        assert weights[name] * trace == pytest.approx(mean, rel=0.2), name
    assert weights["start"] * exact["start"] != weights["equations"] * exact["equations"]


def test_the_trace_of_a_kernel_of_one_residual_is_exact() -> None:
    objective = objective_of(loud(), points=1)
    exact = traces(objective)
    weights = kernel_traces(objective.network, objective.terms, objective.parameters, seed=5)
    assert weights["start"] * exact["start"] == pytest.approx(
        weights["equations"] * exact["equations"], rel=1e-12
    )
    assert sum(exact.values()) / 2 == pytest.approx(weights["start"] * exact["start"], rel=1e-12)


@pytest.mark.parametrize("weighting", ["gradient_norm", "kernel"])
def test_terms_of_very_different_size_come_to_weigh_alike(weighting: Any) -> None:
    objective = objective_of(loud(), weighting=weighting)
    for _ in range(12):
        objective.refresh()
    ratio = objective.weights["equations"] / objective.weights["start"]
    size = gradients(objective) if weighting == "gradient_norm" else traces(objective)
    # (a trace that is estimated by sixteen vectors of signs is off by a third, as a rule)
    assert 1 / 2 < ratio / (size["start"] / size["equations"]) < 2
    assert ratio > 1e4


def test_a_single_term_keeps_its_weight() -> None:
    objective = objective_of(heat(), network=NetworkSettings(hidden=(6,)), weighting="kernel")
    objective.refresh()
    assert objective.weights == {"equations": 1.0}


# earlier first ---------------------------------------------------------------------------------------


def test_causal_weights_fall_with_what_is_not_solved_before() -> None:
    times = torch.tensor([0.0, 0.9, 1.1, 2.5, 2.9, 3.2, 4.0])
    squares = torch.tensor([1.0, 3.0, 4.0, 0.0, 1.0, 2.0, 6.0])
    found = causal(squares, times, tolerance=0.5, slices=4)
    means = [2.0, 4.0, 0.5]
    sums = [0.0, 0.0, means[0], sum(means[:2]), sum(means[:2]), sum(means), sum(means)]
    torch.testing.assert_close(found, torch.exp(-0.5 * torch.tensor(sums)))


def test_slices_without_points_count_for_nothing() -> None:
    found = causal(torch.tensor([2.0, 1.0]), torch.tensor([0.0, 1.0]), tolerance=1.0, slices=100)
    torch.testing.assert_close(found, torch.tensor([1.0, math.exp(-2.0)]))


def test_what_comes_first_is_weighed_first() -> None:
    objective = objective_of(heat(), causality=3.0, slices=8)
    assert objective.terms["equations"].weights is None
    for follow in (objective.first_weights, objective.refresh):
        follow()
        weights, t = objective.terms["equations"].weights, places_of(objective)["t"]
        assert weights is not None
        low, high = float(t.min()), float(t.max())
        slice_of = ((t - low) / (high - low) * 8).long().clamp_max(7)
        levels = [weights[slice_of == k].unique() for k in range(8)]
        assert [len(level) for level in levels] == [1] * 8
        assert float(levels[0]) == 1.0
        falls = torch.cat(levels)
        assert bool((falls[1:] < falls[:-1]).all())
        assert float(falls[-1]) < 0.5
    assert objective.terms["start"].weights is None


def test_points_are_weighed_in_the_loss() -> None:
    objective = objective_of(heat(), causality=3.0)
    plain = objective.values()["equations"]
    objective.first_weights()
    term = objective.terms["equations"]
    assert term.weights is not None
    wanted = (term.weights * term.squares(objective.network)).mean()
    assert objective.values()["equations"] == pytest.approx(float(wanted.detach()), rel=1e-12)
    assert objective.values()["equations"] < 0.9 * plain


def test_without_causality_no_point_is_weighed() -> None:
    objective = objective_of(heat())
    objective.first_weights()
    objective.refresh()
    assert objective.terms["equations"].weights is None


def test_causality_without_time_is_refused() -> None:
    steady = Pointwise((Coordinate("x", 0.0, 1.0),), ("u",), lambda at: {"u": at("u") - at("x")})
    with pytest.raises(SurrogateError, match="causality needs a coordinate 't'; set it to 0"):
        objective_of(steady, causality=1.0).first_weights()
