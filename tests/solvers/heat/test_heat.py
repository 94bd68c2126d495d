"""The equation of heat: the sine series against the kernel, finite differences against what theory says."""

import math

import numpy as np
import pytest
import torch
from understudy.solvers.contract import Queries, SolverError, Status
from understudy.solvers.heat import KIT, Heat, SineSeries, ThetaMethod
from understudy.solvers.methods.sine_polynomials import (
    amplitudes,
    sampled,
    values_of,
)

SCHEMES = [(0.5, 2), (0.5, 4), (0.7, 2), (1.0, 2), (1.0, 4)]


def drawn(samples: int, system: Heat) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def waves_of(*heights: float, system: Heat, diffusivity: float) -> dict[str, np.ndarray]:
    """A start of these amplitudes."""
    u = values_of(np.array([heights]), system.points)
    return {"u": u, "diffusivity": np.array([diffusivity])}


def extended(u: np.ndarray, query: Queries, time: float, *, length: float) -> np.ndarray:
    """(points,) in extended precision, by sines that are written down one by one."""
    long, n = np.longdouble, len(u) - 1
    pi, k = 4 * np.arctan(long(1)), np.arange(1, n)
    sines = np.sin(pi * (np.outer(k, k) % (2 * n)).astype(long) / n)
    heights = sines @ u[1:-1].astype(long) * 2 / n
    rates = long(query["diffusivity"][0]) * (pi * k / long(length)) ** 2
    return np.pad(sines @ (heights * np.exp(-rates * long(time))), 1)


def test_each_wave_decays_at_its_own_rate_off_the_unit_scale() -> None:
    system = Heat(40, length=3.0)
    x, times = system.places(), np.array([0.0, 0.2, 0.9])
    query = {
        "u": 5 * np.sin(2 * np.pi * x / 3)[None] - np.sin(7 * np.pi * x / 3),
        "diffusivity": np.array([0.7]),
    }
    found = SineSeries(system)(query, times).values["u"][0]
    for time, u in zip(times, found, strict=True):
        slow, fast = (math.exp(-0.7 * (k * math.pi / 3) ** 2 * time) for k in (2, 7))
        np.testing.assert_allclose(
            u, 5 * slow * np.sin(2 * np.pi * x / 3) - fast * np.sin(7 * np.pi * x / 3), atol=1e-14
        )


def test_the_series_is_the_kernel_and_its_images() -> None:
    system = Heat(33, length=2.0, waves=8)
    query, time = drawn(1, system), 0.15
    y, width = np.linspace(0, 2, 513), math.sqrt(4 * 0.1 * time)
    start, x = sampled(query["u"][0], 513), system.places()[:, None]
    images = sum(
        np.exp(-(((x - y + 4 * m) / width) ** 2)) - np.exp(-(((x + y + 4 * m) / width) ** 2))
        for m in range(-3, 4)
    )
    spread = (images * start).sum(axis=1) * (y[1] - y[0]) / (width * math.sqrt(math.pi))
    found = SineSeries(system)(query, np.array([time])).values["u"][0, 0]
    np.testing.assert_allclose(found, spread, atol=1e-14)


def test_heat_from_here_on_is_heat_from_the_start_on() -> None:
    system = Heat(65, waves=30, least_diffusivity=0.05, most_diffusivity=0.5)
    query = drawn(5, system)
    early, late = SineSeries(system)(query, np.array([0.01, 0.04])).values["u"].swapaxes(0, 1)
    again = SineSeries(system)({**query, "u": early}, np.array([0.03])).values["u"][:, 0]
    np.testing.assert_allclose(again, late, atol=2e-15)
    assert len(np.unique(query["diffusivity"])) == 5


