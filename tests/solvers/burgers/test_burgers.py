"""Burgers' equation: the quadrature against what is known, the spectral solvers against the quadrature."""

import numpy as np
import pytest
import torch
from scipy.special import roots_hermite
from understudy.solvers.burgers import ETDAB, ETDRK4, Burgers, ColeHopf
from understudy.solvers.burgers.exact import cole_hopf
from understudy.solvers.contract import Queries, SolverError, Status

SHARP = 0.01 / np.pi


def drawn(samples: int, system: Burgers) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def basdevant(x: np.ndarray, time: float, viscosity: float) -> np.ndarray:
    """From -sin(pi x), by Gauss-Hermite quadrature, as Basdevant et al. (1986) write it."""
    z, weights = roots_hermite(400)
    y = x[:, None] - np.sqrt(4 * viscosity * time) * z
    factor = weights * np.exp((1 - np.cos(np.pi * y)) / (2 * np.pi * viscosity) - 1 / (np.pi * viscosity))
    return np.asarray(-(np.sin(np.pi * y) * factor).sum(axis=1) / factor.sum(axis=1))


@pytest.mark.parametrize("time", [0.1, 0.3183, 1.0])
@pytest.mark.parametrize("viscosity", [SHARP, 0.05])
def test_the_quadrature_is_another_quadrature_s(time: float, viscosity: float) -> None:
    system = Burgers(128)
    found = cole_hopf(-np.sin(np.pi * system.places()), length=2.0, viscosity=viscosity, time=time)
    np.testing.assert_allclose(found, basdevant(system.places(), time, viscosity), atol=3e-11)


def test_a_small_wave_decays_off_the_unit_scale() -> None:
    x, k, viscosity, time = 7.0 * np.arange(64) / 64, 2 * np.pi * 3 / 7.0, 0.2, 0.4
    found = cole_hopf(1e-6 * np.sin(k * x), length=7.0, viscosity=viscosity, time=time)
    np.testing.assert_allclose(found, 1e-6 * np.exp(-viscosity * k**2 * time) * np.sin(k * x), atol=1e-12)


def test_in_a_moving_frame_the_same_happens_elsewhere() -> None:
    x, speed, time = 2.0 * np.arange(128) / 128, 0.75, 0.5
    still = cole_hopf(-np.sin(np.pi * x), length=2.0, viscosity=0.02, time=time)
    moving = cole_hopf(speed - np.sin(np.pi * x), length=2.0, viscosity=0.02, time=time)
    shift = round(speed * time * 64)
    assert shift == speed * time * 64
    np.testing.assert_allclose(moving, speed + np.roll(still, shift), atol=1e-12)


def test_the_spectral_solver_and_the_quadrature_agree() -> None:
    system = Burgers(64, least_viscosity=SHARP, most_viscosity=0.05, waves=3)
    query, times = drawn(4, system), np.array([0.2, 0.5, 1.0])
    truth = ColeHopf(system)(query, times)
    assert truth.solved.all()
    assert truth.error_estimate.max() < 1e-12
    found = ETDRK4(system, step=1 / 4096, points=2048)(query, times)
    np.testing.assert_allclose(found.values["u"], truth.values["u"], atol=2e-7)
    assert len(np.unique(query["viscosity"])) == 4
    fine = ETDAB(system, step=1 / 8192, points=2048, order=4)(query, times)
    np.testing.assert_allclose(fine.values["u"], truth.values["u"], atol=1e-9)


def test_rough_starts_are_known_as_well_as_smooth_ones() -> None:
    system, times = Burgers(64), np.array([0.01, 0.05])
    u = 0.01 * np.random.default_rng(0).standard_normal((20, 64))
    query = {"u": u - u.mean(axis=1, keepdims=True), "viscosity": np.full(20, 0.1)}
    truth = ColeHopf(system)(query, times)
    assert truth.solved.all()
    found = ETDRK4(system, step=1 / 4096, points=256)(query, times)
    np.testing.assert_allclose(found.values["u"], truth.values["u"], atol=1e-10)


def test_grids_need_not_divide_one_another() -> None:
    query, times = drawn(2, Burgers(100, least_viscosity=0.02, most_viscosity=0.02)), np.array([0.4])
    system = Burgers(100, least_viscosity=0.02, most_viscosity=0.02)
    found = ETDRK4(system, step=1 / 2048, points=256)(query, times)
    np.testing.assert_allclose(found.values["u"], ColeHopf(system)(query, times).values["u"], atol=1e-9)


def test_a_sample_s_viscosity_is_its_own() -> None:
    system = Burgers(128, least_viscosity=0.01, most_viscosity=0.1)
    query, times = drawn(3, system), np.array([0.5])
    solver = ETDRK4(system, step=1 / 512)
    together = solver(query, times).values["u"]
    for i in range(3):
        alone = solver({name: values[i : i + 1] for name, values in query.items()}, times).values["u"]
        np.testing.assert_allclose(together[i], alone[0], atol=1e-13)


