"""Equations point by point hold for what the system's own solver answers, and not for something else."""

import numpy as np
import pytest
import torch
from scipy.interpolate import make_interp_spline
from understudy.solvers.kuramoto_sivashinsky import ETDRK4, KuramotoSivashinsky
from understudy.solvers.methods.fourier import derivative
from understudy.solvers.steady_flow import SteadyFlow, StreamNewton
from understudy.solvers.three_body import KIT as BODIES
from understudy.solvers.three_body import ThreeBody
from understudy.solvers.three_body.exact import figure_eight, lagrange


@pytest.mark.parametrize("forcing", [0.0, 0.3])
@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_kuramoto_sivashinsky(forcing: float, factor: float) -> None:
    system = KuramotoSivashinsky(64.0, 256, forcing=forcing, forcing_wavelength=16.0)
    query = system.draw([np.random.default_rng(0)])
    times = 5.0 + 1e-3 * np.arange(-2, 3)
    u = factor * ETDRK4(system, step=1e-3)(query, times).values["u"][0]
    rate = (u[0] - 8 * u[1] + 8 * u[3] - u[4]) / (12 * 1e-3)  # fourth order
    places = np.array(system.axes[0].values)

    def at(name: str, /, **orders: int) -> torch.Tensor:
        values = {"x": places, "length": np.full_like(places, told)}.get(name, u[2])
        if orders.get("t"):
            values = rate
        elif orders.get("x"):
            values = derivative(values, length=64.0, order=orders["x"])
        return torch.from_numpy(values.copy())

    told = 64.0
    off = system.pointwise(query, horizon=10.0).equations(at)["momentum"]
    size = float(off.square().mean().sqrt())
    assert size < 1e-6 if factor == 1.0 else size > 1e-2

    # the same answer, told in places of a domain that is held to be shorter
    places, told = places * 50 / 64, 64.0
    shorter = KuramotoSivashinsky(50.0, 256, forcing=forcing, forcing_wavelength=16.0 * 50 / 64)

    def stretched(name: str, /, **orders: int) -> torch.Tensor:
        found = at(name, **orders)
        return found * (64 / 50) ** orders.get("x", 0)

    off = shorter.pointwise(query, horizon=10.0).equations(stretched)["momentum"]
    size = float(off.square().mean().sqrt())
    assert size < 1e-6 if factor == 1.0 else size > 1e-2


def test_masses_that_differ() -> None:
    """On an orbit that is known: a triangle that turns and breathes."""
    system, times, masses = ThreeBody(), np.linspace(0, 2, 401), (1.0, 2.0, 0.5)
    orbit = lagrange(times, mass=masses, side=1.4, eccentricity=0.3)
    lines = {f"{c}{b + 1}": make_interp_spline(times, orbit[c][:, b], k=7) for c in "xy" for b in range(3)}
    query = {name: values[:1] for name, values in orbit.items()} | {"mass": np.array([masses])}
    problem = system.pointwise(query, horizon=2.0)
    assert {n.name: (n.low, n.high) for n in problem.numbers} == {
        f"mass{b + 1}": (m, m) for b, m in enumerate(masses)
    }
    for told in (masses, (2.0, 1.0, 0.5)):

        def at(name: str, /, _told: tuple = told, **orders: int) -> torch.Tensor:
            if name.startswith("mass"):
                return torch.full((300,), _told[int(name[-1]) - 1], dtype=torch.float64)
            return torch.from_numpy(lines[name](times[50:350], nu=orders.get("t", 0)))

        worst = max(float(r.abs().max()) for r in problem.equations(at).values())
        assert worst < 1e-6 if told == masses else worst > 0.1


def test_three_bodies() -> None:
    system, query = ThreeBody(), figure_eight()
    times = np.linspace(0, 2, 401)
    values = BODIES.reference(system)(query, times).values
    for factor, holds in ((1.0, True), (1.01, False)):
        lines = {
            f"{c}{b + 1}": make_interp_spline(times, factor * values[c][0, :, b], k=7)
            for c in "xy"
            for b in range(3)
        }

        def at(name: str, /, _lines: dict = lines, **orders: int) -> torch.Tensor:
            if name.startswith("mass"):
                return torch.ones(300, dtype=torch.float64)
            return torch.from_numpy(_lines[name](times[50:350], nu=orders.get("t", 0)))

        problem = system.pointwise(query, horizon=2.0)
        worst = max(float(r.abs().max()) for r in problem.equations(at).values())
        assert worst < 1e-8 if holds else worst > 1e-3
        if holds:
            start = problem.form({"t": torch.zeros(1, dtype=torch.float64)})  # type: ignore[misc]
            for name, (first, factor_of) in start.items():
                assert float(first) == pytest.approx(float(lines[name](0.0)), abs=1e-12)
                assert float(factor_of) == 0


def test_steady_flow() -> None:
    """By differences on the solver's grid, away from the solid; and what leaves at the outflow."""
    found = []
    for rows in (64, 128):
        system = SteadyFlow(rows, 2 * rows)
        query = SteadyFlow(rows, 2 * rows).draw([np.random.default_rng(1)])
        values = StreamNewton(system)(query, np.zeros(1)).values
        h, p = 1 / rows, values["p"][0, 0]
        psi = np.zeros((rows + 1, 2 * rows + 1))
        psi[:, 0], psi[1:, 1:] = system.inflow(), values["psi"][0, 0]
        corners = np.pad(p, ((0, 1), (0, 1)), mode="edge")
        pressure = 0.25 * (
            corners + np.roll(corners, 1, 0) + np.roll(corners, 1, 1) + np.roll(corners, 1, (0, 1))
        )
        known = {"psi": psi, "p": pressure, "viscosity": np.full_like(psi, float(query["viscosity"][0]))}
        far = system.corners(query["distance"])[0] > 0.15
        far[: rows // 8], far[-rows // 8 :], far[:, : rows // 8], far[:, -rows // 8 :] = (
            False,
            False,
            False,
            False,
        )

        def at(
            name: str, /, _known: dict = known, _far: np.ndarray = far, _h: float = h, **orders: int
        ) -> torch.Tensor:
            values = _known[name]
            for axis, along in enumerate(("y", "x")):
                for _ in range(orders.get(along, 0) // 2):
                    values = (np.roll(values, -1, axis) - 2 * values + np.roll(values, 1, axis)) / _h**2
                if orders.get(along, 0) % 2:
                    values = (np.roll(values, -1, axis) - np.roll(values, 1, axis)) / (2 * _h)
            return torch.from_numpy(values[_far])

        problem = system.pointwise(query, horizon=1.0)
        off = problem.equations(at)
        convection = at("psi", y=1) * at("psi", x=1, y=1)
        found.append(
            [float(r.square().mean().sqrt() / convection.square().mean().sqrt()) for r in off.values()]
        )
        leaving = next(c for c in problem.conditions if c.name == "outflow").equations

        def at_end(name: str, /, _known: dict = known, _h: float = h, **orders: int) -> torch.Tensor:
            values = _known[name][8:-8]
            for axis, along in enumerate(("y", "x")):
                for _ in range(orders.get(along, 0)):
                    values = np.gradient(values, _h, axis=axis, edge_order=2)
            return torch.from_numpy(values[:, -1].copy())

        stress, pressed = leaving(at_end)["along"], at_end("p")
        assert float(stress.square().mean().sqrt()) < 0.25 * float(pressed.square().mean().sqrt())
    for coarse, fine in zip(*found, strict=True):
        assert fine < 0.06
        assert fine < 0.6 * coarse
