"""The equation of Allen and Cahn: its solvers, its truth from two runs, and its equations point by point."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp
from scipy.linalg import toeplitz
from understudy.solvers.allen_cahn import ETDAB, ETDRK4, KIT, AllenCahn, Krogstad, TwoRuns
from understudy.solvers.allen_cahn.equations import rounding, standard_start
from understudy.solvers.burgers import Burgers
from understudy.solvers.contract import Queries, SolverError, Status
from understudy.solvers.methods.fourier import derivative
from understudy.solvers.methods.spectral_solver import engine_of
from understudy.solvers.pointwise import At, Pointwise

SMOOTH = AllenCahn(64, diffusivity=0.05, rate=3.0, waves=2)
"""Whose fronts 64 points hold to round-off."""


def drawn(samples: int, system: AllenCahn = SMOOTH) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def uniform(*values: float, points: int = 64) -> dict[str, np.ndarray]:
    return {"u": np.repeat(np.array(values)[:, None], points, axis=1)}


# the system ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 7},
        {"points": 6},
        {"points": 256.0},
        {"diffusivity": 0.0},
        {"diffusivity": np.inf},
        {"rate": -5.0},
        {"rate": np.nan},
        {"waves": -1},
        {"waves": 1024},
        {"waves": 3.0},
    ],
)
def test_systems_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SolverError, match=rf"{next(iter(wrong))}.* must be .* got"):
        AllenCahn(**wrong)  # type: ignore[arg-type]


def test_the_standard_start_is_that_of_the_literature() -> None:
    x = np.linspace(-1, 1, 128, endpoint=False)
    query = drawn(2, AllenCahn(128))
    np.testing.assert_allclose(query["u"], np.stack([x**2 * np.cos(np.pi * x)] * 2), atol=1e-15)
    assert AllenCahn().axes[0].values[0] == -1.0
    assert AllenCahn().parameters == {"points": 2048, "diffusivity": 1e-4, "rate": 5.0, "waves": 0}


def test_starts_are_the_same_functions_on_every_grid_and_one_in_size() -> None:
    coarse, fine = (drawn(3, AllenCahn(points, waves=5))["u"] for points in (64, 4096))
    np.testing.assert_allclose(fine[:, ::64], coarse, atol=1e-13)
    np.testing.assert_allclose(np.abs(fine).max(axis=1), 1.0, atol=1e-5)
    spectrum = np.abs(np.fft.rfft(fine)) / 4096
    assert spectrum[:, 1:6].min() > 1e-4
    assert np.delete(spectrum, np.arange(1, 6), axis=1).max() < 1e-15
    assert np.abs(coarse[0] - coarse[1]).max() > 0.1
    alone = AllenCahn(64, waves=5).draw([np.random.default_rng(1)])["u"]
    assert np.array_equal(alone[0], coarse[1])


# its solvers -----------------------------------------------------------------------------------------


def test_the_phases_and_nothing_stay_as_they_are() -> None:
    u = Krogstad(SMOOTH, step=1 / 64)(uniform(0.0, 1.0, -1.0), np.array([0.3, 5.0])).values["u"]
    assert np.array_equal(u[0], np.zeros((2, 64)))
    np.testing.assert_allclose(u[1], 1.0, atol=1e-13)
    np.testing.assert_allclose(u[2], -1.0, atol=1e-13)


@pytest.mark.parametrize(("kind", "close"), [(ETDRK4, 1e-9), (Krogstad, 1e-9), (ETDAB, 1e-7)])
def test_what_is_uniform_grows_as_is_known(kind: type, close: float) -> None:
    first, times = np.array([0.3, -0.7, 1.5, 1e-6]), np.array([0.2, 1.0])
    u = kind(SMOOTH, step=1 / 640)(uniform(*first), times).values["u"]
    grown = np.exp(SMOOTH.rate * times) * first[:, None]
    known = grown / np.sqrt(1 + first[:, None] ** 2 * (np.exp(2 * SMOOTH.rate * times) - 1))
    np.testing.assert_allclose(u, np.repeat(known[..., None], 64, axis=2), rtol=close)


def test_a_wave_so_small_that_its_cube_is_nothing_grows_and_decays_as_linear_waves_do() -> None:
    x, times = SMOOTH.places(), np.array([0.25, 0.5])
    first = 1e-7 * np.stack([np.cos(np.pi * x), np.sin(8 * np.pi * x)])
    u = Krogstad(SMOOTH, step=1 / 16)({"u": first}, times).values["u"]
    rates = SMOOTH.rate - SMOOTH.diffusivity * (np.pi * np.array([1, 8])) ** 2
    assert rates[0] > 0 > rates[1]
    known = np.exp(rates[:, None] * times)[..., None] * first[:, None]
    np.testing.assert_allclose(u, known, atol=1e-19)


def test_an_integrator_and_a_derivative_of_another_kind_agree() -> None:
    query, times = drawn(1), np.array([0.3, 1.0])
    # Trefethen's matrix of second derivatives (Spectral Methods in MATLAB, 2000, chapter 3), for length 2
    h, j = 2 * np.pi / 64, np.arange(1, 64)
    row = np.r_[-(np.pi**2) / (3 * h**2) - 1 / 6, -0.5 * (-1.0) ** j / np.sin(h * j / 2) ** 2]
    matrix = SMOOTH.diffusivity * np.pi**2 * toeplitz(row)
    found = solve_ivp(
        lambda _, u: matrix @ u + SMOOTH.rate * (u - u * u * u),
        (0.0, 1.0),
        query["u"][0],
        method="DOP853",
        t_eval=times,
        rtol=1e-11,
        atol=1e-12,
    ).y.T
    answer = Krogstad(SMOOTH, step=1 / 512)(query, times).values["u"][0]
    np.testing.assert_allclose(answer, found, atol=1e-9)
    assert np.abs(answer[1] - answer[0]).max() > 0.1


@pytest.mark.parametrize(
    ("kind", "order", "settings"), [(ETDRK4, 4, {}), (Krogstad, 4, {}), (ETDAB, 3, {"order": 3})]
)
def test_half_the_step_leaves_what_the_order_says(kind: type, order: int, settings: dict[str, int]) -> None:
    query, times = drawn(2), np.array([0.5])
    exact = Krogstad(SMOOTH, step=1 / 1024)(query, times).values["u"]
    errors = [
        np.abs(kind(SMOOTH, step=1 / steps, **settings)(query, times).values["u"] - exact).max()
        for steps in (64, 128)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)


def test_a_grid_that_holds_the_fronts_is_as_good_as_a_finer_one() -> None:
    query, times = drawn(2), np.array([1.0])
    coarse, fine = (Krogstad(SMOOTH, step=1 / 64, points=n)(query, times).values["u"] for n in (64, 128))
    np.testing.assert_allclose(coarse, fine, atol=1e-12)


def test_a_batch_is_answered_as_one_at_a_time() -> None:
    query, times = drawn(3), np.array([0.5])
    together = Krogstad(SMOOTH, step=1 / 64)(query, times).values["u"]
    for i in range(3):
        alone = Krogstad(SMOOTH, step=1 / 64)({"u": query["u"][i : i + 1]}, times).values["u"]
        np.testing.assert_allclose(together[i], alone[0], atol=1e-14)


def test_a_cube_runs_on_the_plain_engine_also_on_grids_that_the_compiled_one_takes() -> None:
    assert type(engine_of(Krogstad(SMOOTH))).__name__ == "PlainEngine"
    assert type(engine_of(Krogstad(Burgers(64)), 0.1)).__name__ == "CompiledEngine"


# laws ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1], ids=["mirrored", "turned"])
def test_the_image_of_a_start_has_the_image_of_its_answer(which: int) -> None:
    query, image = drawn(2), SMOOTH.symmetries[which]
    assert np.abs(image(query)["u"] - query["u"]).max() > 0.1
    one, other = (Krogstad(SMOOTH, step=1 / 64)(q, np.array([0.4])).values for q in (query, image(query)))
    np.testing.assert_allclose(other["u"], image(one)["u"], atol=1e-13)


def test_images_are_of_fields_named_u_and_of_no_others() -> None:
    x = SMOOTH.places()
    values = {"u": np.exp(np.sin(np.pi * x))[None], "history/0.1/u": np.sin(np.pi * x)[None], "other": x}
    mirrored, turned = (image(values) for image in SMOOTH.symmetries)
    np.testing.assert_allclose(mirrored["u"][0], np.exp(-np.sin(np.pi * x)), atol=1e-14)
    np.testing.assert_allclose(mirrored["history/0.1/u"][0], -np.sin(np.pi * x), atol=1e-14)
    assert np.array_equal(turned["history/0.1/u"], -values["history/0.1/u"])
    assert mirrored["other"] is x
    assert turned["other"] is x


def test_free_energy_falls() -> None:
    u = Krogstad(SMOOTH, step=1 / 64)(drawn(4), np.linspace(0, 3.0, 13)).values["u"]
    slope = derivative(u, length=2.0)
    energy = (0.5 * SMOOTH.diffusivity * slope**2 + 0.25 * SMOOTH.rate * (u**2 - 1) ** 2).mean(axis=-1)
    assert (np.diff(energy, axis=1) < 0).all()
    assert (energy[:, -1] < 0.9 * energy[:, 0]).all()


def test_nothing_is_conserved() -> None:
    assert SMOOTH.invariants({"u": np.zeros((1, 2, 64))}) == {}


def residual_of(system: AllenCahn, u: np.ndarray, interval: float) -> np.ndarray:
    found = system.residual({"u": torch.from_numpy(u)}, {}, interval=interval)
    return found["momentum"][:, 2:-2].numpy()


def test_the_residual_of_an_answer_falls_with_the_fourth_power_of_the_interval() -> None:
    sizes = []
    for interval in (0.01, 0.005):
        u = Krogstad(SMOOTH, step=1 / 800)(drawn(2), 0.3 + interval * np.arange(-2, 3)).values["u"]
        sizes.append(float(np.abs(residual_of(SMOOTH, u, interval)).max()))
    assert sizes[1] < 3e-6
    assert np.log2(sizes[0] / sizes[1]) == pytest.approx(4, abs=0.2)


def test_the_residual_of_another_equation_s_answer_is_what_the_equations_differ_by() -> None:
    interval, times = 0.002, 0.3 + 0.002 * np.arange(5)
    u = Krogstad(SMOOTH, step=1 / 500)(drawn(2), times).values["u"]
    wrong = AllenCahn(64, diffusivity=0.08, rate=2.0)
    expected = -0.03 * derivative(u, length=2.0, order=2) + 1.0 * (u - u**3)
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(residual_of(wrong, u, interval), expected[:, 2:-2], atol=1e-7)


# truth from two runs ---------------------------------------------------------------------------------


def two_runs(tolerance: float, system: AllenCahn = SMOOTH, steps: tuple[int, int] = (32, 64)) -> TwoRuns:
    coarse, fine = (Krogstad(system, step=1 / n) for n in steps)
    return TwoRuns(system, coarse=coarse, fine=fine, tolerance=tolerance)


def test_the_estimate_covers_what_is_wrong_and_is_no_wild_guess() -> None:
    query, times = drawn(4), np.array([0.25, 0.5, 1.0])
    found = two_runs(1e-3)(query, times)
    assert found.solved.all()
    truth = Krogstad(SMOOTH, step=1 / 1024)(query, times).values["u"]
    coarse = Krogstad(SMOOTH, step=1 / 32)(query, times).values["u"]
    scale = np.sqrt((truth**2).mean(axis=(1, 2)))
    wrong, apart = (
        np.sqrt(((found.values["u"] - other) ** 2).mean(axis=2)).max(axis=1) / scale
        for other in (truth, coarse)
    )
    assert (wrong < 0.2 * found.error_estimate).all()
    np.testing.assert_allclose(found.error_estimate, apart, rtol=1e-4)


def test_the_answer_is_the_fine_run_s() -> None:
    query, times = drawn(2), np.array([0.5])
    fine = Krogstad(SMOOTH, step=1 / 64)(query, times).values["u"]
    assert np.array_equal(two_runs(1e-3)(query, times).values["u"], fine)


def test_a_sample_that_is_not_known_well_enough_is_no_truth_and_the_others_are() -> None:
    query: Queries = {"u": np.concatenate([drawn(1)["u"], np.zeros((1, 64))])}
    found = two_runs(1e-12)(query, np.array([0.5]))
    assert found.status.tolist() == [Status.NOT_CONVERGED, Status.SOLVED]
    assert np.isnan(found.values["u"][0]).all()
    assert np.array_equal(found.values["u"][1], np.zeros((1, 64)))
    assert found.error_estimate[0] > 1e-12 > found.error_estimate[1] == 0
    assert found.notes == ("1 of 2 samples are not known to 1e-12; refine both runs",)


def test_a_run_that_becomes_infinite_is_said_to_have() -> None:
    query: Queries = {"u": np.concatenate([drawn(1)["u"], 1e3 * drawn(1)["u"]])}
    found = two_runs(0.1, steps=(16, 32))(query, np.array([2.0]))
    assert found.status.tolist() == [Status.SOLVED, Status.DIVERGED]
    assert np.isnan(found.values["u"][1]).all()
    assert found.error_estimate[1] == np.inf
    assert "became infinite" in found.notes[0]


def test_no_samples_have_no_answers_and_no_error() -> None:
    query, times = {"u": np.zeros((0, 64))}, np.array([0.1, 0.2])
    assert Krogstad(SMOOTH, step=1 / 16)(query, times).values["u"].shape == (0, 2, 64)

    assert two_runs(0.1)(query, times).values["u"].shape == (0, 2, 64)


def test_a_reference_of_other_systems_or_without_a_tolerance_is_refused() -> None:
    fine, other = Krogstad(SMOOTH, step=1 / 64), Krogstad(AllenCahn(64, rate=4.0), step=1 / 32)
    for runs in ({"coarse": other, "fine": fine}, {"coarse": fine, "fine": other}):
        with pytest.raises(SolverError, match="same system"):
            TwoRuns(SMOOTH, **runs)
    with pytest.raises(SolverError, match="same system"):
        TwoRuns(other.system, coarse=fine, fine=fine)
    for tolerance in (0.0, -1.0, np.nan):
        with pytest.raises(SolverError, match="tolerance must be positive"):
            two_runs(tolerance)


def test_the_kit_s_reference_refines_step_and_grid_and_says_so() -> None:
    reference = KIT.reference(SMOOTH)
    assert isinstance(reference, TwoRuns)
    coarse, fine = reference.coarse, reference.fine
    assert isinstance(coarse, Krogstad)
    assert isinstance(fine, Krogstad)
    assert (fine.step, fine.grid_points) == (0.5 * coarse.step, 2 * coarse.grid_points)
    assert reference.label == f"Reference {fine.label}"
    assert reference.settings["coarse"] == coarse.settings
    assert len({solver.label for solver in KIT.ladder(SMOOTH)}) == len(KIT.ladder(SMOOTH))


# point by point --------------------------------------------------------------------------------------


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
