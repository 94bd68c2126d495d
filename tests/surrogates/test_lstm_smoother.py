"""A network that rebuilds windows comes near the best that there is, where that is known."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import travelling_waves, with_gaps
from known_linear_system import exact_error, swings_with_noise
from understudy.datasets.observations import Observations
from understudy.surrogates.data_digest import digest_of
from understudy.surrogates.lstm_smoother import LSTMSmoother
from understudy.surrogates.rebuilder import Windows
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings

NOISE = 0.7
FAST = TrainingSettings(steps=40, batch=16, check_every=20)
LINEAR = LSTMSmoother.Settings(
    width=24,
    layers=1,
    training=TrainingSettings(steps=300, batch=128, learning_rate=1e-2, clip=1.0, check_every=100),
)


def linear(trajectories: int, seed: int, *, frames: int = 16) -> Observations:
    """Half of the values of a swing, with noise."""
    states = swings_with_noise(trajectories, frames, seed)
    return with_gaps(states, share=0.5, noise=NOISE, seed=seed, ring=False)


def waves(samples: int, seed: int, *, ring: bool = True) -> Observations:
    return with_gaps(travelling_waves(trajectories=samples, frames=5, points=12, seed=seed), ring=ring)


def relative_error(surrogate: LSTMSmoother, windows: Observations) -> float:
    inputs, outputs = windows.batch(range(len(windows)))
    said = surrogate({name: torch.from_numpy(a) for name, a in inputs.items()})["u"]
    true = torch.from_numpy(outputs["u"])
    return float(((said - true).square().sum() / true.square().sum()).sqrt())


def settings(**changes: Any) -> LSTMSmoother.Settings:
    return dataclasses.replace(LSTMSmoother.Settings(width=6, training=FAST), **changes)


def test_in_both_directions_it_comes_near_the_exact_smoother_and_in_one_near_the_filter() -> None:
    own, judged, test = linear(4_000, 0), linear(200, 1), linear(400, 2)
    smoother, filtering = (exact_error(test, noise=NOISE, both_ways=both) for both in (True, False))
    assert smoother < 0.85 * filtering
    for directions, best in ((2, smoother), (1, filtering)):
        surrogate = LSTMSmoother(dataclasses.replace(LINEAR, directions=directions))
        record = surrogate.fit(own, judged, seed=0)
        error = relative_error(surrogate, test)
        assert 0.99 * best < error < 1.06 * best
        assert record.validation_error == pytest.approx(error, rel=0.1)


@pytest.mark.slow
def test_with_more_examples_it_is_within_five_percent_of_the_exact_smoother_and_filter() -> None:
    own, judged, test = linear(40_000, 0, frames=24), linear(500, 1, frames=24), linear(2_000, 2, frames=24)
    training = dataclasses.replace(LINEAR.training, steps=3_000, check_every=250)
    for directions in (2, 1):
        best = exact_error(test, noise=NOISE, both_ways=directions == 2)
        surrogate = LSTMSmoother(
            dataclasses.replace(LINEAR, width=48, directions=directions, training=training)
        )
        surrogate.fit(own, judged, seed=0)
        assert 0.995 * best < relative_error(surrogate, test) < 1.05 * best


def test_the_linear_reading_it_starts_from_is_the_best_there_is() -> None:
    own = waves(200, 0)
    surrogate = LSTMSmoother(settings(local=False))
    surrogate.fit(own, waves(10, 1), seed=0)
    module = surrogate._build().double()
    windows = Windows.read(own, dtype="float64")
    surrogate._read(module, windows)
    mean, deviation = surrogate.mean.numpy(), float(surrogate.deviation)
    seen, known, true = (a.numpy().reshape(-1, 12) for a in (windows.seen, windows.known, windows.true))
    ones = np.ones((len(seen), 1))
    features = np.concatenate([known * (seen - mean) / deviation, known, ones], axis=1)
    wanted = (true - mean) / deviation
    expected = np.linalg.lstsq(features, wanted, rcond=None)[0]
    np.testing.assert_allclose(module.reading.weight.detach().T, expected[:-1], atol=1e-3)
    np.testing.assert_allclose(module.reading.bias.detach(), expected[-1], atol=1e-3)


def test_on_a_periodic_line_what_it_learned_in_one_place_holds_in_all() -> None:
    surrogate = LSTMSmoother(settings())
    surrogate.fit(waves(20, 0), waves(6, 1), seed=0)
    assert surrogate.local
    inputs = {name: torch.from_numpy(a) for name, a in waves(3, 2).batch(range(3))[0].items()}
    moved = {name: values.roll(4, dims=2) for name, values in inputs.items()}
    said = surrogate(inputs)["u"]
    torch.testing.assert_close(surrogate(moved)["u"], said.roll(4, dims=2), rtol=0, atol=1e-12)
    beside = {name: values.roll(1, dims=2) for name, values in inputs.items()}
    assert float((surrogate(beside)["u"] - said.roll(1, dims=2)).abs().max()) > 1e-6


def test_where_patches_do_not_fit_it_sees_whole_frames_or_says_so() -> None:
    for chosen, ring in ((settings(), False), (settings(patch=5), True), (settings(local=False), True)):
        surrogate = LSTMSmoother(chosen)
        surrogate.fit(waves(20, 0, ring=ring), waves(6, 1, ring=ring), seed=0)
        assert not surrogate.local
    with pytest.raises(SurrogateError, match="local is for one periodic axis"):
        LSTMSmoother(settings(local=True)).fit(waves(20, 0, ring=False), waves(6, 1, ring=False), seed=0)
    with pytest.raises(SurrogateError, match="patches of 5 points that see 6 more do not cut a line of 12"):
        LSTMSmoother(settings(local=True, patch=5)).fit(waves(20, 0), waves(6, 1), seed=0)


def test_it_is_built_as_its_settings_say() -> None:
    surrogate = LSTMSmoother(settings(patch=3, reach=2, directions=1, layers=3))
    surrogate.fit(waves(20, 0), waves(6, 1), seed=0)
    module = surrogate.module
    assert module is not None
    assert (module.patch, module.reach, module.places, len(module.layers)) == (3, 2, 4, 3)
    assert module.layers[0].weight_ih_l0.shape == (4 * 6, 2 * (3 + 2 * 2))
    assert not module.layers[0].bidirectional


def test_the_validation_error_is_that_of_the_answers() -> None:
    surrogate, judged = LSTMSmoother(settings()), waves(6, 1)
    record = surrogate.fit(waves(20, 0), judged, seed=0)
    assert relative_error(surrogate, judged) == pytest.approx(record.validation_error, rel=1e-4)


def test_a_run_resumes_only_with_the_gaps_and_the_validation_it_began_with(tmp_path: Path) -> None:
    own, judged = waves(20, 0), waves(6, 1)
    values = travelling_waves(trajectories=20, frames=5, points=12, seed=0)
    wider = with_gaps(values, share=0.9)
    LSTMSmoother(settings()).fit(own, judged, seed=0, folder=tmp_path)
    LSTMSmoother(settings()).fit(own, judged, seed=0, folder=tmp_path)
    for other in ((own, waves(6, 2)), (wider, judged)):
        with pytest.raises(SurrogateError, match="data"):
            LSTMSmoother(settings()).fit(*other, seed=0, folder=tmp_path)


def test_data_are_told_apart_by_every_value_their_shape_and_their_precision() -> None:
    plain = torch.arange(2_000.0)
    others = [plain.clone(), plain.reshape(20, 100), plain.double(), torch.cat([plain, plain[:1]])]
    others[0][1_777] += 1
    digests = {digest_of(one) for one in (plain, *others)} | {digest_of(plain[:1000], plain[1000:])}
    assert len(digests) == 6 and digest_of(plain.clone()) in digests


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SurrogateError, match="directions must be 1 or 2, got 3"):
        settings(directions=3)
    with pytest.raises(SurrogateError, match="width must be at least 1, got 0"):
        settings(width=0)
    with pytest.raises(SurrogateError, match="reach must be at least 0, got -1"):
        settings(reach=-1)
