"""Every system that has equations point by point: what it promises networks of coordinates."""

import numpy as np
import pytest
import torch
from understudy.solvers.contract import Queries, System
from understudy.solvers.discovery import find_kit, system_names
from understudy.solvers.pointwise import Pointwise
from understudy.surrogates.pinn_grid import CoordinateGrid
from understudy.surrogates.pinn_network import CoordinateNetwork, NetworkSettings
from understudy.surrogates.pinn_objective import LossSettings, PhysicsObjective

HORIZON = 0.5
# a system may go without
NAMES = [name for name in system_names() if find_kit(name).system.pointwise is not System.pointwise]


def posed(name: str) -> tuple[System, Queries, Pointwise]:
    system = find_kit(name).system()
    query = system.draw([np.random.default_rng(0)])
    return system, query, system.pointwise(query, horizon=HORIZON)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_says_is_built_in_is(name: str) -> None:
    """Whatever the network says; a form that leaves something is refused."""
    _, _, problem = posed(name)
    network = CoordinateNetwork(problem, NetworkSettings(hidden=(5,))).double()
    objective = PhysicsObjective(network, LossSettings(points=32, condition_points=64), seed=0)
    assert "equations" in objective.terms
    assert all(np.isfinite(value) for value in objective.values().values())
    built_in = {condition.name for condition in problem.conditions if condition.built_in}
    assert built_in
    assert not built_in & {*objective.terms}


@pytest.mark.parametrize("name", NAMES)
def test_its_fields_are_read_off_in_the_solutions_shape(name: str) -> None:
    system, _, problem = posed(name)
    network = CoordinateNetwork(problem, NetworkSettings(hidden=(5,))).double()
    grid = CoordinateGrid(system, problem)
    numbers = {n.name: torch.full((2,), n.low, dtype=torch.float64) for n in problem.numbers}
    inputs = {"time": torch.tensor([0.0, HORIZON], dtype=torch.float64), **numbers}

    def evaluate(places: object, wanted: object) -> object:
        count = len(next(iter(places.values())))  # type: ignore[attr-defined]
        constants = {n.name: torch.full((count,), n.low, dtype=torch.float64) for n in problem.numbers}
        return network(network.prepare({**constants, **places}, wanted))  # type: ignore[dict-item,arg-type]

    said = grid.fields(evaluate, inputs)  # type: ignore[arg-type]
    shapes = {field.name: (2, *system.grid_of(field)) for field in system.fields}
    assert said
    assert {field: tuple(values.shape) for field, values in said.items()} == {f: shapes[f] for f in said}


@pytest.mark.parametrize("name", NAMES)
def test_a_soft_network_is_asked_for_every_condition(name: str) -> None:
    _, _, problem = posed(name)
    settings = NetworkSettings(hidden=(5,), built_in=False, mirrored=False)
    network = CoordinateNetwork(problem, settings).double()
    objective = PhysicsObjective(network, LossSettings(points=16, condition_points=16), seed=0)
    assert {condition.name for condition in problem.conditions} <= {*objective.terms}
