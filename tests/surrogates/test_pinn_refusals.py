"""What a network of coordinates refuses to learn, and what its errors name."""

import math

import pytest
import torch
from known_problems import decay, error, heat, measured, small
from understudy.solvers.pointwise import At, Condition, Coordinate, Pointwise
from understudy.surrogates.pinn_loss import Known
from understudy.surrogates.surrogate import SurrogateError


def ones(values: int = 5) -> torch.Tensor:
    return torch.ones(values, dtype=torch.float64)


def test_nothing_to_learn_is_refused() -> None:
    with pytest.raises(SurrogateError, match="nothing to learn: neither equations nor data"):
        small().solve(decay(), equations=False)


def test_data_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SurrogateError, match="the data: 5 of 5 points lie outside of the domain, the first"):
        small().solve(decay(), known=Known({"t": 3 * ones()}, {"u": ones()}))
    for places, values in (
        ({"t": ones()}, {"u": ones(4)}),
        ({"t": ones()}, {}),
        ({"t": ones()[:, None]}, {"u": ones()[:, None]}),
    ):
        with pytest.raises(SurrogateError, match="known values need a place each"):
            Known(places, values)


def test_data_without_a_coordinate_or_of_no_unknown_are_refused() -> None:

    with pytest.raises(SurrogateError, match="the data have no 'x'"):
        small().solve(heat(), known=Known({"t": ones()}, {"u": ones()}))
    with pytest.raises(SurrogateError, match="the data have values of 'v'"):
        small().solve(decay(), known=Known({"t": ones()}, {"u": ones(), "v": ones()}))


def test_an_unknown_of_which_no_value_is_known_does_not_spoil_the_others() -> None:

    both = decay(unknowns=("u", "v"))
    known = measured("decay", decay())
    values = {"u": known.values["u"], "v": known.values["u"] * math.nan}
    pinn = small(100)
    pinn.solve(both, known=Known(known.places, values), equations=False)
    assert error(pinn, "decay") < 1e-2
    with pytest.raises(SurrogateError, match="term 'data' does not depend on what the network says"):
        small().solve(decay(), known=Known({"t": ones()}, {"u": math.nan * ones()}), equations=False)


def test_an_activation_that_is_not_smooth_is_refused() -> None:
    with pytest.raises(SurrogateError, match="second derivative of a relu is zero"):
        small(network={"activation": "relu"}).solve(heat())


def test_a_condition_with_the_name_of_another_part_of_the_loss_is_refused() -> None:

    named = Condition("equations", {"t": 0.0}, lambda at: {"u": at("u") - 1})
    with pytest.raises(SurrogateError, match="a condition may not be called 'equations'"):
        small(200).solve(decay(conditions=(named,)))
    named = Condition("data", {"t": 0.0}, lambda at: {"u": at("u") - 1})
    with pytest.raises(SurrogateError, match="a condition may not be called 'data'"):
        small(200).solve(decay(conditions=(named,)), known=measured("decay", decay()))


def test_equations_that_the_network_cannot_change_are_refused() -> None:
    def idle(at: At) -> dict[str, torch.Tensor]:
        return {"idle": at("u") * 0 + 1}

    with pytest.raises(SurrogateError, match="the term 'equations' does not depend on what the network says"):
        small().solve(decay(equations=idle))
    with pytest.raises(SurrogateError, match="the term 'start' does not depend"):
        small().solve(decay(conditions=(Condition("start", {"t": 0.0}, idle),)))
    fixed = Known({"t": ones() * 0, "x": ones() / 2}, {"u": ones()})
    with pytest.raises(SurrogateError, match=r"'data' does not depend .* a built-in form leaves no freedom"):
        small().solve(heat(), known=fixed)


def rooted(edge: float) -> Pointwise:
    """Beyond the edge it has no value."""
    return Pointwise(
        coordinates=(Coordinate("t", 0.0, 2.0),),
        unknowns=("u",),
        equations=lambda at: {"root": at("u") - torch.sqrt(edge - at("t"))},
    )


@pytest.mark.parametrize("optimiser", ["adam", "ssbroyden"])
def test_a_loss_that_is_not_finite_names_term_and_step(optimiser: str) -> None:
    with pytest.raises(
        SurrogateError,
        match=r"not finite at step 0 of 200: term 'equations'; lower .* root of a negative number",
    ):
        small(optimiser=optimiser).solve(rooted(1.0))


@pytest.mark.parametrize("optimiser", ["adam", "ssbroyden"])
@pytest.mark.parametrize("resampling", ["residual", "even"])
def test_a_loss_that_other_points_make_infinite_names_term_and_step(optimiser: str, resampling: str) -> None:

    few = {"points": 20, "refresh": 10, "resampling": resampling}
    with pytest.raises(SurrogateError, match=r"not finite at step \d*0 of 200: term 'equations'"):
        small(loss=few, optimiser=optimiser).solve(rooted(1.995))
