"""The lid-driven cavity: as others have computed it, its corners, and its equations point by point."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline
from understudy.solvers.cavity import KIT, Cavity, CavityNewton
from understudy.solvers.cavity.equations import corner, corner_vorticity, corners
from understudy.solvers.contract import SolverError, Status
from understudy.solvers.pointwise import At
from understudy.surrogates.pinn_network import CoordinateNetwork, NetworkSettings
from understudy.surrogates.pinn_objective import LossSettings, PhysicsObjective

ONCE = np.zeros(1)
MARCHI_100 = (
    -0.041974991, -0.077125399, -0.109816214, -0.141930064, -0.172712391, -0.198470859, -0.212962392,
    -0.209149142, -0.182080595, -0.131256301, -0.060245594, 0.027874448, 0.140425325, 0.310557090,
    0.597466694,
)  # fmt: skip
"""u on the middle line, at heights from 1/16 on, at Reynolds number 100: Marchi, Suero & Araki, J. Braz. Soc.
Mech. Sci. Eng. 31 (2009), doi:10.1590/S1678-58782009000300004."""
QUERY = {"viscosity": np.array([0.01])}


def answer(cells: int, *, shown: int = 16) -> dict[str, np.ndarray]:
    solution = CavityNewton(Cavity(shown), cells=cells)(QUERY, ONCE)
    assert solution.solved.all()
    return {name: values[0, 0] for name, values in solution.values.items()}


def laplacian(of: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(x)
    for along in (x, y):
        (slope,) = torch.autograd.grad(of.sum(), along, create_graph=True)
        total = total + torch.autograd.grad(slope.sum(), along, create_graph=True)[0]
    return total


def places(points: int = 50) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, points, dtype=torch.float64, generator=generator)
    return x.requires_grad_(), y.requires_grad_()


def test_the_middle_s_velocity_is_what_others_have_found() -> None:
    """Extrapolated from two grids."""
    system, found = Cavity(64), []
    for cells in (64, 128):
        u = CavityNewton(system, cells=cells)(QUERY, ONCE).values["u"][0, 0]
        line = CubicSpline(system.axes[0].values, 0.5 * (u[:, 31] + u[:, 32]))
        found.append(line(np.arange(1, 16) / 16))
    better = (4 * found[1] - found[0]) / 3
    np.testing.assert_allclose(better, MARCHI_100, rtol=0, atol=3e-4)


def test_away_from_the_lid_it_is_of_second_order() -> None:
    found = [answer(cells) for cells in (32, 64, 128)]
    lower = (slice(0, 8), slice(None))
    for name in ("u", "v", "psi"):
        changes = [np.abs((b[name] - a[name])[lower]).max() for a, b in itertools.pairwise(found)]
        assert 3.0 < changes[0] / changes[1] < 5.0


def test_a_corner_s_flow_obeys_its_walls_and_creeps() -> None:
    a, b = places()
    zero = torch.zeros_like(a).requires_grad_()
    for along, below, wanted in ((a, zero, 1.0), (zero, b, 0.0)):
        psi = corner(along, below)
        assert psi.abs().max() < 1e-14
        across = below if below is zero else along
        (slope,) = torch.autograd.grad(psi.sum(), across)
        expected = torch.full_like(slope, -wanted)
        torch.testing.assert_close(slope, expected, atol=1e-13, rtol=0)
    torch.testing.assert_close(corner_vorticity(a, b), -laplacian(corner(a, b), a, b), rtol=1e-9, atol=1e-9)
    creeping = laplacian(corner_vorticity(a, b), a, b) * (a.square() + b.square()) ** 1.5
    assert creeping.abs().max() < 1e-9


def test_both_corners_together_have_the_walls_values_and_slopes() -> None:
    line, _ = places()
    for x, y, lid in ((0.0, line, 0), (1.0, line, 0), (line, 0.0, 0), (line, 1.0, 1)):
        x, y = (
            v if isinstance(v, torch.Tensor) else torch.full_like(line, v).requires_grad_() for v in (x, y)
        )
        psi = corners(x, y)
        slope_x, slope_y = torch.autograd.grad(psi.sum(), (x, y))
        assert psi.abs().max() < 1e-13
        assert slope_x.abs().max() < 1e-12
        torch.testing.assert_close(slope_y, torch.full_like(slope_y, float(lid)), atol=1e-12, rtol=0)


def test_the_residual_of_an_answer_falls_and_that_of_another_does_not() -> None:
    sizes = []
    for shown in (32, 64):
        values = CavityNewton(Cavity(shown), cells=256)(QUERY, ONCE).values
        tensors = {name: torch.from_numpy(v) for name, v in values.items()}
        viscosity = {"viscosity": torch.from_numpy(QUERY["viscosity"])}
        low = slice(0, shown // 2)
        found = Cavity(shown).residual(tensors, viscosity)
        sizes.append({name: float(r[0, 0, low].abs().mean()) for name, r in found.items()})
        wrong = Cavity(shown).residual({**tensors, "psi": 1.1 * tensors["psi"]}, viscosity)
    for name in sizes[0]:
        assert sizes[1][name] < 0.4 * sizes[0][name]
        assert float(wrong[name][0, 0, low].abs().mean()) > 3 * sizes[1][name]


def by_differences(psi: np.ndarray) -> At:
    """The unknowns and their derivatives by differences on a grid, away from lid and walls."""
    shown = len(psi)
    h, middles = 1 / shown, (np.arange(shown) + 0.5) / shown
    y, x = np.meshgrid(middles, middles, indexing="ij")

    def differentiated(values: np.ndarray, axis: int, order: int) -> np.ndarray:
        ahead, behind = np.roll(values, -1, axis), np.roll(values, 1, axis)
        first, second = (ahead - behind) / (2 * h), (ahead - 2 * values + behind) / h**2
        return (values, first, second)[order]

    omega = -differentiated(psi, 0, 2) - differentiated(psi, 1, 2)
    known = {"psi": psi, "omega": omega, "viscosity": np.full_like(psi, 0.01), "y": y, "x": x}
    edge = shown // 8

    def at(name: str, /, **orders: int) -> torch.Tensor:
        values = known[name]
        for axis, along in enumerate(("y", "x")):
            values = differentiated(values, axis, orders.get(along, 0))
        return torch.from_numpy(values[edge : 5 * edge, edge:-edge].ravel().copy())

    return at


def test_the_equations_hold_for_the_solver_s_answer() -> None:
    found = []
    for factor in (1.0, 1.1):
        psi = factor * answer(256, shown=128)["psi"]
        said = Cavity(128).pointwise(QUERY, horizon=1.0).equations(by_differences(psi))
        found.append(float(said["momentum"].square().mean().sqrt()))
        assert float(said["vorticity"].abs().max()) < 1e-9
    assert found[0] < 0.1 * found[1]


def test_what_is_built_in_holds_whatever_the_network_says() -> None:
    problem = Cavity().pointwise(QUERY, horizon=1.0)
    assert all(condition.built_in for condition in problem.conditions)
    network = CoordinateNetwork(problem, NetworkSettings(hidden=(5,))).double()
    objective = PhysicsObjective(network, LossSettings(points=64, condition_points=64), seed=0)
    assert [*objective.terms] == ["equations"]


def test_it_is_steady_and_reynolds_numbers_are_drawn_in_their_range() -> None:
    system = Cavity(16, least_reynolds=50, most_reynolds=400)
    drawn = system.draw([np.random.default_rng(i) for i in range(20)])["viscosity"]
    assert (drawn >= 1 / 400).all()
    assert (drawn <= 1 / 50).all()
    assert len(np.unique(drawn)) == 20
    values = CavityNewton(system)(QUERY, np.array([0.0, 3.0])).values["psi"]
    assert np.array_equal(values[:, 0], values[:, 1])
    problem = system.pointwise({}, horizon=1.0)
    assert (problem.ranges[0].low, problem.ranges[0].high) == (1 / 400, 1 / 50)


@pytest.mark.parametrize("cells", [12, pytest.param(16, marks=pytest.mark.slow)])
def test_the_reference_covers_what_a_finer_grid_changes(cells: int) -> None:
    system = Cavity(cells)
    solution = KIT.reference(system)(QUERY, ONCE)
    assert solution.status[0] == Status.SOLVED
    finer = CavityNewton(system, cells=32 * cells)(QUERY, ONCE).values["psi"]
    change = np.sqrt(np.mean((finer - solution.values["psi"]) ** 2) / np.mean(finer**2))
    assert change < solution.error_estimate[0] < 0.01


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"cells": 4}, "cells"), ({"least_reynolds": 0.0}, "Reynolds"), ({"most_reynolds": 5000.0}, "Reynolds")],
)
def test_systems_that_make_no_sense_are_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(SolverError, match=said):
        Cavity(**settings)  # type: ignore[arg-type]


def test_queries_and_solvers_that_make_no_sense_are_refused() -> None:
    system = Cavity(16)
    with pytest.raises(SolverError, match="viscosity must be at least"):
        CavityNewton(system)({"viscosity": np.array([1e-4])}, ONCE)
    for wrong in ({"cells": 3}, {"tolerance": 2.0}, {"most_steps": 0}):
        with pytest.raises(SolverError, match=r"cells|tolerance"):
            CavityNewton(system, **wrong)  # type: ignore[arg-type]
    stuck = CavityNewton(system, most_steps=1)(QUERY, ONCE)
    assert stuck.status[0] == Status.NOT_CONVERGED
    assert np.isnan(stuck.values["psi"]).all()
    assert "did not converge" in stuck.notes[0]
    assert math.isnan(stuck.error_estimate[0])