@pytest.mark.parametrize("time", [0.0, 0.1, 1.0, 20.0])
def test_the_estimate_bounds_the_round_off_of_the_series_and_not_by_much(time: float) -> None:
    system = Heat(129, waves=20, length=1.5)
    for i in range(5):
        query = {name: values[i : i + 1] for name, values in drawn(5, system).items()}
        solution = SineSeries(system)(query, np.array([time]))
        truth = extended(query["u"][0], query, time, length=1.5)
        error = float(np.abs(solution.values["u"][0, 0] - truth).max() / np.abs(truth).max())
        assert error < solution.error_estimate[0] < 1e-13
    # of a start without the slowest wave that wave's round-off is left in the end: it says so
    rest = waves_of(0.0, 1.0, -0.7, system=system, diffusivity=0.1)
    solution, phase = SineSeries(system)(rest, np.array([time])), np.pi * system.places() / 1.5
    truth = sum(
        height * math.exp(-0.1 * (k * np.pi / 1.5) ** 2 * time) * np.sin(k * phase)
        for k, height in ((2, 1.0), (3, -0.7))
    )
    error = np.abs(solution.values["u"][0, 0] - truth).max() / np.abs(truth).max()
    assert error < solution.error_estimate[0] + 1e-15  # the truth's own round-off
    assert (error > 1e-10) == (time == 20.0)


@pytest.mark.parametrize(("theta", "order"), SCHEMES)
def test_finite_differences_do_to_each_wave_what_their_matrices_say(theta: float, order: int) -> None:
    system, steps, step = Heat(20, length=2.0, waves=18), 7, 0.03
    query = drawn(3, system)
    k, spacing = np.arange(1, 19), 2 / 19
    ratio = 0.1 * step / spacing**2
    bend = 4 * np.sin(np.pi * k / 38) ** 2
    mass = 1 - bend / 12 if order == 4 else np.ones(18)
    growth = (mass - (1 - theta) * ratio * bend) / (mass + theta * ratio * bend)
    wanted = values_of(amplitudes(query["u"]) * growth**steps, 20)
    solver = ThetaMethod(system, step=step, theta=theta, order=order)
    found = solver(query, np.array([steps * step])).values["u"][:, 0]
    np.testing.assert_allclose(found, wanted, atol=1e-14)


@pytest.mark.parametrize("order", [2, 4])
def test_half_the_spacing_leaves_what_the_order_says(order: int) -> None:
    system, times = Heat(129), np.array([0.25])
    query = waves_of(1.0, 0.0, -0.6, system=system, diffusivity=0.1)
    exact = SineSeries(system)(query, times).values["u"]
    errors = [
        np.abs(
            ThetaMethod(system, step=2**-13, order=order, points=points)(query, times).values["u"] - exact
        ).max()
        for points in (17, 33)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.05)


@pytest.mark.parametrize(("theta", "order"), [(0.5, 2), (1.0, 1)])
def test_half_the_step_leaves_what_the_order_says(theta: float, order: int) -> None:
    system, times = Heat(129), np.array([0.25, 0.2503])  # the second is between two steps
    query = waves_of(1.0, 0.0, -0.6, system=system, diffusivity=0.1)
    exact = SineSeries(system)(query, times).values["u"]
    errors = [
        np.abs(ThetaMethod(system, step=step, theta=theta, order=4)(query, times).values["u"] - exact)
        for step in (1 / 64, 1 / 128)
    ]
    orders = np.log2(errors[0].max(axis=-1) / errors[1].max(axis=-1))
    np.testing.assert_allclose(orders, order, atol=0.06)


def test_the_answer_at_a_time_does_not_depend_on_the_other_times() -> None:
    system, solver = Heat(33, waves=5), ThetaMethod(Heat(33, waves=5), step=0.04)
    query = drawn(2, system)
    times = np.array([0.0, 0.03, 0.08, 0.1, 0.13, 0.2])
    together = solver(query, times).values["u"]
    np.testing.assert_array_equal(together[:, 0], query["u"])
    for i, time in enumerate(times):
        alone = solver(query, np.array([time])).values["u"][:, 0]
        np.testing.assert_array_equal(together[:, i], alone)
    shortened = ThetaMethod(system, step=0.03)(query, np.array([0.03])).values["u"][:, 0]
    np.testing.assert_allclose(together[:, 1], shortened, atol=1e-15)


@pytest.mark.parametrize("points", [50, 97, 129, 200])
def test_grids_need_not_divide_one_another(points: int) -> None:
    system, times = Heat(65), np.array([0.3])
    query = waves_of(1.0, 0.4, -0.3, system=system, diffusivity=0.1)
    found = ThetaMethod(system, step=1 / 1024, order=4, points=points)(query, times).values["u"]
    assert found.shape == (1, 1, 65)
    np.testing.assert_allclose(found, SineSeries(system)(query, times).values["u"], atol=1.5e-6)


