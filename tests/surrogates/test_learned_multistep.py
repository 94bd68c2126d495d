"""The learned multistep scheme: its sensitivities are derivatives, and learning lengthens forecasts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from understudy.solvers.kuramoto_sivashinsky import ETDAB, KuramotoSivashinsky
from understudy.surrogates.learned_multistep import LearnedMultistep
from understudy.surrogates.multistep_sensitivity import Corrections, resampled, sensitivities
from understudy.surrogates.surrogate import SurrogateError, TrainingRecord, load

SYSTEM = KuramotoSivashinsky(22.0, 32)
INTERVAL = 1 / 8


class InMemory:
    """Trajectories (trajectories, frames, points) as a surrogate is given them."""

    axes = None

    def __init__(self, values: np.ndarray, interval: float) -> None:
        self.values, self.interval = values, interval
        self.frames, self.frame_shape = values.shape[1], (1, values.shape[2])

    def __len__(self) -> int:
        return len(self.values)

    def window(self, trajectory: int, start: int, frames: int) -> np.ndarray:
        return self.values[trajectory, start : start + frames][:, None]


def trajectories(count: int, frames: int, *, seed: int, step: float = 1 / 128) -> np.ndarray:
    generators = [np.random.default_rng([seed, i]) for i in range(count)]
    states = ETDAB(SYSTEM, step=1 / 32)(SYSTEM.draw(generators), np.array([150.0])).values["u"][:, -1]
    times = INTERVAL * np.arange(frames)
    return np.asarray(ETDAB(SYSTEM, step=step)({"u": states}, times).values["u"])


def settings(**changes: object) -> LearnedMultistep.Settings:
    plain: dict[str, object] = {
        "length": 22.0,
        "delays": 4,
        "classical_orders": (4,),
        "window": 10.0,
        "windows": 32,
        "trial": 60.0,
        "ridges": (1e6, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9),  # the first leaves the weights where they are
    }
    return LearnedMultistep.Settings(**{**plain, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def learned() -> tuple[LearnedMultistep, TrainingRecord]:
    surrogate = LearnedMultistep(settings())
    record = surrogate.fit(
        InMemory(trajectories(32, 90, seed=1), INTERVAL),  # type: ignore[arg-type]
        InMemory(trajectories(8, 500, seed=2), INTERVAL),  # type: ignore[arg-type]
        seed=0,
    )
    return surrogate, record


def classical() -> LearnedMultistep:
    surrogate = LearnedMultistep(settings())
    surrogate.interval, surrogate.frame_shape = INTERVAL, (1, 32)
    surrogate.scheme = surrogate._classical(32)[0]
    return surrogate


def end_error(scheme: object, windows: np.ndarray, steps: int) -> np.ndarray:
    """Transforms of truth minus forecast after `steps`, (windows, modes)."""
    forecast = scheme.run(windows[:, :4], steps, every=1)  # type: ignore[attr-defined]
    return np.asarray(np.fft.rfft(windows[:, 3 + steps] - forecast[:, -1]))


def test_the_factor_is_the_derivative_of_the_forecast_error() -> None:
    windows, steps = trajectories(3, 20, seed=3), 12
    scheme = classical().scheme
    assert scheme is not None
    corrections = Corrections.smooth(scheme, functions=3, cutoff=3.0, data=windows)
    factor = sensitivities(scheme, corrections, windows, checks=(steps,), advance=lambda n: None)
    base = end_error(scheme, windows, steps)
    size = np.sqrt((np.abs(base) ** 2).sum())
    assert np.linalg.norm(factor[:, -1]) == pytest.approx(size, rel=1e-2), "the last column is the error"
    for unknown in (0, 4, 11):
        weights = scheme.weights.copy()
        delay, function = divmod(unknown, 3)
        epsilon = 1e-8
        weights[delay] += epsilon * corrections.functions[function]
        moved = type(scheme)(scheme.points, scheme.wavenumbers, scheme.propagator, weights, scheme.flux)
        change = (end_error(moved, windows, steps) - base) / epsilon
        assert np.linalg.norm(factor[:, unknown]) == pytest.approx(np.linalg.norm(change), rel=1e-3)


def test_data_of_the_classical_scheme_itself_leave_no_error_to_learn_from() -> None:
    windows = trajectories(2, 20, seed=4, step=INTERVAL)
    scheme = classical().scheme
    assert scheme is not None
    corrections = Corrections.smooth(scheme, functions=3, cutoff=3.0, data=windows)
    factor = sensitivities(scheme, corrections, windows[:, 4:], checks=(8,), advance=lambda n: None)
    exact = corrections.solve(factor, ridge=1e-12)
    assert np.abs(exact.weights - scheme.weights).max() < 1e-9


def test_learning_makes_forecasts_more_accurate_than_the_classical_scheme(
    learned: tuple[LearnedMultistep, TrainingRecord],
) -> None:
    truth = trajectories(12, 300, seed=5)
    errors = []
    for surrogate in (classical(), learned[0]):
        history = torch.from_numpy(truth[:, :4, None])
        forecast = surrogate.forecast(history, 240)[:, :, 0].numpy()
        difference = np.sqrt(((forecast - truth[:, 4:244]) ** 2).mean(axis=2))
        errors.append(np.log(difference[:, 100:200]).mean())
    assert errors[1] < errors[0] - 0.5, f"mean log errors, classical and learned: {errors}"


def test_stepping_gives_what_forecasting_gives(learned: tuple[LearnedMultistep, TrainingRecord]) -> None:
    surrogate, record = learned
    history = torch.from_numpy(trajectories(2, 6, seed=6)[:, :, None])
    memory, state = surrogate.warm_up(history[:, :-1]), history[:, -1]
    for _ in range(5):
        state, memory = surrogate.step(state, memory)
    forecast = surrogate.forecast(history, 5, every=5)
    assert torch.allclose(forecast[:, 0], state, atol=1e-11)
    assert record.validation_error < 1e-3


def test_saved_and_loaded_it_forecasts_the_same_bits(
    learned: tuple[LearnedMultistep, TrainingRecord], tmp_path: Path
) -> None:
    surrogate, record = learned
    surrogate.save(tmp_path, fingerprint="abc", record=record)
    again, found = load(tmp_path, fingerprint="abc")
    history = torch.from_numpy(trajectories(3, 4, seed=7)[:, :, None])
    assert torch.equal(surrogate.forecast(history, 20), again.forecast(history, 20))
    assert found == record


def test_float32_forecasts_in_float32() -> None:
    surrogate = LearnedMultistep(settings(), dtype=torch.float32)
    base = classical()
    surrogate.interval, surrogate.frame_shape, surrogate.scheme = base.interval, base.frame_shape, base.scheme
    history = torch.from_numpy(trajectories(2, 4, seed=8)[:, :, None])
    low, high = surrogate.forecast(history, 8), base.forecast(history, 8)
    assert low.dtype == torch.float32
    assert 0 < (low.double() - high).abs().max() < 1e-3


def test_a_grid_of_three_times_a_power_of_two_serves_inside() -> None:
    from understudy.surrogates.nvar import _run_plainly

    surrogate = LearnedMultistep(settings(points=24))
    surrogate.interval, surrogate.frame_shape = INTERVAL, (1, 32)
    surrogate.scheme = surrogate._classical(24)[0]
    history = trajectories(2, 4, seed=9)
    forecast = surrogate.forecast(torch.from_numpy(history[:, :, None]), 16)[:, :, 0].numpy()
    inner = resampled(history, 24)
    wanted = _run_plainly(inner, surrogate.scheme.tables, steps_per_frame=1, frames=16)
    np.testing.assert_allclose(forecast, resampled(wanted, 32), rtol=0, atol=1e-12)


def test_resampling_is_exact_for_what_the_coarser_grid_holds() -> None:
    x = 2 * np.pi * np.arange(32) / 32
    wave = np.sin(3 * x + 0.3)[None]
    fine = resampled(wave, 64)
    assert np.allclose(fine[0, ::2], wave[0])
    assert np.allclose(resampled(fine, 32), wave)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": 28}, "points: the compiled kernel takes 16 to 4096 points .* got 28: use 24 or 32"),
        ({"points": 48}, "on frames of 32 points: .* takes 16 to 32 points .* got 48: use 32; set `points`"),
        ({"classical_orders": (7,)}, "classical_orders"),
        ({"classical_orders": (5,)}, "no room"),
        ({"window": 1e4}, "shorten"),
        ({"rounds": -1}, "rounds"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], message: str) -> None:
    data = InMemory(np.zeros((2, 30, 32)), INTERVAL)
    with pytest.raises(SurrogateError, match=message):
        LearnedMultistep(settings(**changes)).fit(data, data, seed=0)  # type: ignore[arg-type]


def test_a_forecast_before_learning_or_of_another_shape_is_refused() -> None:
    surrogate = LearnedMultistep(settings())
    with pytest.raises(SurrogateError, match="call `fit`"):
        surrogate.forecast(torch.zeros(1, 4, 1, 32), 3)
    base = classical()
    with pytest.raises(SurrogateError, match="frames of shape"):
        base.forecast(torch.zeros(1, 4, 1, 16), 3)
    base.scheme = None
    with pytest.raises(SurrogateError, match="not learned"):
        base.forecast(torch.zeros(1, 4, 1, 32), 3)
    with pytest.raises(SurrogateError, match="cpu"):
        LearnedMultistep(settings(), device="cuda")


def test_it_says_so_when_nothing_learned_is_better_than_the_classical_scheme() -> None:
    data = InMemory(trajectories(4, 60, seed=9, step=INTERVAL), INTERVAL)  # the classical scheme's own
    data.values = data.values[:, 4:]  # past its start
    surrogate = LearnedMultistep(settings(window=3.0, trial=4.0, ridges=(1e6,)))
    record = surrogate.fit(data, data, seed=0)  # type: ignore[arg-type]
    assert "classical weights were kept" in record.note
    assert surrogate.scheme is not None
    assert np.array_equal(surrogate.scheme.weights, surrogate._classical(32)[0].weights)


def test_without_rounds_of_learning_it_is_the_classical_scheme() -> None:
    data = InMemory(trajectories(4, 60, seed=9), INTERVAL)
    surrogate = LearnedMultistep(settings(window=3.0, rounds=0))
    record = surrogate.fit(data, data, seed=0)  # type: ignore[arg-type]
    assert surrogate.scheme is not None
    classical_weights = [scheme.weights for scheme in surrogate._classical(32)]
    assert any(np.array_equal(surrogate.scheme.weights, weights) for weights in classical_weights)
    assert record.note == ""


def test_learning_starts_from_the_classical_scheme_that_forecasts_best() -> None:
    data = InMemory(trajectories(4, 60, seed=9), INTERVAL)
    surrogate = LearnedMultistep(settings(delays=6, classical_orders=(3, 4, 5), window=3.0, ridges=(1e6,)))
    surrogate.fit(data, data, seed=0)  # type: ignore[arg-type]
    schemes = surrogate._classical(32)
    errors = [mean_log_error(scheme, data.values[:, :60]) for scheme in schemes]
    assert len(schemes) == 6, "two schemes of each order"
    assert surrogate.scheme is not None
    assert np.allclose(surrogate.scheme.weights, schemes[int(np.argmin(errors))].weights, atol=1e-6)


def mean_log_error(scheme: object, windows: np.ndarray) -> float:
    """Over all frames after the first six; a thousandfold error where it blew up."""
    forecast = scheme.run(windows[:, :6], windows.shape[1] - 6, every=1)  # type: ignore[attr-defined]
    with np.errstate(all="ignore"):
        size = np.sqrt(((windows[:, 6:] - forecast) ** 2).mean(axis=2))
    return float(np.log(np.where(size < 1e3, size, 1e3)).mean())


def test_a_second_round_of_learning_is_kept_only_where_it_helps(
    learned: tuple[LearnedMultistep, TrainingRecord],
) -> None:
    valid = trajectories(8, 480, seed=2)
    train = InMemory(trajectories(32, 90, seed=1), INTERVAL)
    misfits = []
    for rounds in (1, 3):
        surrogate = LearnedMultistep(settings(rounds=rounds))
        surrogate.fit(train, InMemory(valid, INTERVAL), seed=0)  # type: ignore[arg-type]
        assert surrogate.scheme is not None
        misfits.append(
            surrogate._misfit(surrogate.scheme, surrogate._validation_windows(InMemory(valid, INTERVAL)))
        )  # type: ignore[arg-type]
    assert misfits[1] <= misfits[0]
