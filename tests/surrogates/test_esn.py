"""reservoirpy's networks in a surrogate's place."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from known_dynamics import in_memory, lorenz96
from understudy.surrogates.esn import ESN
from understudy.surrogates.surrogate import SurrogateError, load

reservoirpy = pytest.importorskip("reservoirpy")

SMALL = ESN.Settings(nodes=120, warm_up=10, ridge=1e-5, connectivity=0.1, input_connectivity=0.3)
CHAOS = lorenz96(trajectories=4, frames=400, points=6, seed=0)


def history(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frames[:, :, None].copy())


def fitted(settings: ESN.Settings) -> ESN:
    surrogate = ESN(settings)
    surrogate.fit(in_memory(CHAOS[:3]), in_memory(CHAOS[3:]), seed=0)
    return surrogate


@pytest.mark.parametrize("direct", [False, True])
def test_forecasts_are_those_of_the_model_run_by_hand(direct: bool) -> None:
    surrogate = fitted(dataclasses.replace(SMALL, direct=direct))
    found = surrogate.forecast(history(CHAOS[2:, :11]), 5)[1, :, 0].numpy()
    surrogate.model.reset()
    value = surrogate.model.run((CHAOS[3, :11] - surrogate.mean) / surrogate.spread)[-1]
    expected = [value]
    for _ in range(4):
        value = surrogate.model.step(value)
        expected.append(value)
    np.testing.assert_allclose(
        np.stack(expected) * surrogate.spread + surrogate.mean, found, rtol=0, atol=1e-10
    )


def test_it_learns_better_than_persistence() -> None:
    surrogate = ESN(SMALL)
    record = surrogate.fit(in_memory(CHAOS[:3]), in_memory(CHAOS[3:]), seed=0)
    series = (CHAOS[3] - surrogate.mean) / surrogate.spread
    persistence = np.sqrt(((series[11:] - series[10:-1]) ** 2).sum() / (series[11:] ** 2).sum())
    assert record.validation_error < 0.3 * persistence
    assert record.samples == 3 * (400 - 1 - 10)


def test_a_model_of_ones_own_is_trained_as_it_is_and_with_feedback_too() -> None:
    for feedback in (False, True):
        mine = reservoirpy.ESN(units=50, sr=0.5, input_scaling=0.05, ridge=1e-4, feedback=feedback, seed=1)
        surrogate = ESN.wrap(mine, warm_up=10)
        record = surrogate.fit(in_memory(CHAOS[:3]), in_memory(CHAOS[3:]), seed=0)
        assert surrogate.model is mine
        assert np.isfinite(record.validation_error)
        past = history(CHAOS[2:, :11])
        together = surrogate.forecast(past, 4)
        alone = surrogate.forecast(past[1:], 4)
        assert torch.equal(together[1:], alone)


def test_a_model_that_was_trained_elsewhere_forecasts_at_once() -> None:
    mine = reservoirpy.ESN(units=50, sr=0.5, input_scaling=0.05, ridge=1e-4, seed=1)
    mine.fit(CHAOS[0, :-1], CHAOS[0, 1:], warmup=10)
    surrogate = ESN.wrap(mine, warm_up=10, interval=0.25, frame_shape=(1, 6))
    mine.reset()
    expected = mine.run(CHAOS[3, :11])[-1]
    found = surrogate.forecast(history(CHAOS[3:, :11]), 1)[0, 0, 0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("direct", [False, True])
def test_it_comes_back_from_disk_and_forecasts_the_same_bits(direct: bool, tmp_path: Path) -> None:
    surrogate = ESN(dataclasses.replace(SMALL, direct=direct))
    record = surrogate.fit(in_memory(CHAOS[:3]), in_memory(CHAOS[3:]), seed=0)
    surrogate.save(tmp_path, fingerprint="abc", record=record)
    loaded, _ = load(tmp_path, fingerprint="abc")
    past = history(CHAOS[2:, :11])
    assert torch.equal(loaded.forecast(past, 20), surrogate.forecast(past, 20))


def test_a_model_that_cannot_be_saved_says_so() -> None:
    mine = reservoirpy.ESN(units=20, feedback=True, ridge=1e-3, seed=1)
    surrogate = ESN.wrap(mine, warm_up=10)
    surrogate.fit(in_memory(CHAOS[:1]), in_memory(CHAOS[3:]), seed=0)
    with pytest.raises(SurrogateError, match="without feedback"):
        surrogate.tensors()
    other = ESN.wrap(reservoirpy.ESN(units=20, activation="relu", sr=0.1, ridge=1.0, seed=1), warm_up=10)
    other.fit(in_memory(CHAOS[:1]), in_memory(CHAOS[3:]), seed=0)
    with pytest.raises(SurrogateError, match="with tanh"):
        other.tensors()


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(SurrogateError, match="learned nothing yet"):
        ESN(SMALL).forecast(history(CHAOS[3:, :11]), 1)
    with pytest.raises(SurrogateError, match="no longer than the 10 of warm-up"):
        ESN(SMALL).fit(in_memory(CHAOS[:1, :11]), in_memory(CHAOS[3:]), seed=0)
    singular = ESN.wrap(reservoirpy.ESN(units=40, sr=0.0, input_scaling=0.0, ridge=0.0, seed=1), warm_up=10)
    with pytest.raises(SurrogateError, match="raise its ridge"):
        singular.fit(in_memory(CHAOS[:1]), in_memory(CHAOS[3:]), seed=0)
    with pytest.raises(SurrogateError, match="needs 11 frames"):
        fitted(SMALL).forecast(history(CHAOS[3:, :5]), 1)
