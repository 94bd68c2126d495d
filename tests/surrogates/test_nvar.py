"""The autoregression finds the scheme that made its data, keeps its symmetries, and comes back from disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from known_dynamics import in_memory
from understudy.solvers.methods.exponential import adams_bashforth
from understudy.solvers.methods.lane_exponential import run_multistep
from understudy.solvers.methods.lane_tables import MultistepTables
from understudy.surrogates.mode_regression import ModeRegression
from understudy.surrogates.nvar import NVAR
from understudy.surrogates.surrogate import SurrogateError, load

POINTS, LENGTH, STEP = 32, 22.0, 1 / 16
K = 2 * np.pi / LENGTH * np.arange(POINTS // 2 + 1)
FACTOR = np.where(np.arange(POINTS // 2 + 1) < POINTS // 2, -0.5j * K, 0)


def scheme(order: int, forcing: np.ndarray | None = None) -> MultistepTables:
    """Adams-Bashforth for u_t + u u_x + u_xx + u_xxxx = forcing."""
    return MultistepTables.of(adams_bashforth(K**2 - K**4, STEP, order=order), FACTOR, forcing)


def trajectories(tables: MultistepTables, *, samples: int, frames: int, transient: int = 2000) -> np.ndarray:
    """Chaos on its attractor, made by this very scheme: (samples, frames, points)."""
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(samples, 1, 3))
    x = 2 * np.pi * np.arange(POINTS)[:, None] / POINTS
    start = np.cos(x * np.arange(1, 4) + phases).sum(axis=2)
    history = np.repeat(start[:, None], tables.history, axis=1)
    return run_multistep(history, tables, steps_per_frame=1, frames=transient + frames)[:, transient:]


@pytest.fixture(scope="module")
def chaos() -> np.ndarray:
    return trajectories(scheme(3), samples=8, frames=600)


@pytest.fixture(scope="module")
def learned(chaos: np.ndarray) -> NVAR:
    nvar = NVAR(NVAR.Settings(squares=3, delays=1, noise=(1e-12, 1e-10, 1e-8)))
    nvar.fit(in_memory(chaos[:6], STEP), in_memory(chaos[6:], STEP), seed=0)
    return nvar


def past(chaos: np.ndarray, frames: int) -> torch.Tensor:
    return torch.from_numpy(chaos[6:, :frames, None].copy())


def test_the_scheme_that_made_the_data_is_recovered(learned: NVAR) -> None:
    truth, moved = scheme(3), slice(1, 8)  # wavenumbers that the attractor excites strongly
    assert learned.tables is not None
    np.testing.assert_allclose(learned.tables.linear[:, moved], truth.linear[:, moved], rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        learned.tables.nonlinear[:, moved], truth.nonlinear[:, moved], rtol=0, atol=1e-6
    )


def test_its_forecast_follows_the_data_for_hundreds_of_steps(learned: NVAR, chaos: np.ndarray) -> None:
    forecast = learned.forecast(past(chaos, 3), 400).numpy()[:, :, 0]
    assert np.abs(forecast - chaos[6:, 3:403]).max() < 1e-4


def test_without_the_reflection_the_same_scheme_is_found(chaos: np.ndarray) -> None:
    nvar = NVAR(NVAR.Settings(squares=3, delays=1, noise=(1e-10,), reflection=False))
    record = nvar.fit(in_memory(chaos[:6], STEP), in_memory(chaos[6:], STEP), seed=0)
    assert record.validation_error < 1e-8
    assert nvar.tables is not None
    np.testing.assert_allclose(nvar.tables.linear[:, 1:6], scheme(3).linear[:, 1:6], rtol=0, atol=1e-6)


def test_a_steady_forcing_is_recovered_as_the_constant() -> None:
    forcing = np.zeros(POINTS // 2 + 1, dtype=complex)
    forcing[2] = 0.05 - 0.02j
    truth = scheme(2, forcing)
    frames = trajectories(truth, samples=6, frames=600)
    nvar = NVAR(NVAR.Settings(squares=2, delays=1, noise=(1e-10,), forced=True))
    nvar.fit(in_memory(frames[:5], STEP), in_memory(frames[5:], STEP), seed=0)
    assert nvar.tables is not None and nvar.tables.constant is not None and truth.constant is not None
    np.testing.assert_allclose(nvar.tables.constant[:8], truth.constant[:8], rtol=0, atol=1e-7)
    blind = NVAR(NVAR.Settings(squares=2, delays=1, noise=(1e-10,)))
    record = blind.fit(in_memory(frames[:5], STEP), in_memory(frames[5:], STEP), seed=0)
    assert record.validation_error > 1e-4


def test_a_forecast_of_the_shifted_or_reflected_field_is_the_shifted_or_reflected_forecast(
    learned: NVAR, chaos: np.ndarray
) -> None:
    start = past(chaos, 3)
    forecast = learned.forecast(start, 100)
    shifted = learned.forecast(torch.roll(start, 5, dims=-1), 100)
    np.testing.assert_allclose(shifted, torch.roll(forecast, 5, dims=-1), rtol=0, atol=1e-9)

    def mirror(field: torch.Tensor) -> torch.Tensor:
        return -torch.roll(torch.flip(field, dims=[-1]), 1, dims=-1)

    np.testing.assert_allclose(learned.forecast(mirror(start), 100), mirror(forecast), rtol=0, atol=1e-9)


def test_the_weights_minimise_the_squared_error_with_the_ridge_of_the_noise(chaos: np.ndarray) -> None:
    noise, mode, squares, delays = 1e-2, 3, 2, 2
    regression = ModeRegression(POINTS, delays=delays, squares=squares, reflection=True, forced=False)
    rows, targets = [], []
    for frames in chaos[:2]:
        regression.add(frames)
        v, s = np.fft.rfft(frames)[:, mode] / POINTS, np.fft.rfft(frames**2)[:, mode] / POINTS
        rows.append(np.stack([v[1:-1], v[:-2], 1j * s[1:-1], 1j * s[:-2]], axis=1))
        targets.append(v[2:])
    x, y = np.concatenate(rows), np.concatenate(targets)
    ridge = len(y) / POINTS * (noise * 1.3) ** 2 * np.array([1, 1, 4 * 1.3**2, 4 * 1.3**2])
    expected = np.linalg.solve((x.conj().T @ x).real + np.diag(ridge), (x.conj().T @ y).real)
    tables = regression.solve(noise, spread=1.3)
    np.testing.assert_allclose(tables.linear[:, mode], expected[:2], rtol=0, atol=1e-9)
    np.testing.assert_allclose(tables.nonlinear[:, mode], 1j * expected[2:], rtol=0, atol=1e-9)


def test_the_noise_with_the_best_validation_forecast_is_kept(chaos: np.ndarray) -> None:
    def error(noise: tuple[float, ...]) -> float:
        nvar = NVAR(NVAR.Settings(squares=3, delays=1, noise=noise))
        nvar.fit(in_memory(chaos[:6], STEP), in_memory(chaos[6:], STEP), seed=0)
        forecast = nvar.forecast(past(chaos, 3), 200).numpy()[:, :, 0]
        return float(np.abs(forecast - chaos[6:, 3:203]).max())

    assert error((1e-2, 1e-10, 1e-4)) == error((1e-10,)) < error((1e-4,)) < error((1e-2,))


def test_the_forecasts_that_choose_the_noise_begin_right_after_their_history(
    learned: NVAR, chaos: np.ndarray
) -> None:
    assert learned.tables is not None
    assert learned._misfit(learned.tables, chaos[6:, :100]) < -5
    shifted = np.roll(chaos[6:, :100], 1, axis=1)
    assert learned._misfit(learned.tables, shifted) > -3


def test_a_coarser_grid_inside_answers_on_the_full_grid(chaos: np.ndarray) -> None:
    fine = np.fft.irfft(np.fft.rfft(chaos), n=2 * POINTS) * 2
    nvar = NVAR(NVAR.Settings(points=POINTS, squares=3, delays=1, noise=(1e-10,)))
    nvar.fit(in_memory(fine[:6], STEP), in_memory(fine[6:], STEP), seed=0)
    forecast = nvar.forecast(past(fine, 3), 50).numpy()[:, :, 0]
    assert forecast.shape == (2, 50, 2 * POINTS)
    assert np.abs(forecast - fine[6:, 3:53]).max() < 1e-4


def test_a_grid_that_the_kernel_does_not_take_is_run_by_numpy_which_agrees_with_it(chaos: np.ndarray) -> None:
    from understudy.surrogates.nvar import _run_plainly

    tables, history = scheme(3), chaos[:3, :3].copy()
    plain = _run_plainly(history, tables, steps_per_frame=2, frames=10)
    compiled = run_multistep(history, tables, steps_per_frame=2, frames=10)
    np.testing.assert_allclose(plain, compiled, rtol=0, atol=1e-12)
    odd = np.fft.irfft(np.fft.rfft(chaos)[..., :15], n=28) * (28 / POINTS)
    nvar = NVAR(NVAR.Settings(squares=3, delays=1, noise=(1e-6,)))
    nvar.fit(in_memory(odd[:6], STEP), in_memory(odd[6:], STEP), seed=0)
    assert nvar.forecast(past(odd, 3), 20).isfinite().all()


def test_three_times_a_power_of_two_runs_in_the_kernel(
    chaos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    from understudy.surrogates import nvar as module

    monkeypatch.delattr(module, "_run_plainly")
    three = np.fft.irfft(np.fft.rfft(chaos)[..., :13], n=24) * (24 / POINTS)
    nvar = NVAR(NVAR.Settings(squares=3, delays=1, noise=(1e-6,)))
    nvar.fit(in_memory(three[:6], STEP), in_memory(three[6:], STEP), seed=0)
    assert nvar.forecast(past(three, 3), 20).isfinite().all()


def test_stepping_by_hand_gives_the_forecast(learned: NVAR, chaos: np.ndarray) -> None:
    start = past(chaos, 3)
    memory, state, by_hand = learned.warm_up(start[:, :-1]), start[:, -1], []
    for _ in range(4):
        state, memory = learned.step(state, memory)
        by_hand.append(state)
    np.testing.assert_allclose(torch.stack(by_hand, dim=1), learned.forecast(start, 4), rtol=0, atol=1e-12)


def test_it_comes_back_from_disk_and_forecasts_the_same_bits(
    learned: NVAR, chaos: np.ndarray, tmp_path: Path
) -> None:
    record = learned.fit(in_memory(chaos[:6], STEP), in_memory(chaos[6:], STEP), seed=0)
    learned.save(tmp_path, fingerprint="abc", record=record)
    loaded, _ = load(tmp_path, fingerprint="abc")
    assert loaded.settings == learned.settings
    assert torch.equal(loaded.forecast(past(chaos, 3), 50), learned.forecast(past(chaos, 3), 50))


def test_float32_forecasts_in_float32(learned: NVAR, chaos: np.ndarray) -> None:
    single = NVAR(learned.settings, dtype=torch.float32)
    single.interval, single.frame_shape = learned.interval, learned.frame_shape
    single.restore(learned.tensors())
    forecast = single.forecast(past(chaos, 3).float(), 20)
    assert forecast.dtype == torch.float32
    np.testing.assert_allclose(forecast, learned.forecast(past(chaos, 3), 20), rtol=0, atol=1e-4)


def test_what_cannot_be_done_is_said(learned: NVAR, chaos: np.ndarray) -> None:
    with pytest.raises(SurrogateError, match="learned nothing yet"):
        NVAR().tensors()
    with pytest.raises(SurrogateError, match="at least one delay"):
        NVAR.Settings(delays=0)
    with pytest.raises(SurrogateError, match="noise must be"):
        NVAR.Settings(noise=())
    with pytest.raises(SurrogateError, match="there is no device 'meta' here"):
        NVAR(device="meta")
    with pytest.raises(SurrogateError, match="needs 3 frames of history, got 2"):
        learned.forecast(past(chaos, 2), 1)
    with pytest.raises(SurrogateError, match=r"expected frames of shape \(1, 32\)"):
        learned.forecast(past(chaos[..., ::2], 3), 1)
    with pytest.raises(SurrogateError, match="too short for 8 delays"):
        NVAR().fit(in_memory(chaos[:2, :8], STEP), in_memory(chaos[6:], STEP), seed=0)
    with pytest.raises(SurrogateError, match="even number of points up to 32, got 64"):
        NVAR(NVAR.Settings(points=64)).fit(in_memory(chaos, STEP), in_memory(chaos, STEP), seed=0)
