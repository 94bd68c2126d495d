"""What must hold whatever the scheme: known solutions, symmetries, and an independent integrator."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from understudy.solvers.kuramoto_sivashinsky import (
    CNAB2,
    ETDAB,
    ETDABM,
    ETDRK4,
    Krogstad,
    KuramotoSivashinsky,
)
from understudy.solvers.kuramoto_sivashinsky.exact import growth_rate
from understudy.solvers.kuramoto_sivashinsky.statistics import energy_budget, power_spectrum
from understudy.solvers.methods.fourier import resample
from understudy.solvers.methods.spectral_solver import SpectralSolver

SCHEMES = [ETDRK4, Krogstad, ETDAB, ETDABM, CNAB2]
Chaotic = tuple[KuramotoSivashinsky, NDArray[np.float64]]


def flow(solver: SpectralSolver, u: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    """The state after a time."""
    return solver({"u": u}, np.array([time])).values["u"][:, 0]


@pytest.mark.parametrize("kind", SCHEMES)
@pytest.mark.parametrize("wave", [1, 4, 7, 12])
def test_a_small_wave_grows_or_decays_at_its_known_rate(kind: type[SpectralSolver], wave: int) -> None:
    """At amplitude 1e-9 the second-order effects are 1e-18. Length 40 is off the unit scale."""
    system = KuramotoSivashinsky(40.0, 48)
    x = 2 * np.pi * np.arange(48) / 48
    rate = growth_rate(np.array(2 * np.pi / 40 * wave))
    time = 2.0 if rate > -3 else 0.5
    end = flow(kind(system, step=1 / 256), 1e-9 * np.cos(wave * x + 0.3)[None], time)[0]
    expected = 1e-9 * np.exp(rate * time) * np.cos(wave * x + 0.3)
    tolerance = 1e-3 if kind is CNAB2 else 1e-9
    np.testing.assert_allclose(end, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def method_of_lines(system: KuramotoSivashinsky, u: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    """SciPy's Radau on matrices that differentiate the interpolating series of the values at the points."""
    points = len(u)
    x = system.length * np.arange(points) / points
    # columns are derivatives of the periodic sinc at each node, from the sum of cosines that it is
    shift = 2 * np.pi / system.length * (x[:, None] - x[None, :])
    first, second, fourth = (np.zeros((points, points)) for _ in range(3))
    for k in range(1, points // 2 + 1):
        weight = (1 if k < points // 2 else 0.5) * 2 / points
        q = 2 * np.pi / system.length * k
        first -= weight * q * np.sin(k * shift) * (k < points // 2)
        second -= weight * q**2 * np.cos(k * shift)
        fourth += weight * q**4 * np.cos(k * shift)
    linear = second + fourth
    forcing = system.forcing * np.cos(2 * np.pi * x / system.forcing_wavelength)

    def right(t: float, v: NDArray[np.float64]) -> NDArray[np.float64]:
        return forcing - v * (first @ v) - linear @ v

    def jacobian(t: float, v: NDArray[np.float64]) -> NDArray[np.float64]:
        return -np.diag(first @ v) - v[:, None] * first - linear

    solved = solve_ivp(right, (0, time), u, method="Radau", jac=jacobian, rtol=1e-9, atol=1e-10)
    assert solved.success
    return np.asarray(solved.y[:, -1])


def test_an_independent_stiff_integrator_agrees() -> None:
    """It advances u u_x, not (u^2 / 2)_x, from matrices; 60 points resolve both forms to 1e-9."""
    system = KuramotoSivashinsky(18.0, 60, forcing=0.3, forcing_wavelength=9.0)
    x = 2 * np.pi * np.arange(60) / 60
    u = 0.2 + np.cos(x) - 0.5 * np.sin(2 * x) + 0.3 * np.cos(3 * x)
    expected = method_of_lines(system, u, 6.0)
    computed = flow(ETDAB(system, step=1 / 256, order=5), u[None], 6.0)[0]
    np.testing.assert_allclose(computed, expected, rtol=0, atol=2e-7)
    assert np.abs(expected).max() > 1


@pytest.mark.parametrize("kind", SCHEMES)
def test_symmetries(kind: type[SpectralSolver]) -> None:
    """Translation, reflection with change of sign, and a moving frame, all in one batch."""
    system = KuramotoSivashinsky(22.0, 48)
    (u,) = system.draw([np.random.default_rng(0)])["u"]
    solver = kind(system, step=1 / 32)
    speed, time = 2 * system.length / 48, 3.0  # so that the frame moves by six points
    starts = np.stack([u, np.roll(u, 5), -np.roll(u[::-1], 1), u + speed])
    plain, shifted, mirrored, moving = flow(solver, starts, time)
    np.testing.assert_allclose(shifted, np.roll(plain, 5), atol=1e-12)
    np.testing.assert_allclose(mirrored, -np.roll(plain[::-1], 1), atol=1e-12)
    # advection by the mean is left to the nonlinear term, so this one holds to the scheme's own error
    error = np.abs(moving - (np.roll(plain, 6) + speed)).max()
    assert error < {CNAB2: 2e-2}.get(kind, 2e-4)
    finer = kind(system, step=1 / 64)
    plain, moving = flow(finer, starts[[0, 3]], time)
    assert np.abs(moving - (np.roll(plain, 6) + speed)).max() < error / 3


def test_the_mean_is_conserved_and_a_sawtooth_dies(chaotic: Chaotic) -> None:
    """The Nyquist mode, which a textbook script leaves undamped, must vanish."""
    system, u = chaotic
    sawtooth = 0.1 * (-1.0) ** np.arange(64)
    end = flow(ETDRK4(system, step=1 / 16), u + 0.7 + sawtooth, 5.0)
    np.testing.assert_allclose(end.mean(axis=1), 0.7, atol=1e-13)
    assert np.abs(np.fft.rfft(end)[:, -1]).max() < 1e-9


@pytest.mark.parametrize("points", [128, pytest.param(192, marks=pytest.mark.slow)])
def test_the_residual_of_a_solution_falls_with_the_fourth_power_of_the_interval(points: int) -> None:
    system = KuramotoSivashinsky(50.0, points, forcing=0.05, forcing_wavelength=25.0)
    u = flow(ETDAB(system, step=1 / 32), system.draw([np.random.default_rng(0)])["u"], 60.0)
    sizes = []
    for interval in (1 / 8, 1 / 16, 1 / 32):
        times = interval * np.arange(1, round(2 / interval) + 1)
        solution = ETDAB(system, step=1 / 128, order=5)({"u": u}, times)
        residual = system.residual({"u": torch.from_numpy(solution.values["u"])}, {}, interval=interval)[
            "momentum"
        ]
        sizes.append(float(residual.abs().max()))
    assert sizes[-1] < 2e-6
    assert np.log2(sizes[0] / sizes[2]) / 2 == pytest.approx(4, abs=0.6)


def test_forcing_makes_the_state_that_was_made_for_it() -> None:
    """Weak forcing of a decaying wave ends in the linear answer mu cos(kx) / (k^4 - k^2), to second order."""
    system = KuramotoSivashinsky(6.0, 24, forcing=1e-5, forcing_wavelength=3.0)
    end = flow(ETDRK4(system, step=1 / 64), np.zeros((1, 24)), 20.0)[0]
    k = 2 * np.pi / 3
    expected = 1e-5 / (k**4 - k**2) * np.cos(k * 6.0 * np.arange(24) / 24)
    np.testing.assert_allclose(end, expected, atol=1e-11)


def test_the_energy_budget_closes() -> None:
    """The change of energy over ten time units is the integral of its rate."""
    system = KuramotoSivashinsky(50.0, 120, forcing=0.1, forcing_wavelength=25.0)
    times = np.arange(1, 321) / 32
    u = ETDAB(system, step=1 / 128)(system.draw([np.random.default_rng(i) for i in range(3)]), times).values[
        "u"
    ]
    budget = energy_budget(u, system)
    change = budget.energy[:, -1] - budget.energy[:, 0]
    # Simpson's rule needs an odd number of frames, the trapezoidal rule with end corrections does not
    rate = budget.rate
    integral = (rate.sum(axis=1) - (rate[:, 0] + rate[:, -1]) / 2) / 32
    slope = (rate[:, [1, -1]] - rate[:, [0, -2]]) * 32
    integral -= (slope[:, 1] - slope[:, 0]) / 12 / 32**2
    np.testing.assert_allclose(integral, change, atol=2e-4 * np.abs(budget.production).mean())
    assert np.abs(change).max() > 0.1
    assert np.abs(budget.forcing).max() > 1e-3


def test_production_and_dissipation_balance_on_the_attractor(chaotic: Chaotic) -> None:
    system, u = chaotic
    run = ETDAB(system, step=1 / 16)({"u": u}, np.arange(1.0, 401.0)).values["u"]
    budget = energy_budget(run, system)
    assert budget.production.mean() == pytest.approx(budget.dissipation.mean(), rel=5e-3)


def test_the_power_spectrum_adds_up_and_does_not_depend_on_the_grid(chaotic: Chaotic) -> None:
    system, u = chaotic
    white = np.random.default_rng(0).standard_normal((3, 2, 64))
    assert power_spectrum(white, system)[1].sum() == pytest.approx((white**2).mean(), rel=1e-12)
    wavenumbers, power = power_spectrum(u, system)
    assert wavenumbers[3] == pytest.approx(2 * np.pi * 3 / 22)
    _, finer = power_spectrum(resample(u, 96), system)
    np.testing.assert_allclose(finer[:32], power[:32], rtol=1e-6, atol=1e-22)
    assert power[-2] < 1e-14 * power.max()


@pytest.mark.slow
def test_a_run_to_20000_stays_on_the_attractor() -> None:
    """Where complex transforms blow up: the imaginary part of round-off must not grow."""
    system = KuramotoSivashinsky(22.0, 64)
    starts = system.draw([np.random.default_rng(i) for i in range(4)])
    for solver in (
        ETDRK4(system, step=1 / 4),
        ETDAB(system, step=1 / 16),
        ETDAB(system, step=1 / 16, points=48),
        ETDAB(system, step=1 / 16, points=52),
    ):
        solution = solver(starts, np.arange(100.0, 20001.0, 100.0))
        assert solution.solved.all()
        u = solution.values["u"]
        assert np.abs(u).max() < 4
        assert np.abs(u.mean(axis=2)).max() < 1e-11
        late, early = u[:, -50:].std(), u[:, 10:60].std()
        assert late == pytest.approx(early, rel=0.05)
