"""The system itself: starts, invariants, residual."""

import numpy as np
import torch
from understudy.solvers.three_body import Regularised, ThreeBody
from understudy.solvers.three_body.exact import lagrange

SYSTEM = ThreeBody()


def test_the_standard_starts_are_those_of_breen_and_fill_their_region() -> None:
    query = SYSTEM.draw([np.random.default_rng(i) for i in range(2000)])
    place = query["x"] + 1j * query["y"]
    np.testing.assert_array_equal(place[:, 0], 1)
    np.testing.assert_allclose(place.sum(axis=1), 0, atol=1e-15)
    far = np.abs(place)
    assert (far[:, 0] + 1e-12 >= far[:, 2]).all()
    assert (far[:, 2] + 1e-12 >= far[:, 1]).all()
    assert (place[:, 1].imag >= 0).all()
    assert place[:, 1].imag.max() > 0.82  # up to the equilateral triangle, at 0.866
    # the region's area is a third of the unit disc's less half the triangle's: seen, it is filled evenly
    low = (place[:, 1].imag < 0.2).mean()
    across = np.linspace(0, np.sqrt(0.75), 20_001)
    width = np.minimum(0.0, np.sqrt(1 - across**2) - 1) + 0.5
    assert abs(low - width[across < 0.2].sum() / width.sum()) < 0.03
    assert all((query[n] == 0).all() for n in ("vx", "vy"))
    assert (query["mass"] == 1).all()


def test_one_generator_draws_one_start_whoever_else_asks() -> None:
    generators = [np.random.default_rng(7), np.random.default_rng(8)]
    both = ThreeBody(mass_ratio=3.0, speed=0.5).draw(generators)
    alone = ThreeBody(mass_ratio=3.0, speed=0.5).draw([np.random.default_rng(8)])
    for name in both:
        np.testing.assert_array_equal(both[name][1:], alone[name])


def test_general_starts_have_their_barycentre_at_rest_and_masses_in_range() -> None:
    query = ThreeBody(mass_ratio=3.0, speed=0.5).draw([np.random.default_rng(i) for i in range(500)])
    for name in ("x", "y", "vx", "vy"):
        np.testing.assert_allclose((query["mass"] * query[name]).sum(axis=1), 0, atol=1e-13)
    assert query["mass"].min() >= 1 / 3
    assert query["mass"].max() <= 3
    assert 0.35 < query["vx"].std() < 0.45


def test_the_invariants_are_those_written_out_by_hand() -> None:
    query = {
        "x": np.array([[0.0, 3.0, 0.0]]),
        "y": np.array([[0.0, 0.0, 4.0]]),
        "vx": np.array([[0.0, 0.0, 1.0]]),
        "vy": np.array([[0.0, 2.0, 0.0]]),
        "mass": np.array([[2.0, 3.0, 5.0]]),
    }
    found = SYSTEM.invariants({n: v[:, None] for n, v in query.items()}, query)
    assert found["energy"][0, 0] == 0.5 * (3 * 4 + 5) - (6 / 3 + 10 / 4 + 15 / 5)
    assert found["angular_momentum"][0, 0] == 3 * 3 * 2 - 5 * 4 * 1
    assert (found["momentum_x"][0, 0], found["momentum_y"][0, 0]) == (5.0, 6.0)
    soft = ThreeBody(softening=4.0).invariants({n: v[:, None] for n, v in query.items()}, query)
    np.testing.assert_allclose(
        soft["energy"][0, 0], 8.5 - (6 / 5 + 10 / np.sqrt(32) + 15 / np.sqrt(41)), rtol=1e-14
    )


def test_the_residual_of_a_known_orbit_falls_with_the_fourth_power_of_the_interval() -> None:
    mass = (1.0, 2.0, 0.5)
    largest = []
    for interval in (0.04, 0.02):
        times = interval * np.arange(40)
        orbit = lagrange(times, mass=mass, side=1.4, eccentricity=0.3)
        values = {name: torch.from_numpy(series[None]) for name, series in orbit.items()}
        found = SYSTEM.residual(values, {"mass": torch.tensor([mass])}, interval=interval)
        assert set(found) == {"velocity_x", "force_x", "velocity_y", "force_y"}
        largest.append([float(r.abs()[:, 2:20].max()) for r in found.values()])
    order = np.log2(np.array(largest[0]) / np.array(largest[1]))
    assert (order > 3.6).all()


def test_the_residual_sees_a_wrong_mass_and_has_a_gradient() -> None:
    times = 0.01 * np.arange(20)
    orbit = lagrange(times, mass=(1.0, 2.0, 0.5))
    values = {name: torch.from_numpy(series[None]) for name, series in orbit.items()}
    mass = torch.tensor([[1.0, 2.0, 0.6]], dtype=torch.float64, requires_grad=True)
    loss = SYSTEM.residual(values, {"mass": mass}, interval=0.01)["force_x"].pow(2).mean()
    loss.backward()
    assert float(loss.detach()) > 1e-4
    assert mass.grad is not None
    assert float(mass.grad[0, 2]) > 0


def test_the_acceleration_is_the_slope_of_the_energy() -> None:
    system = ThreeBody(softening=0.3)
    generator = np.random.default_rng(0)
    x, y, mass = (torch.from_numpy(generator.uniform(0.5, 2.0, (4, 1, 3))) for _ in range(3))
    x.requires_grad_()
    energy = torch.zeros(4, 1, dtype=torch.float64)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        apart = (x[..., i] - x[..., j]) ** 2 + (y[..., i] - y[..., j]) ** 2 + 0.09
        energy = energy - mass[..., i] * mass[..., j] / apart.sqrt()
    (slope,) = torch.autograd.grad(energy.sum(), x)
    found = system.acceleration(x, y, mass[:, 0])[0]
    torch.testing.assert_close(found, -slope / mass, rtol=1e-12, atol=1e-12)


def test_the_crossing_time_is_the_time_in_which_bodies_meet() -> None:
    """Half of the standard starts have had their first close encounter within one crossing time or so."""
    query = SYSTEM.draw([np.random.default_rng(i) for i in range(200)])
    unit = SYSTEM.characteristic_time
    before = Regularised(SYSTEM, closest=True)(query, np.array([0.25 * unit])).measures["closest_approach"]
    after = Regularised(SYSTEM, closest=True)(query, np.array([1.5 * unit])).measures["closest_approach"]
    assert (before < 0.1).mean() < 0.35
    assert (after < 0.1).mean() > 0.8
