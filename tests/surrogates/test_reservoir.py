"""The reservoir learns, forecasts, agrees with reservoirpy, is saved and comes back."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch
from known_dynamics import in_memory, lorenz96, travelling_waves
from understudy.surrogates.reservoir import Reservoir
from understudy.surrogates.reservoir_network import Network
from understudy.surrogates.surrogate import SurrogateError, load

SMALL = Reservoir.Settings(
    nodes=600,
    warm_up=20,
    ridge=1e-8,
    radius=0.3,
    reach=2,
    inputs_per_node=4,
    input_scale=0.1,
    bias_scale=0.5,
    direct=True,
    noise=1e-4,
)
CHAOS = lorenz96(trajectories=6, frames=1200, points=8, seed=0)


@pytest.fixture(scope="module")
def chaotic() -> Reservoir:
    reservoir = Reservoir(SMALL)
    reservoir.fit(in_memory(CHAOS[:4]), in_memory(CHAOS[4:]), seed=1)
    return reservoir


def history(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frames[:, :, None].copy())


def test_waves_are_forecast_for_many_periods() -> None:
    waves = travelling_waves(trajectories=30, frames=300, points=16, seed=2)
    settings = dataclasses.replace(SMALL, direct=False, ridge=1e-7, nodes=400, input_scale=0.3)
    reservoir = Reservoir(settings)
    record = reservoir.fit(in_memory(waves[:25]), in_memory(waves[25:]), seed=0)
    assert record.validation_error < 1e-3
    forecast = reservoir.forecast(history(waves[25:, :21]), 200)
    wrong = np.abs(forecast.numpy()[:, :, 0] - waves[25:, 21:221]).max()
    assert wrong < 0.2


def test_chaos_is_forecast_far_beyond_persistence(chaotic: Reservoir) -> None:
    starts = np.concatenate([CHAOS[4:, k : k + 81] for k in range(0, 1000, 100)])
    forecast = chaotic.forecast(history(starts[:, :21]), 60).numpy()[:, :, 0]
    truth = starts[:, 21:]
    wrong = np.sqrt(np.median(((forecast - truth) ** 2).mean(axis=2), axis=0)) / CHAOS.std()
    asleep = np.sqrt(np.median(((starts[:, 20:21] - truth) ** 2).mean(axis=2), axis=0)) / CHAOS.std()
    assert asleep[5] > 0.3
    assert wrong[5] < 0.02
    assert np.argmax(wrong > 0.3) > 5 * np.argmax(asleep > 0.3)


def test_the_readout_is_the_ridge_solution_of_the_states_it_was_trained_on() -> None:
    settings = Reservoir.Settings(nodes=40, warm_up=5, ridge=0.1, noise=0.0)
    reservoir = Reservoir(settings)
    reservoir.fit(in_memory(CHAOS[:2, :100]), in_memory(CHAOS[4:]), seed=3)
    rows, targets = [], []
    for trajectory in CHAOS[:2, :100]:
        series = (trajectory - reservoir.mean) / reservoir.spread
        states = reservoir.network.drive(series, np.zeros(40))[5:-1]
        states[:, ::2] **= 2
        rows.append(states)
        targets.append(series[6:])
    x, y = np.concatenate(rows), np.concatenate(targets)
    expected = np.linalg.solve(x.T @ x + 0.1 * np.eye(40), x.T @ y).T
    np.testing.assert_allclose(reservoir.readout, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


def test_forecasts_equal_those_of_reservoirpy_with_the_same_weights() -> None:
    nodes = pytest.importorskip("reservoirpy.nodes")
    generator = np.random.default_rng(4)
    recurrent = scipy.sparse.random_array((80, 80), density=0.05, rng=generator, format="csr") * 0.4
    incoming = scipy.sparse.random_array((80, 8), density=0.3, rng=generator, format="csr") * 0.5
    ours = Reservoir(Reservoir.Settings(nodes=80, warm_up=30, squared=False, ridge=1e-3))
    ours.network = Network.from_matrices(recurrent, incoming)
    ours.fit(in_memory(CHAOS[:1]), in_memory(CHAOS[4:]), seed=0)

    series = (CHAOS[0] - ours.mean) / ours.spread
    network = nodes.Reservoir(W=scipy.sparse.csr_matrix(recurrent), Win=scipy.sparse.csr_matrix(incoming))
    readout = nodes.Ridge(ridge=1e-3, fit_bias=False)
    readout.fit(network.run(series[:-1])[30:], series[31:])
    # its order of axes is the other way round
    np.testing.assert_allclose(ours.readout, readout.Wout.T, rtol=0, atol=1e-8 * np.abs(readout.Wout).max())

    readout.Wout = ours.readout.T.copy()
    readout.bias = np.zeros(8)
    start = (CHAOS[4, :31] - ours.mean) / ours.spread
    network.reset()
    value = readout.run(network.run(start))[-1]
    expected = [value]
    for _ in range(9):
        value = readout.step(network.step(value))
        expected.append(value)
    found = ours.forecast(history(CHAOS[4:5, :31]), 10).numpy()[0, :, 0]
    np.testing.assert_allclose((found - ours.mean) / ours.spread, expected, rtol=0, atol=1e-12)


def test_stepping_by_hand_gives_the_forecast_bit_by_bit(chaotic: Reservoir) -> None:
    past = history(CHAOS[4:, :21])
    memory, state, by_hand = chaotic.warm_up(past[:, :-1]), past[:, -1], []
    for _ in range(6):
        state, memory = chaotic.step(state, memory)
        by_hand.append(state)
    forecast = chaotic.forecast(past, 6)
    np.testing.assert_allclose(torch.stack(by_hand, dim=1), forecast, rtol=0, atol=1e-12)
    assert torch.equal(chaotic.forecast(past, 6, every=3), forecast[:, 2::3])


def test_a_step_leaves_its_memory_as_it_was(chaotic: Reservoir) -> None:
    past = history(CHAOS[4:, :21])
    memory = chaotic.warm_up(past[:, :-1])
    first, _ = chaotic.step(past[:, -1], memory)
    again, _ = chaotic.step(past[:, -1], memory)
    assert torch.equal(first, again)


def test_a_batch_is_forecast_as_one_at_a_time(chaotic: Reservoir) -> None:
    starts = np.concatenate([CHAOS[4:, k : k + 21] for k in range(0, 500, 100)])
    together = chaotic.forecast(history(starts), 10)
    for member in range(len(starts)):
        alone = chaotic.forecast(history(starts[member : member + 1]), 10)
        np.testing.assert_allclose(alone[0], together[member], rtol=0, atol=1e-9)


def test_the_past_before_the_warm_up_does_not_matter(chaotic: Reservoir) -> None:
    long, short = history(CHAOS[4:, :100]), history(CHAOS[4:, 79:100])
    assert torch.equal(chaotic.forecast(long, 5), chaotic.forecast(short, 5))


def test_a_reservoir_comes_back_from_disk_and_forecasts_the_same_bits(
    chaotic: Reservoir, tmp_path: Path
) -> None:
    record = chaotic.fit(in_memory(CHAOS[:4]), in_memory(CHAOS[4:]), seed=1)
    chaotic.save(tmp_path, fingerprint="abc", record=record)
    loaded, again = load(tmp_path, fingerprint="abc")
    past = history(CHAOS[4:, :21])
    assert again == record
    assert torch.equal(loaded.forecast(past, 20), chaotic.forecast(past, 20))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    def readout(seed: int) -> np.ndarray:
        reservoir = Reservoir(dataclasses.replace(SMALL, nodes=50, noise=1e-3))
        reservoir.fit(in_memory(CHAOS[:2, :200]), in_memory(CHAOS[4:]), seed=seed)
        return reservoir.readout

    assert np.array_equal(readout(1), readout(1))
    assert not np.allclose(readout(1), readout(2))


def test_thinning_works_on_every_second_point_and_answers_on_the_full_grid() -> None:
    waves = travelling_waves(trajectories=12, frames=200, points=32, seed=5)
    settings = dataclasses.replace(SMALL, thinning=2, ridge=1e-6)
    thinned, coarse = Reservoir(settings), Reservoir(dataclasses.replace(settings, thinning=1))
    thinned.fit(in_memory(waves[:10]), in_memory(waves[10:]), seed=0)
    coarse.fit(in_memory(waves[:10, :, ::2]), in_memory(waves[10:, :, ::2]), seed=0)
    full = thinned.forecast(history(waves[10:, :21]), 30)
    half = coarse.forecast(history(waves[10:, :21, ::2]), 30)
    assert full.shape == (2, 30, 1, 32)
    np.testing.assert_allclose(full[..., ::2], half, rtol=0, atol=1e-9)
    assert np.abs(full.numpy()[:, :, 0] - waves[10:, 21:51]).max() < 0.05


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(SurrogateError, match="learned nothing yet"):
        Reservoir(SMALL).forecast(torch.zeros(1, 21, 1, 8), 3)
    reservoir = Reservoir(SMALL)
    with pytest.raises(SurrogateError, match="longer than the 20 frames of warm-up"):
        reservoir.fit(in_memory(CHAOS[:2, :20]), in_memory(CHAOS[4:]), seed=0)
    reservoir.network = Network.from_matrices(np.eye(5), np.ones((5, 3)))
    with pytest.raises(SurrogateError, match="has 3 inputs, a frame gives 8"):
        reservoir.fit(in_memory(CHAOS[:2]), in_memory(CHAOS[4:]), seed=0)


def test_too_little_history_is_refused(chaotic: Reservoir) -> None:
    with pytest.raises(SurrogateError, match="needs 21 frames of history, got 4"):
        chaotic.forecast(history(CHAOS[:1, :4]), 3)
