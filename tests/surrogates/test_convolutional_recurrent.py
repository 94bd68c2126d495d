"""Convolutional LSTMs as forecasters: symmetries of the grid, the linear part, velocities that are hidden."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_memory, travelling_waves
from understudy.solvers.contract import Axis
from understudy.surrogates.cnn import CNN
from understudy.surrogates.convolutional_recurrent import ConvolutionalRecurrent
from understudy.surrogates.propagation import SteppingSettings
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings

TRAINING = TrainingSettings(steps=300, batch=16, check_every=100, learning_rate=1e-2, clip=1.0)
SHORT = dataclasses.replace(TRAINING, steps=20, check_every=10)
PLAIN = SteppingSettings(linear=False, input_noise=0.0, filter_floor=0.0, unroll=2)
SMALL = ConvolutionalRecurrent.Settings(
    channels=6, width=3, warm_up=5, burn_in=2, stepping=PLAIN, training=SHORT
)


def make(**changes: Any) -> ConvolutionalRecurrent:
    return ConvolutionalRecurrent(dataclasses.replace(SMALL, **changes))


def waves(
    grid: tuple[int, ...], seed: int, *, samples: int = 8, frames: int = 12, standing: bool = False
) -> np.ndarray:
    """Fields (samples, frames, *grid) of three waves each; standing ones all swing at one pace."""
    generator = np.random.default_rng(seed)
    places = np.meshgrid(*[2 * np.pi * np.arange(n) / n for n in grid], indexing="ij")
    time = 0.5 * np.arange(frames).reshape(-1, *[1] * len(grid))
    fields = np.zeros((samples, frames, *grid))
    for sample in range(samples):
        for _ in range(3):
            wave = generator.integers(1, 3, len(grid))
            size, phase, late = generator.uniform(0.5, 1.0), *generator.uniform(0, 2 * np.pi, 2)
            along = sum(k * x for k, x in zip(wave, places, strict=True)) + phase
            if standing:
                fields[sample] += size * np.cos(along) * np.cos(time + late)
            else:
                fields[sample] += size * np.exp(-0.05 * time) * np.cos(along - wave.sum() * time)
    return fields


def past(fields: np.ndarray, frames: int = 6) -> torch.Tensor:
    return torch.from_numpy(fields[:, :frames, None].copy())


@pytest.mark.parametrize("grid", [(18,), (9, 12), (7, 5, 9)], ids=str)
def test_travelling_waves_are_exact_before_the_first_step_of_training(grid: tuple[int, ...]) -> None:
    fields = waves(grid, 0)
    stepping = SteppingSettings(input_noise=0.0)
    surrogate = make(stepping=stepping, training=TrainingSettings(steps=1, check_every=1))
    surrogate.fit(in_memory(fields), in_memory(fields), seed=0)
    forecast = surrogate.forecast(past(fields), 5)[:, :, 0].numpy()
    assert np.abs(fields[:, 6:11] - fields[:, 5:6]).max() > 0.3
    np.testing.assert_allclose(forecast, fields[:, 6:11], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("grid", "coarsen"), [((16,), 2), ((8, 8), 1)], ids=str)
def test_it_commutes_with_translations_on_the_coarse_grid_too(grid: tuple[int, ...], coarsen: int) -> None:
    fields = waves(grid, 0) ** 3
    surrogate = make(layers=2, stepping=dataclasses.replace(PLAIN, coarsen=coarsen))
    surrogate.fit(in_memory(fields), in_memory(fields), seed=0)
    start, axes = past(fields), tuple(range(3, 3 + len(grid)))
    shifts = tuple(coarsen * (i + 1) for i in range(len(grid)))
    moved, still = surrogate.forecast(start.roll(shifts, axes), 4), surrogate.forecast(start, 4)
    torch.testing.assert_close(moved, still.roll(shifts, axes), rtol=0, atol=1e-10)
    assert (still - start[:, -1:]).abs().max() > 1e-3


def test_a_conserved_mean_stays_for_a_hundred_steps() -> None:
    fields = waves((16,), 0) ** 2
    fields = fields - fields.mean(axis=-1, keepdims=True) + 0.5
    surrogate = make(stepping=SteppingSettings())
    surrogate.fit(in_memory(fields), in_memory(fields), seed=0)
    end = surrogate.forecast(past(fields), 100, every=100)
    torch.testing.assert_close(end.mean(-1)[:, 0], past(fields)[:, -1].mean(-1), rtol=0, atol=1e-12)


def test_a_sequence_taken_in_at_once_is_its_frames_one_by_one() -> None:
    fields = waves((16,), 0) ** 3
    surrogate = make(layers=2, stepping=dataclasses.replace(PLAIN, coarsen=2))
    surrogate.fit(in_memory(fields), in_memory(fields), seed=0)
    assert surrogate.module is not None
    states = surrogate.normalise(torch.from_numpy(fields[:, :, None]))
    with torch.no_grad():
        at_once, _ = surrogate.module(states)
        memory = None
        for t in range(states.shape[1]):
            answer, memory = surrogate.module(states[:, t : t + 1], memory)
            torch.testing.assert_close(answer, at_once[:, t : t + 1], rtol=0, atol=1e-12)


def test_a_step_does_not_change_the_memory_that_it_is_given() -> None:
    fields = waves((16,), 0) ** 3
    surrogate = make()
    surrogate.fit(in_memory(fields), in_memory(fields), seed=0)
    memory, state = surrogate.warm_up(past(fields, 5)), past(fields)[:, -1]
    first, second = surrogate.step(state, memory)[0], surrogate.step(state, memory)[0]
    assert torch.equal(first, second)
    other = surrogate.warm_up(past(fields)[:, 1:])
    assert not torch.equal(surrogate.step(state, other)[0], first)


def test_standing_waves_whose_velocity_is_hidden_need_memory() -> None:
    """Of a displacement alone, cos(pace) of it is the best guess, and |sin(pace)| of its size is lost."""
    train, valid = waves((16,), 0, samples=24, standing=True), waves((16,), 1, samples=24, standing=True)
    train, valid = (np.concatenate([u, u[:, ::-1]]) for u in (train, valid))
    apart = valid[:24, 2:] - valid[:24, :-2]
    least = float(np.sqrt((apart**2 / 2).sum() / (valid[:, 1:] ** 2).sum()))
    assert least == pytest.approx(np.sin(0.5), rel=0.15)
    stepping = SteppingSettings(unroll=2)
    blind = CNN(CNN.Settings(channels=6, width=3, stepping=stepping, training=TRAINING))
    record = blind.fit(in_memory(train), in_memory(valid), seed=0)
    assert 0.97 * least < record.validation_error < 1.3 * least
    surrogate = make(stepping=stepping, training=TRAINING)
    record = surrogate.fit(in_memory(train), in_memory(valid), seed=0)
    assert record.validation_error < 0.25 * least


def test_it_overfits_a_few_windows() -> None:
    noise = np.random.default_rng(0).normal(size=(3, 8, 8))
    surrogate = make(channels=16, training=dataclasses.replace(TRAINING, steps=500))
    record = surrogate.fit(in_memory(noise), in_memory(noise[:, :7]), seed=0)
    assert record.validation_error < 0.1


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"channels": 0}, {"layers": 0}, {"width": 4}, {"burn_in": 6}, {"warm_up": 1}):
        with pytest.raises(SurrogateError, match=next(iter(wrong))):
            make(**wrong)


def test_histories_and_trajectories_that_are_too_short_are_refused() -> None:
    fields = waves((16,), 0)
    surrogate = make()
    surrogate.fit(in_memory(fields), in_memory(fields), seed=0)
    with pytest.raises(SurrogateError, match="needs 6 frames of history, got 5"):
        surrogate.forecast(past(fields, 5), 1)
    with pytest.raises(SurrogateError, match=r"of \(1, 16\), got \(1, 8\)"):
        surrogate.forecast(past(fields)[..., :8], 1)
    with pytest.raises(SurrogateError, match="training needs at least one trajectory of 13 frames"):
        make(warm_up=10).fit(in_memory(fields), in_memory(fields), seed=0)
    with pytest.raises(SurrogateError, match="must divide the points"):
        make(stepping=SteppingSettings(coarsen=5)).fit(in_memory(fields), in_memory(fields), seed=0)


def test_walls_are_refused() -> None:
    examples = in_memory(waves((16,), 0))
    examples.axes = (Axis("x", tuple(range(16)), ends=("wall", "wall")),)
    with pytest.raises(SurrogateError, match=r"periodic grid, but this set has the axes x \(wall and wall\)"):
        make().fit(examples, examples, seed=0)


def test_kernels_wider_than_the_grid_and_data_in_which_nothing_varies_are_refused() -> None:
    wide = ConvolutionalRecurrent.Settings(channels=2, width=11, stepping=SteppingSettings(coarsen=4))
    waves = in_memory(travelling_waves(trajectories=4, frames=20, points=16, seed=0))
    with pytest.raises(SurrogateError, match="more than once"):
        ConvolutionalRecurrent(wide).fit(waves, waves, seed=0)
    still = in_memory(np.ones((4, 20, 16)))
    with pytest.raises(SurrogateError, match="nothing varies"):
        ConvolutionalRecurrent().fit(still, still, seed=0)
