"""What every surrogate promises, asked of each that discovery finds."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_memory
from understudy.datasets.durable import leftovers
from understudy.solvers.kuramoto_sivashinsky import ETDAB, KuramotoSivashinsky
from understudy.surrogates.surrogate import (
    Surrogate,
    SurrogateError,
    TrainingRecord,
    find_surrogate,
    load,
    surrogate_names,
)

POINTS, INTERVAL, STEPS = 32, 1 / 8, 12
TRAIN = {"steps": 40, "batch": 16, "check_every": 20}
SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"channels": 3, "width": 5, "training": TRAIN},
    "esn": {"nodes": 60, "warm_up": 10},
    "learned_multistep": {
        "length": 22.0,
        "delays": 4,
        "classical_orders": (4,),
        "window": 8.0,
        "windows": 8,
        "trial": 10.0,
    },
    "mlp": {"hidden": (16,), "training": TRAIN},
    "nvar": {"noise": (1e-4,)},
    "parallel_reservoirs": {"nodes": 60, "warm_up": 10, "samples": 500},
    "reservoir": {"nodes": 60, "warm_up": 10},
    "resnet": {"channels": 3, "width": 5, "blocks": 2, "training": TRAIN},
}
"""Settings that make a small model; a surrogate that is not named here is tried with its defaults."""

DETERMINISTIC_BATCH = 1e-9
"""What a batch may differ from its samples one at a time after `STEPS` steps: the order of sums."""


def settings(kind: type[Surrogate], name: str) -> Any:
    """The defaults, shrunk; settings within settings are given as what changes in them."""
    chosen = kind.Settings()
    for field, value in SMALL.get(name, {}).items():
        inner = getattr(chosen, field)
        new = dataclasses.replace(inner, **value) if isinstance(value, dict) else value
        chosen = dataclasses.replace(chosen, **{field: new})
    return chosen


def chaos(samples: int, frames: int, seed: int) -> np.ndarray:
    """Short trajectories on an attractor: (samples, frames, points)."""
    system = KuramotoSivashinsky(22.0, POINTS)
    queries = system.draw([np.random.default_rng([seed, i]) for i in range(samples)])
    times = 150.0 + INTERVAL * np.arange(frames)
    return np.asarray(ETDAB(system, step=1 / 32)(queries, times).values["u"])


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    return chaos(8, 120, seed=0), chaos(4, 120, seed=1)


def fitted(name: str, data: tuple[np.ndarray, np.ndarray], **how: Any) -> tuple[Surrogate, TrainingRecord]:
    kind = find_surrogate(name)
    surrogate = kind(settings(kind, name), **how)
    train, valid = data
    return surrogate, surrogate.fit(in_memory(train, INTERVAL), in_memory(valid, INTERVAL), seed=3)


@pytest.fixture(scope="module", params=surrogate_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def trained(name: str, data: tuple[np.ndarray, np.ndarray]) -> tuple[Surrogate, TrainingRecord]:
    return fitted(name, data)


def history(surrogate: Surrogate, data: tuple[np.ndarray, np.ndarray]) -> torch.Tensor:
    """The past of three test starts, just as long as the surrogate asks for."""
    past = data[1][:3, : surrogate.history_frames, None]
    assert past.shape[1] == surrogate.history_frames, "the toy trajectories are too short for this surrogate"
    return torch.from_numpy(past.copy()).to(surrogate.dtype)


def test_discovery_finds_the_surrogates() -> None:
    assert {"climatology", "cnn", "mlp", "persistence", "reservoir", "resnet"} <= set(surrogate_names())
    assert set(SMALL) <= set(surrogate_names())


def test_its_defaults_are_a_frozen_dataclass(name: str) -> None:
    chosen = find_surrogate(name).Settings()
    assert dataclasses.is_dataclass(chosen)
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen.anything = 1


def test_it_refuses_the_settings_of_another(name: str) -> None:
    @dataclasses.dataclass(frozen=True)
    class Foreign:
        pass

    with pytest.raises(SurrogateError, match="Foreign"):
        find_surrogate(name)(Foreign())


def test_it_refuses_to_forecast_or_be_saved_before_it_has_learned(
    name: str, data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    kind = find_surrogate(name)
    surrogate = kind(settings(kind, name))
    with pytest.raises(SurrogateError, match="fit"):
        surrogate.forecast(torch.from_numpy(data[1][:1, :100, None].copy()), 1)
    record = TrainingRecord(seconds=1.0, samples=1, epochs=1, validation_error=1.0)
    with pytest.raises(SurrogateError, match="fit"):
        surrogate.save(tmp_path, fingerprint="a" * 64, record=record)
    assert not list(tmp_path.iterdir())


def test_its_record_says_what_training_cost(trained: tuple[Surrogate, TrainingRecord]) -> None:
    surrogate, record = trained
    assert record.finished
    assert record.seconds > 0
    assert 0 <= record.samples <= 8 * 120
    assert 0 < record.validation_error < 2
    assert surrogate.interval == INTERVAL
    assert surrogate.frame_shape == (1, POINTS)


def test_its_forecast_has_the_promised_shape_dtype_and_device(
    trained: tuple[Surrogate, TrainingRecord], data: tuple[np.ndarray, np.ndarray]
) -> None:
    surrogate, _ = trained
    forecast = surrogate.forecast(history(surrogate, data), STEPS)
    assert forecast.shape == (3, STEPS, 1, POINTS)
    assert forecast.dtype == surrogate.dtype
    assert forecast.device.type == surrogate.device.type
    assert torch.isfinite(forecast).all()
    assert not forecast.requires_grad


def test_every_nth_frame_is_every_nth_frame(
    trained: tuple[Surrogate, TrainingRecord], data: tuple[np.ndarray, np.ndarray]
) -> None:
    surrogate, _ = trained
    past = history(surrogate, data)
    everything = surrogate.forecast(past, STEPS)
    some = surrogate.forecast(past, STEPS, every=5)
    assert some.shape[1] == STEPS // 5
    torch.testing.assert_close(some, everything[:, 4::5], rtol=0, atol=1e-12)


def test_a_forecast_leaves_its_history_alone_and_can_be_repeated(
    trained: tuple[Surrogate, TrainingRecord], data: tuple[np.ndarray, np.ndarray]
) -> None:
    surrogate, _ = trained
    past = history(surrogate, data)
    before = past.clone()
    first = surrogate.forecast(past, STEPS)
    assert torch.equal(past, before)
    assert torch.equal(surrogate.forecast(past, STEPS), first)


def test_a_batch_equals_its_samples_one_at_a_time(
    trained: tuple[Surrogate, TrainingRecord], data: tuple[np.ndarray, np.ndarray]
) -> None:
    surrogate, _ = trained
    past = history(surrogate, data)
    together = surrogate.forecast(past, STEPS)
    apart = torch.cat([surrogate.forecast(past[i : i + 1], STEPS) for i in range(3)])
    torch.testing.assert_close(together, apart, rtol=0, atol=DETERMINISTIC_BATCH)


def test_it_comes_back_from_disk_with_the_same_forecast_bit_for_bit(
    name: str,
    trained: tuple[Surrogate, TrainingRecord],
    data: tuple[np.ndarray, np.ndarray],
    tmp_path: Path,
) -> None:
    surrogate, record = trained
    surrogate.save(tmp_path, fingerprint="a" * 64, record=record)
    assert not leftovers(tmp_path)
    back, recorded = load(tmp_path, fingerprint="a" * 64)
    assert type(back) is find_surrogate(name)
    assert back.settings == surrogate.settings
    assert (back.interval, back.frame_shape) == (surrogate.interval, surrogate.frame_shape)
    assert back.history_frames == surrogate.history_frames
    assert recorded == record
    past = history(surrogate, data)
    assert torch.equal(back.forecast(past, STEPS), surrogate.forecast(past, STEPS))


def test_it_refuses_another_set(trained: tuple[Surrogate, TrainingRecord], tmp_path: Path) -> None:
    surrogate, record = trained
    surrogate.save(tmp_path, fingerprint="a" * 64, record=record)
    with pytest.raises(SurrogateError, match=r"aaaa.*bbbb.*train it again"):
        load(tmp_path, fingerprint="b" * 64)


def test_the_same_seed_learns_the_same(
    name: str, trained: tuple[Surrogate, TrainingRecord], data: tuple[np.ndarray, np.ndarray]
) -> None:
    first, (again, _) = trained[0].tensors(), fitted(name, data)
    second = again.tensors()
    assert first.keys() == second.keys()
    for key in first:
        assert torch.equal(first[key], second[key]), key


def test_single_precision_stays_single(name: str, data: tuple[np.ndarray, np.ndarray]) -> None:
    surrogate, _ = fitted(name, data, dtype=torch.float32)
    forecast = surrogate.forecast(history(surrogate, data), 3)
    assert forecast.dtype == torch.float32
    assert torch.isfinite(forecast).all()


def test_learning_does_not_touch_the_global_random_state(
    name: str, data: tuple[np.ndarray, np.ndarray]
) -> None:
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 (this is the state in question)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    fitted(name, data)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