def test_a_sample_s_diffusivity_is_its_own() -> None:
    system = Heat(33, waves=6, least_diffusivity=0.01, most_diffusivity=1.0)
    query, times = drawn(4, system), np.array([0.1, 0.25])
    query["diffusivity"][3] = query["diffusivity"][0]  # two that are stepped together
    for solver in (SineSeries(system), ThetaMethod(system, step=1 / 50)):
        together = solver(query, times).values["u"]
        for i in range(4):
            alone = solver({name: values[i : i + 1] for name, values in query.items()}, times).values["u"]
            np.testing.assert_allclose(together[i], alone[0], atol=1e-15)


def test_a_rod_only_cools_and_its_walls_stay_cold() -> None:
    system, times = Heat(65, waves=12), np.linspace(0, 1, 9)
    query = drawn(4, system)
    for solver in (SineSeries(system), ThetaMethod(system, step=1 / 64, theta=1.0)):
        u = solver(query, times).values["u"]
        assert (np.diff(u.max(axis=-1), axis=1) < 1e-15).all()
        assert (np.diff(u.min(axis=-1), axis=1) > -1e-15).all()
        assert (np.diff((u**2).mean(axis=-1), axis=1) < 0).all()
        assert not u[..., [0, -1]].any()


def test_a_symmetry_takes_a_start_s_answer_to_its_image_s_answer() -> None:
    system, times = Heat(65, waves=7), np.array([0.0, 0.2])
    query = drawn(2, system)
    for solver in (SineSeries(system), ThetaMethod(system, step=1 / 64, order=4)):
        for symmetry in system.symmetries:
            image = symmetry(query)
            assert not np.allclose(image["u"], query["u"])
            np.testing.assert_array_equal(image["diffusivity"], query["diffusivity"])
            one, other = (solver(q, times).values for q in (query, image))
            np.testing.assert_allclose(other["u"], symmetry(one)["u"], atol=1e-14)


