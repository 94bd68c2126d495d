"""The equation of Allen and Cahn: its solvers, its truth from two runs, and its equations point by point."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.linalg import toeplitz
from understudy.solvers.allen_cahn import ETDAB, ETDRK4, AllenCahn, Krogstad
from understudy.solvers.burgers import Burgers
from understudy.solvers.contract import SolverError
from understudy.solvers.methods.compiled_spectral import CompiledEngine
from understudy.solvers.methods.fourier import derivative
from understudy.solvers.methods.plain_spectral import PlainEngine
from understudy.solvers.methods.spectral_solver import engine_of

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


@pytest.mark.parametrize(
    "points",
    # each is compiled
    [16, 64, *(pytest.param(points, marks=pytest.mark.slow) for points in (32, 48, 80, 256))],
)
@pytest.mark.parametrize("samples", [1, 3, 9])
@pytest.mark.parametrize("kind", [ETDRK4, Krogstad, ETDAB])
def test_the_two_engines_agree_on_cubes(kind: type, samples: int, points: int) -> None:
    system = AllenCahn(points, diffusivity=0.05, rate=3.0, waves=2)
    solver = kind(system, step=1 / 64)
    u = drawn(samples, system)["u"]
    fast, plain = engine_of(solver), engine_of(solver, compiled=False)
    assert (type(fast), type(plain)) == (CompiledEngine, PlainEngine)
    times = np.array([1 / 64, 0.3, 0.5])
    np.testing.assert_allclose(fast.frames(u, times), plain.frames(u, times), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "points"), [(Krogstad, 16), pytest.param(ETDAB, 64, marks=pytest.mark.slow)]
)
def test_in_single_precision_cubes_are_as_exact_as_that(kind: type, points: int) -> None:
    system = AllenCahn(points, diffusivity=0.05, rate=3.0, waves=2)
    fine, rough = (kind(system, step=1 / 64, dtype=dtype) for dtype in ("float64", "float32"))
    u = drawn(3, system)["u"]
    times = np.array([0.5])
    assert isinstance(engine_of(rough), CompiledEngine)
    np.testing.assert_allclose(engine_of(rough).frames(u, times), engine_of(fine).frames(u, times), atol=1e-5)


def test_higher_powers_run_on_the_plain_engine() -> None:
    assert CompiledEngine.can_run(64, "float64", 3)
    assert not CompiledEngine.can_run(64, "float64", 4)
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
