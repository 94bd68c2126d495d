"""Allen and Cahn's equation point by point, and its kinked start."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from understudy.solvers.allen_cahn import AllenCahn, Krogstad
from understudy.solvers.allen_cahn.equations import rounding, standard_start
from understudy.solvers.methods.fourier import derivative
from understudy.solvers.pointwise import At, Pointwise

SMOOTH = AllenCahn(64, diffusivity=0.05, rate=3.0, waves=2)
"""Whose fronts 64 points hold to round-off."""


def drawn(samples: int, system: AllenCahn = SMOOTH) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def uniform(*values: float, points: int = 64) -> dict[str, np.ndarray]:
    return {"u": np.repeat(np.array(values)[:, None], points, axis=1)}


def values_at(t: torch.Tensor, x: torch.Tensor, u: dict[tuple[int, int], torch.Tensor]) -> At:
    """An `At` of known values, by (orders of t, orders of x)."""

    def at(name: str, /, **orders: int) -> torch.Tensor:
        if name == "u":
            return u[orders.get("t", 0), orders.get("x", 0)]
        assert not orders
        return {"t": t, "x": x}[name]

    return at


def problem_of(system: AllenCahn, *, horizon: float = 1.0) -> tuple[Pointwise, np.ndarray]:
    query = drawn(1, system)
    return system.pointwise(query, horizon=horizon), query["u"][0]


def test_the_equation_holds_for_an_answer_and_for_no_other() -> None:
    problem, start = problem_of(SMOOTH)
    time, apart = 0.4, 0.01
    times = time + apart * np.arange(-3, 4)
    u = Krogstad(SMOOTH, step=1 / 800)({"u": start[None]}, times).values["u"][0]
    slope = np.array([-1, 9, -45, 0, 45, -9, 1]) @ u / (60 * apart)
    here = {
        (0, 0): torch.from_numpy(u[3]),
        (1, 0): torch.from_numpy(slope),
        (0, 2): torch.from_numpy(derivative(u[3], length=2.0, order=2)),
    }
    x, t = torch.from_numpy(SMOOTH.places()), torch.full((64,), time, dtype=torch.float64)
    assert float(problem.equations(values_at(t, x, here))["phase"].abs().max()) < 1e-7
    for what in here:
        wrong = {**here, what: 1.01 * here[what]}
        assert float(problem.equations(values_at(t, x, wrong))["phase"].abs().max()) > 1e-4


def test_what_is_wrong_early_counts_more_by_as_much_as_it_grows() -> None:
    problem, _ = problem_of(SMOOTH)
    t = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    steady = {(0, 0): torch.ones(3), (1, 0): torch.ones(3), (0, 2): torch.zeros(3)}
    found = problem.equations(values_at(t, t, steady))["phase"]
    torch.testing.assert_close(found, torch.exp(-SMOOTH.rate * t), rtol=1e-12, atol=0)


@pytest.mark.parametrize("system", [SMOOTH, AllenCahn(512)], ids=["waves", "kink"])
def test_the_form_is_the_start_at_first_and_free_later(system: AllenCahn) -> None:
    problem, start = problem_of(system, horizon=0.8)
    assert problem.form is not None
    x = torch.from_numpy(system.places())
    added, factor = problem.form({"x": x, "t": torch.zeros_like(x)})["u"]
    torch.testing.assert_close(added, torch.from_numpy(start), rtol=0, atol=1e-13)
    assert torch.equal(factor, torch.zeros_like(x))
    _, later = problem.form({"x": x, "t": torch.full_like(x, 0.8)})["u"]
    torch.testing.assert_close(later, torch.ones_like(x), rtol=1e-15, atol=0)
    (condition,) = problem.conditions
    missing = condition.equations(values_at(torch.zeros_like(x), x, {(0, 0): added}))["u"]
    assert condition.built_in
    assert float(missing.abs().max()) < 1e-13
    shifted = condition.equations(values_at(torch.zeros_like(x), x, {(0, 0): added + 0.5}))["u"]
    torch.testing.assert_close(shifted, torch.full_like(x, 0.5), rtol=0, atol=1e-13)


def test_a_start_off_the_grid_is_the_function_and_not_its_polynomial_where_it_has_the_kink() -> None:
    x = torch.linspace(-0.999, 0.999, 301, dtype=torch.float64)
    for system in (AllenCahn(64), AllenCahn(64, waves=4)):
        problem, start = problem_of(system)
        assert problem.form is not None
        added, _ = problem.form({"x": x, "t": torch.zeros_like(x)})["u"]
        if not system.waves:
            known = standard_start(x).numpy()
        else:
            spectrum, k = np.fft.rfft(start)[:5] / 32, np.arange(5)
            known = (spectrum * np.exp(1j * np.pi * k * (x.numpy()[:, None] + 1))).real.sum(axis=1)
        np.testing.assert_allclose(added.numpy(), known, atol=1e-12)


def test_the_mirror_is_the_start_s() -> None:
    x = SMOOTH.places()
    starts = {"even": np.cos(np.pi * x), "odd": np.sin(2 * np.pi * x), "neither": np.exp(np.sin(np.pi * x))}
    mirrors = {n: SMOOTH.pointwise({"u": u[None]}, horizon=1.0).mirrors for n, u in starts.items()}
    assert [(m.reflected, m.odd) for m in mirrors["even"]] == [(("x",), ())]
    assert [(m.reflected, m.odd) for m in mirrors["odd"]] == [(("x",), ("u",))]
    assert mirrors["neither"] == ()


def differentiated(values: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(values.sum(), by, create_graph=True)[0]


def test_the_rounding_of_the_kink_solves_the_equation_of_heat() -> None:
    distance = torch.linspace(0.0, 0.1, 101, dtype=torch.float64, requires_grad=True)
    spread = torch.full((101,), 2e-4, dtype=torch.float64, requires_grad=True)
    found = rounding(distance, spread)
    slope = differentiated(found, distance)
    curvature, rise = differentiated(slope, distance), differentiated(found, spread)
    assert float(rise[0].detach()) > 10
    torch.testing.assert_close(curvature.detach(), rise.detach(), rtol=1e-9, atol=1e-9)


def test_the_rounding_is_a_mean_over_the_kernel_of_heat() -> None:
    spread = 3e-4
    for distance in (0.0, 0.01, 0.05, 0.2):
        width = np.sqrt(2 * spread)

        def around(y: float, distance: float = distance, width: float = width) -> float:
            return float(2 * np.abs(distance + width * y) * np.exp(-0.5 * y * y) / np.sqrt(2 * np.pi))

        edge = -distance / width
        mean = quad(around, -40, edge, epsabs=1e-15)[0] + quad(around, edge, 40, epsabs=1e-15)[0]
        found = rounding(*(torch.tensor(v, dtype=torch.float64) for v in (distance, spread)))
        assert float(found) == pytest.approx(mean - 2 * distance, abs=1e-13)


def test_the_slope_jumps_at_first_and_not_once_it_is_rounded() -> None:
    x = torch.tensor([1.0, -1.0], dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(
        differentiated(standard_start(x), x).detach(), torch.tensor([-2.0, 2.0]).double()
    )
    for time in (1e-6, 0.3):
        rounded = standard_start(x) + rounding(1 - x.abs(), torch.full_like(x, 1e-4 * time))
        assert float(differentiated(rounded, x).detach().abs().max()) < 1e-12
        assert float(rounded[0].detach()) + 1 == pytest.approx(4 * np.sqrt(1e-4 * time / np.pi), rel=1e-9)
    nothing = rounding(torch.linspace(0, 1, 11).double(), torch.zeros(11, dtype=torch.float64))
    assert float(nothing.abs().max()) < 1e-14


def test_the_solver_s_kink_is_rounded_so() -> None:
    system, time = AllenCahn(2048, diffusivity=1e-3, rate=1e-9), 0.05
    problem, start = problem_of(system)
    u = torch.from_numpy(Krogstad(system, step=time)({"u": start[None]}, np.array([time])).values["u"][0, 0])
    x = torch.from_numpy(system.places()).requires_grad_()
    assert problem.form is not None
    added, _ = problem.form({"x": x, "t": torch.full_like(x, time)})["u"]
    # what diffusion does to the rest, as a series in time
    smooth = 1e-3 * time * differentiated(differentiated(standard_start(x), x), x)
    assert float((added - standard_start(x)).detach().max()) > 1e-2
    np.testing.assert_allclose(u.numpy(), (added + smooth).detach().numpy(), atol=3e-5)