def test_the_residual_of_the_exact_solution_falls_with_the_fourth_power_of_spacing_and_interval() -> None:
    query = waves_of(1.0, 0.5, -0.2, system=Heat(257), diffusivity=0.3)
    given = {"diffusivity": torch.from_numpy(query["diffusivity"])}

    def missing(points: int, interval: float) -> float:
        system = Heat(points)
        start = {**query, "u": query["u"][:, :: 256 // (points - 1)]}
        u = SineSeries(system)(start, 0.3 + interval * np.arange(-4, 5)).values["u"]
        parts = system.residual({"u": torch.from_numpy(u)}, given, interval=interval)
        assert not parts["walls"].any()
        assert parts["heat"].shape == (1, 9, points - 2)
        return float(parts["heat"][:, 4].abs().max())

    in_space = missing(33, 5e-4) / missing(65, 5e-4)
    in_time = missing(257, 0.01) / missing(257, 0.005)
    assert np.log2(in_space) == pytest.approx(4, abs=0.02)
    assert np.log2(in_time) == pytest.approx(4, abs=0.05)


def test_the_residual_is_the_equation_s_written_out_and_can_be_differentiated() -> None:
    system, length = Heat(9, length=2.0), 2.0
    x, t = np.linspace(0, length, 9), 0.5 * np.arange(5)
    # of polynomials of so low a degree nothing is lost
    u = np.multiply.outer(t**2, 1 + x**3)[None] + np.multiply.outer(t, x**5)[None]
    values = torch.from_numpy(u).requires_grad_()
    given = {"diffusivity": torch.tensor([0.3], dtype=torch.float64, requires_grad=True)}
    parts = system.residual({"u": values}, given, interval=0.5)
    wanted = 2 * t[:, None] * (1 + x**3) + x**5 - 0.3 * (6 * x * t[:, None] ** 2 + 20 * x**3 * t[:, None])
    mean = (wanted[:, :-2] + 10 * wanted[:, 1:-1] + wanted[:, 2:]) / 12
    np.testing.assert_allclose(parts["heat"][0].detach(), mean, atol=1e-10)
    np.testing.assert_array_equal(parts["walls"][0].detach(), u[0][:, [0, -1]])
    sum(part.square().sum() for part in parts.values()).backward()  # type: ignore[union-attr]
    assert values.grad is not None
    assert values.grad.all()
    assert given["diffusivity"].grad is not None
    assert given["diffusivity"].grad.all()
    for wrong, said in (({"interval": 0.0}, "interval"), ({"interval": 1.0}, "at least 2 times")):
        short = values if said == "interval" else values[:, :1]
        with pytest.raises(SolverError, match=said):
            system.residual({"u": short}, given, **wrong)


def test_starts_are_the_same_functions_on_every_grid() -> None:
    for waves in (0, 5):
        coarse, fine = (drawn(2, Heat(points, length=3.0, waves=waves))["u"] for points in (33, 129))
        np.testing.assert_allclose(fine[:, ::4], coarse, atol=1e-14)
        assert 0.98 < np.abs(fine).max() < 1.01
        assert not fine[:, [0, -1]].any()
    np.testing.assert_allclose(drawn(1, Heat(17))["u"][0], np.sin(np.pi * np.arange(17) / 16), atol=1e-15)
    spread = drawn(200, Heat(17, least_diffusivity=0.01, most_diffusivity=1.0))["diffusivity"]
    assert 0.01 < spread.min() < 0.012
    assert 0.9 < spread.max() < 1.0
    assert np.median(spread) == pytest.approx(0.1, rel=0.5)


def test_the_ladder_has_rungs_of_every_accuracy_each_with_its_own_name() -> None:
    system = Heat(65)
    query, times = drawn(1, system), np.array([0.5, 1.0]) * system.characteristic_time
    rungs = KIT.ladder(system)
    assert len({rung.label for rung in rungs}) == len(rungs) == 91
    assert rungs[0] == SineSeries(system)
    np.testing.assert_allclose(
        SineSeries(system)(query, times).values["u"][0, 1], query["u"][0] / math.e, atol=1e-15
    )
    exact = KIT.reference(system)(query, times).values["u"]
    errors = [np.abs(rung(query, times).values["u"] - exact).max() for rung in rungs[1::4]]
    assert min(errors) < 1e-7
    assert max(errors) > 1e-2


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 4},
        {"points": 33.0},
        {"length": -1.0},
        {"least_diffusivity": 0.0},
        {"least_diffusivity": 0.2, "most_diffusivity": 0.1},
        {"waves": 128},
        {"waves": -1},
        {"waves": 3.0},
    ],
)
def test_systems_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SolverError, match=next(iter(wrong)).rpartition("_")[2].removesuffix("y")):
        Heat(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"step": 0.0}, {"step": np.inf}, {"theta": 0.4}, {"theta": 1.1}, {"order": 3}, {"points": 4}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SolverError, match=f"{next(iter(wrong))} must be"):
        ThetaMethod(Heat(), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [SineSeries, ThetaMethod])
def test_what_cannot_be_answered_is_said_or_marked(kind: type) -> None:
    system = Heat(33)
    query, times = drawn(2, system), np.array([1.0])
    with pytest.raises(SolverError, match=r"diffusivity must be positive; it is not in samples \[1\]"):
        kind(system)({**query, "diffusivity": np.array([1.0, 0.0])}, times)
    for end in (0, -1):
        warm = query["u"].copy()
        warm[1, end] = 1e-3
        with pytest.raises(SolverError, match=r"u must be zero at both walls.*samples \[1\]"):
            kind(system)({**query, "u": warm}, times)
    huge = {**query, "u": query["u"] * np.array([[1.0], [1.5e308]])}
    solution = kind(system)(huge, times)
    assert solution.status.tolist() == [Status.SOLVED, Status.DIVERGED]
    assert np.isnan(solution.values["u"][1]).all()
    assert "1 of 2 samples are too large" in solution.notes[0]
    rest = kind(system)({**query, "u": np.zeros((2, 33))}, times)
    assert rest.solved.all()
    assert not rest.values["u"].any()