@pytest.mark.parametrize(("kind", "order", "settings"), [(ETDRK4, 4, {}), (ETDAB, 3, {"order": 3})])
def test_half_the_step_leaves_what_the_order_says(kind: type, order: int, settings: dict[str, int]) -> None:
    system = Burgers(128, least_viscosity=0.02, most_viscosity=0.02)
    query, times = drawn(1, system), np.array([0.25])
    exact = ETDRK4(system, step=1 / 8192)(query, times).values["u"]
    errors = [
        np.abs(kind(system, step=1 / steps, **settings)(query, times).values["u"] - exact).max()
        for steps in (256, 512)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.3)


def test_the_mean_stays_energy_falls_and_odd_starts_stay_odd() -> None:
    system = Burgers(128, waves=4)
    query, times = drawn(3, system), np.linspace(0.1, 1.0, 6)
    u = ColeHopf(system)(query, times).values["u"]
    assert np.abs(system.invariants({"u": u})["mean"]).max() < 1e-13
    assert (np.diff((u**2).mean(axis=-1), axis=1) < 0).all()
    (mirrored,) = system.symmetries
    np.testing.assert_allclose(mirrored({"u": u})["u"], u, atol=1e-12)


def test_the_mirror_image_of_a_start_has_the_mirrored_answer() -> None:
    system = Burgers(64, least_viscosity=0.05, most_viscosity=0.05)
    query = {**drawn(1, system), "u": np.random.default_rng(0).standard_normal((1, 8)).repeat(8, axis=1)}
    query["u"] = np.real(np.fft.ifft(np.fft.fft(query["u"]) * (np.abs(np.fft.fftfreq(64, 1 / 64)) < 9)))
    (mirrored,) = system.symmetries
    one, other = (ColeHopf(system)(q, np.array([0.3])).values for q in (query, mirrored(query)))
    assert not np.allclose(mirrored(query)["u"], query["u"])
    np.testing.assert_allclose(other["u"], mirrored(one)["u"], atol=1e-12)


def test_the_residual_of_the_exact_solution_falls_with_the_fourth_power_of_the_interval() -> None:
    system = Burgers(128, least_viscosity=0.05, most_viscosity=0.05)
    query = drawn(1, system)
    sizes = []
    for interval in (0.01, 0.005):
        u = ColeHopf(system)(query, 0.1 + interval * np.arange(9)).values["u"]
        missing = system.residual(
            {"u": torch.from_numpy(u)}, {"viscosity": torch.from_numpy(query["viscosity"])}, interval=interval
        )["momentum"]
        sizes.append(float(missing[:, 4].abs().max()))
    assert np.log2(sizes[0] / sizes[1]) == pytest.approx(4, abs=0.3)


def test_starts_are_the_same_functions_on_every_grid() -> None:
    for waves in (0, 5):
        coarse, fine = (drawn(2, Burgers(points, waves=waves))["u"] for points in (64, 256))
        np.testing.assert_allclose(fine[:, ::4], coarse, atol=1e-13)
        assert 0.9 < np.abs(fine).max() < 1.02


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 7},
        {"length": -1.0},
        {"least_viscosity": 0.0},
        {"least_viscosity": 0.1, "most_viscosity": 0.05},
        {"waves": 200},
        {"waves": -1},
        {"waves": 3.0},
        {"points": 256.0},
    ],
)
def test_systems_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SolverError, match=next(iter(wrong)).rpartition("_")[2].removesuffix("y")):
        Burgers(**wrong)  # type: ignore[arg-type]


def test_what_cannot_be_answered_is_said_or_marked() -> None:
    system = Burgers(64)
    query: Queries = {"u": np.zeros((1, 64)), "viscosity": np.array([-1.0])}
    with pytest.raises(SolverError, match="viscosity must be positive"):
        ColeHopf(system)(query, np.array([1.0]))
    for fineness in (0.0, 0.5):
        with pytest.raises(SolverError, match="fineness"):
            ColeHopf(system, fineness=fineness)
    early = drawn(1, system), np.array([1e-30, 0.5])  # so narrow a weight wants too many nodes
    rough = ColeHopf(system)(*early)
    assert rough.status.tolist() == [Status.NOT_CONVERGED]
    assert np.isnan(rough.values["u"]).all()
    assert "are not known to 1e-10" in rough.notes[0]
    late = ColeHopf(system)({"u": np.full((1, 64), 0.5), "viscosity": np.array([1.0])}, np.array([1e9]))
    np.testing.assert_allclose(late.values["u"], 0.5)
    rest = ColeHopf(system)({"u": np.zeros((1, 64)), "viscosity": np.array([0.1])}, np.array([1.0]))
    assert rest.solved.all()
    assert np.array_equal(rest.values["u"], np.zeros((1, 1, 64)))
