"""Problems point by point: what they refuse, what their equations ask for, and that of Burgers' equation."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from understudy.solvers.burgers import Burgers
from understudy.solvers.contract import SolverError, System
from understudy.solvers.pointwise import (
    At,
    Condition,
    Coordinate,
    Mirror,
    Number,
    Places,
    Pointwise,
    Read,
    wanted_by,
)

T, X = Coordinate("t", 0.0, 2.0), Coordinate("x", -1.0, 3.0)


def heat(at: At) -> dict[str, torch.Tensor]:
    return {"heat": at("u", t=1) - at("u", x=2)}


def is_zero(at: At) -> dict[str, torch.Tensor]:
    return {"u": at("u")}


START = Condition("start", {"t": 0.0}, is_zero)
ENDS = Condition("left", {"x": -1.0}, is_zero), Condition("right", {"x": 3.0}, is_zero)


def make(**changes: Any) -> Pointwise:
    """The equation of heat between two ends, and what is changed in it."""
    known = {"coordinates": (T, X), "unknowns": ("u",), "equations": heat, "conditions": (START, *ENDS)}
    return Pointwise(**{**known, **changes})


def refused(*, saying: str, **changes: Any) -> None:
    with pytest.raises(SolverError, match=saying):
        make(**changes)


# coordinates and numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (1.0, 0.0), (0.0, math.inf), (math.nan, 1.0)])
def test_a_coordinate_s_range_ascends_and_is_finite(low: float, high: float) -> None:
    with pytest.raises(
        SolverError, match=f"coordinate 'y' must have a finite range that ascends, got {low} to"
    ):
        Coordinate("y", low, high)


def test_a_number_s_range_is_finite_and_does_not_descend() -> None:
    for low, high in ((1.0, 0.0), (-math.inf, 0.0), (0.0, math.nan)):
        with pytest.raises(SolverError, match=f"number 'c' must have a finite range, got {low} to {high}"):
            Number("c", low, high)
    for low in (0.0, -1.0):
        with pytest.raises(
            SolverError, match=f"number 'c' is logarithmic, so it must be positive, got {low}"
        ):
            Number("c", low, 1.0, logarithmic=True)
    assert not Number("c", 1.0, 1.0).varies
    assert Number("c", -1.0, 1.0).varies


@pytest.mark.parametrize(
    ("number", "middle"), [(Number("c", -3.0, 5.0), 1.0), (Number("c", 1e-3, 10.0, logarithmic=True), 0.1)]
)
def test_a_number_s_ends_and_middle_are_scaled_and_spread_as_said(number: Number, middle: float) -> None:
    three = torch.tensor([number.low, middle, number.high], dtype=torch.float64)
    sides = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(number.scaled(three), sides, rtol=0, atol=1e-14)
    torch.testing.assert_close(number.spread(0.5 * (1 + sides)), three, rtol=1e-14, atol=1e-14)
    share = torch.linspace(0, 1, 11, dtype=torch.float64)
    torch.testing.assert_close(number.scaled(number.spread(share)), 2 * share - 1, rtol=0, atol=1e-14)


def test_a_constant_is_spread_to_itself() -> None:
    share = torch.tensor([0.0, 0.7], dtype=torch.float64)
    for logarithmic in (False, True):
        same = Number("c", 0.25, 0.25, logarithmic=logarithmic).spread(share)
        assert torch.equal(same, torch.full_like(share, 0.25))


# what is refused -------------------------------------------------------------------------------------


def test_a_problem_that_makes_sense_is_taken() -> None:
    problem = make(numbers=(Number("c", 1.0, 1.0), Number("d", 1.0, 2.0)))
    assert problem.coordinate_names == ("t", "x")
    assert [number.name for number in problem.ranges] == ["d"]
    assert X.length == 4.0


def test_each_name_stands_once() -> None:
    refused(unknowns=("u", "x"), saying="each name once; got .*'x' twice")
    refused(unknowns=("u", "u"), saying="'u' twice")
    refused(coordinates=(T, X, T), saying="'t' twice")
    refused(numbers=(Number("u", 0.0, 1.0),), saying="'u' twice")
    refused(coordinates=(), saying="a problem needs coordinates and unknowns")
    refused(unknowns=(), saying="a problem needs coordinates and unknowns")
    refused(
        conditions=(START, START), saying=r"each condition needs a name of its own, got \['start', 'start'\]"
    )


MUST = "the equations must be one number for each point; at 2 points it is"


@pytest.mark.parametrize(
    ("equations", "saying"),
    [
        (
            lambda at: {"a": at("v")},
            "the problem has no 'v'; it has unknowns u, coordinates t, x and numbers c$",
        ),
        (lambda at: {"a": at("u", y=1)}, r"'u' can be differentiated by t, x, got \{'y': 1\}"),
        (lambda at: {"a": at("u", x=-1)}, r"'u' can be differentiated by t, x, got \{'x': -1\}"),
        (lambda at: {"a": at("u", x=1.0)}, r"'u' can be differentiated by t, x, got \{'x': 1.0\}"),
        (lambda at: {"a": at("u") + at("x", x=1)}, "only unknowns can be differentiated, 'x' is none"),
        (lambda at: {"a": at("u") + at("c", t=1)}, "only unknowns can be differentiated, 'c' is none"),
        (lambda at: {"a": at("x") - at("c")}, r"the equations ask for no unknown \(u\)"),
        (lambda at: {"a": at("u")[:1]}, rf"'a' of {MUST} .*\(1,\)"),
        (lambda at: {"a": 0.0 * float(at("u")[0])}, f"'a' of {MUST} float"),
        (lambda at: {"a": at("u").sum()}, rf"'a' of {MUST} .*\(\)"),
        (lambda at: {"a": at("u").numpy()}, f"'a' of {MUST} .*ndarray"),
        (lambda at: {}, "the equations must give what has to be zero, by name; got {}"),
        (lambda at: None, "the equations must give what has to be zero, by name; got None"),
        (lambda at: at("u"), "the equations must give what has to be zero, by name; got tensor"),
    ],
)
def test_equations_that_make_no_sense_are_refused(equations: Callable[[At], Any], saying: str) -> None:
    refused(equations=equations, numbers=(Number("c", 1.0, 1.0),), saying=saying)


def test_a_condition_s_equations_are_looked_at_too() -> None:
    for equations, saying in (
        (lambda at: {"a": at("x")}, "condition 'start' ask for no unknown"),
        (lambda at: {"a": torch.zeros(())}, "'a' of condition 'start' must be one number for each point"),
        (lambda at: {"a": at("c")}, "the problem has no 'c'; it has unknowns u, coordinates t, x$"),
    ):
        refused(conditions=(Condition("start", {"t": 0.0}, equations), *ENDS), saying=saying)


def test_a_condition_is_within_the_ranges_of_coordinates_that_there_are() -> None:
    for where, saying in (
        ({"x": 3.5}, "condition 'there' is at x = 3.5, outside of -1 to 3"),
        ({"x": -1.0, "t": -0.1}, "condition 'there' is at t = -0.1, outside of 0 to 2"),
        ({"x": math.nan}, "condition 'there' is at x = nan"),
        ({"y": 0.0}, "condition 'there' fixes 'y', which is no coordinate; there are t, x"),
    ):
        refused(conditions=(START, *ENDS, Condition("there", where, is_zero)), saying=saying)


def test_what_is_built_in_needs_a_form() -> None:
    built_in = Condition("start", {"t": 0.0}, is_zero, built_in=True)
    refused(
        conditions=(built_in, *ENDS), saying="'start' is said to be built in, but the problem has no form"
    )

    def form(places: Places) -> Mapping[str, tuple[torch.Tensor, torch.Tensor]]:
        return {"u": (torch.zeros_like(places["t"]), places["t"])}

    make(conditions=(built_in, *ENDS), form=form)


def test_a_mirror_is_of_coordinates_and_unknowns_that_there_are() -> None:
    for mirror in (
        Mirror(("y",)),
        Mirror(("u",)),
        Mirror(("x",), odd=("v",)),
        Mirror(("x",), odd=("t",)),
        Mirror(()),
    ):
        refused(mirrors=(mirror,), saying="a mirror reflects coordinates and changes unknowns, got")
    make(mirrors=(Mirror(("x",), odd=("u",)), Mirror(("t", "x"))))


def test_an_answer_is_read_off_unknowns() -> None:
    for read, saying in (
        (Read("v"), "the problem has no 'v'"),
        (Read("x"), "an answer is read off unknowns, u, and shifted along t, x; got Read"),
        (Read("u", shift={"y": 0.1}), "an answer is read off unknowns, u, and shifted along t, x; got Read"),
        (Read("u", orders={"y": 1}), "'u' can be differentiated by t, x"),
    ):
        refused(answers={"field": read}, saying=saying)
        refused(answers={"field": (Read("u"), read)}, saying=saying)
    make(answers={"field": (Read("u"), Read("u", orders={"x": 1}, shift={"x": 0.1}, factor=-1.0))})


# what is missing -------------------------------------------------------------------------------------


def test_a_first_derivative_by_time_needs_a_start_or_an_end() -> None:
    missing = (
        "u is differentiated by time, but no condition says what it is at t = 0; add an initial condition"
    )
    refused(conditions=ENDS, saying=missing)
    refused(conditions=(Condition("half-way", {"t": 1.0}, is_zero), *ENDS), saying=missing)
    make(conditions=(Condition("end", {"t": 2.0}, is_zero), *ENDS))
    make(conditions=ENDS, free=("t",))


def test_a_second_derivative_by_time_needs_the_speed_at_the_start_too() -> None:
    def waves(at: At) -> dict[str, torch.Tensor]:
        return {"waves": at("u", t=2) - at("u", x=2)}

    def place_and_speed(at: At) -> dict[str, torch.Tensor]:
        return {"place": at("u"), "speed": at("u", t=1)}

    refused(equations=waves, saying="2 times by time, but of its start only 1 equation is given")
    make(equations=waves, conditions=(Condition("start", {"t": 0.0}, place_and_speed), *ENDS))


def test_a_fourth_derivative_needs_two_equations_at_each_end() -> None:
    def beam(at: At) -> dict[str, torch.Tensor]:
        return {"beam": at("u", t=1) + at("u", x=4)}

    def clamped(at: At) -> dict[str, torch.Tensor]:
        return {"place": at("u"), "slope": at("u", x=1)}

    refused(equations=beam, saying="4 times by x, but 2 equations say what it does at the ends")
    ends = tuple(Condition(f"at {x}", {"x": x}, clamped) for x in (-1.0, 3.0))
    make(equations=beam, conditions=(START, *ends))


def test_a_second_derivative_needs_both_ends_and_a_first_one_none() -> None:
    for left, end in ((ENDS[:1], 3), (ENDS[1:], -1), ((), -1)):
        refused(
            conditions=(START, *left),
            saying=f"u is differentiated 2 times by x, but no condition says what it does at x = {end}; add "
            "a boundary condition, or name 'x' in `free` if there is none",
        )
        make(conditions=(START, *left), free=("x",))
        make(conditions=(START, *left), coordinates=(T, Coordinate("x", -1.0, 3.0, periodic=True)))
        make(conditions=(START, *left), equations=lambda at: {"moves": at("u", t=1) + at("u", x=1)})

        def somewhere(points: int, generator: torch.Generator) -> Places:
            raise AssertionError("a problem is checked without points")

        make(conditions=(START, *left, Condition("around", somewhere, is_zero)))


def test_each_unknown_needs_conditions_of_its_own() -> None:
    def both(at: At) -> dict[str, torch.Tensor]:
        return {**heat(at), "v": at("v", x=2) - at("u")}

    two = {"unknowns": ("u", "v"), "equations": both}
    refused(**two, saying="v is differentiated 2 times by x, but no condition")
    ends = [Condition(f"v at {x}", {"x": x}, lambda at: {"v": at("v", x=1)}) for x in (-1.0, 3.0)]
    make(**two, conditions=(START, *ENDS, *ends))


# what is asked for -----------------------------------------------------------------------------------


def test_exactly_the_derivatives_that_stand_in_the_equations_are_found() -> None:
    def equations(at: At) -> dict[str, torch.Tensor]:
        return {
            "one": at("u", t=1) + at("u") * at("u", x=1) - at("c") * at("u", x=2, t=2),
            "other": at("v", t=0, x=3) * at("x") + at("u", x=1),
        }

    problem = make(
        unknowns=("u", "v"), equations=equations, numbers=(Number("c", 1.0, 2.0),), free=("t", "x")
    )
    found = wanted_by(problem, problem.equations, "the equations")
    assert found == {
        ("u", (1, 0)),
        ("u", (0, 0)),
        ("u", (0, 1)),
        ("u", (2, 2)),
        ("v", (0, 3)),
    }
    assert wanted_by(problem, is_zero, "nothing else") == {("u", (0, 0))}


def test_a_system_without_equations_point_by_point_says_so() -> None:
    class Silent(Burgers):
        pointwise = System.pointwise  # type: ignore[assignment]

    with pytest.raises(SolverError, match="Burgers has no equations point by point"):
        Silent(64).pointwise({}, horizon=1.0)
