"""Burgers' equation point by point: it holds for the exact solution, and the form is the start."""

from collections.abc import Mapping

import numpy as np
import torch
from understudy.solvers.burgers import Burgers
from understudy.solvers.burgers.exact import cole_hopf
from understudy.solvers.methods.fourier import derivative
from understudy.solvers.pointwise import (
    At,
    Coordinate,
    Equations,
    Mirror,
    Number,
)

T, X = Coordinate("t", 0.0, 2.0), Coordinate("x", -1.0, 3.0)


def known_at(values: Mapping[str, torch.Tensor], unknowns: Mapping[tuple[int, int], torch.Tensor]) -> At:
    """Of coordinates and numbers by name, and of u by how often it is differentiated by t and x."""

    def at(name: str, /, **orders: int) -> torch.Tensor:
        return unknowns[orders.get("t", 0), orders.get("x", 0)] if name == "u" else values[name]

    return at


def zero_in(equations: Equations, at: At) -> float:
    """The largest of what should be zero."""
    return max(float(value.abs().max()) for value in equations(at).values())


LONG = Burgers(128, length=3.0, least_viscosity=0.05, most_viscosity=0.4, waves=2)


def query_of(system: Burgers) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(5)]))


def test_burgers_equation_holds_for_the_exact_solution_and_for_no_other() -> None:
    query = query_of(LONG)
    problem = LONG.pointwise(query, horizon=1.0)
    viscosity, time, apart = float(query["viscosity"][0]), 0.3, 0.005
    u = np.stack(
        [
            cole_hopf(query["u"][0], length=3.0, viscosity=viscosity, time=time + i * apart)
            for i in range(-3, 4)
        ]
    )
    here = {
        (0, 0): u[3],
        (1, 0): np.array([-1, 9, -45, 0, 45, -9, 1]) @ u / (60 * apart),
        (0, 1): derivative(u[3], length=3.0),
        (0, 2): derivative(u[3], length=3.0, order=2),
    }
    exact = {orders: torch.from_numpy(values) for orders, values in here.items()}
    places = {
        "x": torch.from_numpy(LONG.places()),
        "t": torch.full((128,), time, dtype=torch.float64),
        "viscosity": torch.full((128,), viscosity, dtype=torch.float64),
    }
    assert float(exact[1, 0].abs().max()) > 0.5
    assert zero_in(problem.equations, known_at(places, exact)) < 1e-8
    for what in here:
        wrong = {**exact, what: 1.01 * exact[what]}
        assert zero_in(problem.equations, known_at(places, wrong)) > 1e-3
    thicker = {**places, "viscosity": 1.01 * places["viscosity"]}
    assert zero_in(problem.equations, known_at(thicker, exact)) > 1e-3


def test_burgers_form_and_condition_are_the_start() -> None:
    query = query_of(LONG)
    problem = LONG.pointwise(query, horizon=0.7)
    assert problem.form is not None
    x = torch.from_numpy(LONG.places())
    added, factor = problem.form({"x": x, "t": torch.zeros_like(x)})["u"]
    np.testing.assert_allclose(added.numpy(), query["u"][0], atol=1e-13)
    assert torch.equal(factor, torch.zeros_like(x))
    _, later = problem.form({"x": x, "t": torch.full_like(x, 0.7)})["u"]
    torch.testing.assert_close(later, torch.ones_like(x), rtol=1e-15, atol=0)
    (condition,) = problem.conditions
    assert condition.built_in
    assert condition.where == {"t": 0.0}
    assert zero_in(condition.equations, known_at({"x": x}, {(0, 0): added})) < 1e-13
    assert zero_in(condition.equations, known_at({"x": x}, {(0, 0): added + 1e-3})) > 9e-4


def test_burgers_coordinates_reach_to_the_horizon_and_around_the_line() -> None:
    problem = LONG.pointwise(query_of(LONG), horizon=0.7)
    assert problem.coordinates == (Coordinate("t", 0.0, 0.7), Coordinate("x", -1.5, 1.5, periodic=True))


def test_a_number_that_is_left_out_of_the_query_is_the_system_s_range() -> None:
    query = query_of(LONG)
    (one,) = LONG.pointwise(query, horizon=1.0).numbers
    assert one.low == one.high == float(query["viscosity"][0])
    (all_of_them,) = LONG.pointwise({"u": query["u"]}, horizon=1.0).numbers
    assert all_of_them == Number("viscosity", 0.05, 0.4, logarithmic=True)


def test_only_odd_starts_of_burgers_equation_have_a_mirror() -> None:
    x = np.pi * LONG.places() / 1.5
    for start, mirrors in (
        (np.sin(x) - 0.3 * np.sin(4 * x), (Mirror(("x",), odd=("u",)),)),
        (np.cos(x), ()),
        (np.sin(x + 0.1), ()),
    ):
        query = {"u": start[None], "viscosity": np.array([0.1])}
        assert LONG.pointwise(query, horizon=1.0).mirrors == mirrors
