"""Reservoirs on patches: symmetry, agreement with plain NumPy, forecasts of chaos, saving."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from known_dynamics import in_memory, lorenz96, travelling_waves
from understudy.surrogates.parallel_reservoirs import ParallelReservoirs
from understudy.surrogates.surrogate import SurrogateError, load

SMALL = ParallelReservoirs.Settings(
    points=12,
    patch=2,
    side=3,
    nodes=300,
    input_scale=0.1,
    ridge=1e-7,
    noise=1e-4,
    warm_up=15,
    samples=12_000,
    stride=2,
)
CHAOS = lorenz96(trajectories=6, frames=700, points=12, seed=0)
PAST = SMALL.warm_up + 1


@pytest.fixture(scope="module")
def chaotic() -> ParallelReservoirs:
    surrogate = ParallelReservoirs(SMALL)
    surrogate.fit(in_memory(CHAOS[:4]), in_memory(CHAOS[4:]), seed=1)
    return surrogate


def history(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frames[:, :, None].copy())


def slow_forecast(surrogate: ParallelReservoirs, past: np.ndarray, steps: int) -> np.ndarray:
    """The definition, one patch and one node at a time: (steps, points) after (frames, points)."""
    s, network = surrogate.settings, surrogate.network
    assert network is not None
    points = past.shape[1]
    states = np.zeros((points // s.patch, network.nodes))
    frames = list(past / surrogate.spread)
    matrix = np.zeros((network.nodes, network.nodes + network.inputs + 1))
    for i in range(network.nodes):
        row = slice(network.starts[i], network.starts[i + 1])
        matrix[i, network.columns[row]] = network.weights[row]
    for t in range(len(past) - 1 + steps):
        following = frames[t].copy()
        for p in range(points // s.patch):
            window = frames[t][np.arange(p * s.patch - s.side, (p + 1) * s.patch + s.side) % points]
            states[p] = np.tanh(matrix @ np.concatenate([states[p], window, [1.0]]))
            seen = states[p].copy()
            seen[::2] **= 2
            readout = surrogate.readout[0 if s.shared else p]
            following[p * s.patch : (p + 1) * s.patch] += readout @ np.concatenate([seen, window, [1.0]])
        if t >= len(past) - 1:
            frames.append(following)
    return np.stack(frames[len(past) :]) * surrogate.spread


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("patch", [1, 2, 3])
def test_the_compiled_run_follows_the_definition(shared: bool, patch: int) -> None:
    settings = dataclasses.replace(SMALL, shared=shared, patch=patch, nodes=41, samples=800, ridge=1e-2)
    surrogate = ParallelReservoirs(settings)
    surrogate.fit(in_memory(CHAOS[:3, :200]), in_memory(CHAOS[4:]), seed=0)
    found = surrogate.forecast(history(CHAOS[4:, :PAST]), 5).numpy()[:, :, 0]
    for member in range(2):
        expected = slow_forecast(surrogate, CHAOS[4 + member, :PAST], 5)
        np.testing.assert_allclose(found[member], expected, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_chaos_is_forecast_far_beyond_persistence(chaotic: ParallelReservoirs) -> None:
    starts = np.concatenate([CHAOS[4:, k : k + PAST + 60] for k in range(0, 600, 100)])
    forecast = chaotic.forecast(history(starts[:, :PAST]), 60).numpy()[:, :, 0]
    truth = starts[:, PAST:]
    wrong = np.sqrt(np.median(((forecast - truth) ** 2).mean(axis=2), axis=0)) / CHAOS.std()
    asleep = (
        np.sqrt(np.median(((starts[:, PAST - 1 : PAST] - truth) ** 2).mean(axis=2), axis=0)) / CHAOS.std()
    )
    assert asleep[5] > 0.3
    assert wrong[5] < 0.04
    assert np.argmax(wrong > 0.3) > 10 * np.argmax(asleep > 0.3)


def test_shared_weights_make_forecasts_follow_a_shift_by_whole_patches(chaotic: ParallelReservoirs) -> None:
    past = history(CHAOS[4:, :PAST])
    forecast = chaotic.forecast(past, 10)
    shifted = chaotic.forecast(torch.roll(past, 4, dims=-1), 10)
    np.testing.assert_allclose(shifted, torch.roll(forecast, 4, dims=-1), rtol=0, atol=1e-9)


def test_a_dynamics_that_differs_from_place_to_place_needs_weights_of_its_own() -> None:
    generator = np.random.default_rng(2)
    still = 0.6 * np.sin(2 * np.pi * np.arange(12) / 12)
    series = [generator.normal(size=(8, 12))]
    for _ in range(300):
        u = series[-1]
        series.append(0.9 * np.roll(u, 1, -1) * np.cos(0.3 * u) + still)
    frames = np.stack(series, axis=1)
    errors = {}
    for shared in (True, False):
        surrogate = ParallelReservoirs(dataclasses.replace(SMALL, shared=shared, nodes=60, samples=1500))
        record = surrogate.fit(in_memory(frames[:6]), in_memory(frames[6:]), seed=0)
        errors[shared] = record.validation_error
        assert surrogate.readout.shape[0] == (1 if shared else 6)
    assert errors[False] < 0.2 * errors[True]


def test_stepping_by_hand_gives_the_forecast(chaotic: ParallelReservoirs) -> None:
    past = history(CHAOS[4:, :PAST])
    memory, state, by_hand = chaotic.warm_up(past[:, :-1]), past[:, -1], []
    for _ in range(5):
        state, memory = chaotic.step(state, memory)
        by_hand.append(state)
    forecast = chaotic.forecast(past, 5)
    np.testing.assert_allclose(torch.stack(by_hand, dim=1), forecast, rtol=0, atol=1e-9)
    assert torch.equal(chaotic.forecast(past, 5, every=2), forecast[:, 1:4:2])


def test_a_batch_is_forecast_as_one_at_a_time(chaotic: ParallelReservoirs) -> None:
    past = history(CHAOS[3:, :PAST])
    together = chaotic.forecast(past, 8)
    for member in range(len(past)):
        assert torch.equal(chaotic.forecast(past[member : member + 1], 8)[0], together[member])


def test_a_finer_set_is_computed_on_fewer_points_and_answered_in_full() -> None:
    waves = travelling_waves(trajectories=12, frames=120, points=48, seed=3)
    surrogate = ParallelReservoirs(dataclasses.replace(SMALL, points=0, nodes=120, samples=6000))
    surrogate.fit(in_memory(waves[:10]), in_memory(waves[10:]), seed=0)
    assert surrogate.readout.shape == (1, 2, 120 + 8 + 1)
    forecast = surrogate.forecast(history(waves[10:, :PAST]), 10)
    assert forecast.shape == (2, 10, 1, 48)
    assert np.abs(forecast.numpy()[:, :, 0] - waves[10:, PAST : PAST + 10]).max() < 0.01


def test_they_come_back_from_disk_and_forecast_the_same_bits(
    chaotic: ParallelReservoirs, tmp_path: Path
) -> None:
    record = chaotic.fit(in_memory(CHAOS[:4]), in_memory(CHAOS[4:]), seed=1)
    chaotic.save(tmp_path, fingerprint="abc", record=record)
    loaded, again = load(tmp_path, fingerprint="abc")
    past = history(CHAOS[4:, :PAST])
    assert again == record
    assert torch.equal(loaded.forecast(past, 20), chaotic.forecast(past, 20))


def test_about_as_many_examples_are_taken_as_asked_for() -> None:
    for samples in (2_000, 6_000):
        surrogate = ParallelReservoirs(dataclasses.replace(SMALL, nodes=30, samples=samples))
        record = surrogate.fit(in_memory(CHAOS[:4]), in_memory(CHAOS[4:]), seed=0)
        assert samples <= record.samples < 1.1 * samples


def test_what_cannot_be_done_is_said(chaotic: ParallelReservoirs) -> None:
    with pytest.raises(SurrogateError, match="learned nothing yet"):
        ParallelReservoirs(SMALL).tensors()
    with pytest.raises(SurrogateError, match="need 16 frames of history, got 4"):
        chaotic.forecast(history(CHAOS[:1, :4]), 3)
    with pytest.raises(SurrogateError, match="must be a multiple of the patch"):
        ParallelReservoirs(dataclasses.replace(SMALL, patch=5)).fit(
            in_memory(CHAOS), in_memory(CHAOS), seed=0
        )
    with pytest.raises(SurrogateError, match="no longer than the 15 of warm-up"):
        ParallelReservoirs(SMALL).fit(in_memory(CHAOS[:, :16]), in_memory(CHAOS), seed=0)
    with pytest.raises(SurrogateError, match="side at least 0"):
        ParallelReservoirs.Settings(side=-1)
    with pytest.raises(SurrogateError, match=r"expected frames of shape \(1, 12\)"):
        chaotic.forecast(torch.zeros(1, PAST, 1, 10), 3)
