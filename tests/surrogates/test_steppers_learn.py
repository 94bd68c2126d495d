"""Steppers that gradients train learn what they must be able to learn, in one, two and three dimensions."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_memory
from understudy.surrogates.cnn import CNN
from understudy.surrogates.fourier_stepper import FourierStepper
from understudy.surrogates.mlp import MLP
from understudy.surrogates.propagation import SteppingSettings
from understudy.surrogates.resnet import ResNet
from understudy.surrogates.stepper import Stepper
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings
from understudy.surrogates.transformer_stepper import TransformerStepper

PLAIN = SteppingSettings(linear=False, input_noise=0.0, filter_floor=0.0)
SHORT = TrainingSettings(steps=400, batch=8, check_every=100, learning_rate=1e-2)
SMALL: dict[type[Stepper], dict[str, Any]] = {
    MLP: {"hidden": (32,)},
    CNN: {"channels": 8, "width": 5},
    ResNet: {"channels": 8, "width": 5, "blocks": 2},
    FourierStepper: {"channels": 8, "modes": 3, "blocks": 3},
    TransformerStepper: {"width": 16, "heads": 2, "blocks": 1},
}
KINDS = pytest.mark.parametrize("kind", SMALL, ids=lambda kind: kind.__name__)
QUICK_FIRST = pytest.mark.parametrize(
    "kind",
    [kind if kind in (MLP, CNN) else pytest.param(kind, marks=pytest.mark.slow) for kind in SMALL],
    ids=lambda kind: kind.__name__,
)
"""All kinds, of which those that take most of the time run with the slow tests only."""


def make(kind: Any, *, stepping: SteppingSettings = PLAIN, training: TrainingSettings = SHORT) -> Any:
    return kind(kind.Settings(**SMALL[kind], stepping=stepping, training=training))


def smooth(samples: int, grid: tuple[int, ...], seed: int) -> np.ndarray:
    """Random periodic fields of unit size whose spectrum falls: (samples, *grid)."""
    noise = np.random.default_rng(seed).normal(size=(samples, *grid))
    axes = tuple(range(1, noise.ndim))
    waves = np.meshgrid(*[np.fft.fftfreq(n, 1 / n) for n in grid], indexing="ij")
    decay = np.exp(-0.5 * sum(k**2 for k in waves))
    fields = np.fft.ifftn(np.fft.fftn(noise, axes=axes) * decay, axes=axes).real
    return fields / fields.std()


@KINDS
def test_it_overfits_eight_samples(kind: Any) -> None:
    pairs = np.stack([smooth(8, (16,), 0), smooth(8, (16,), 1)], axis=1)
    stepper = make(kind, training=dataclasses.replace(SHORT, steps=500))
    record = stepper.fit(in_memory(pairs), in_memory(pairs), seed=0)
    assert record.validation_error < 0.02
    answer = stepper({"frame": torch.from_numpy(pairs[:, :1].copy())})["frame"]
    error = np.sqrt(((answer.numpy()[:, 0] - pairs[:, 1]) ** 2).mean())
    assert error < 0.03


def advection_diffusion(grid: tuple[int, ...], seed: int) -> np.ndarray:
    """Trajectories (8, 6, *grid) of u_t + c . grad u = nu laplacian u, exact in Fourier space."""
    axes = tuple(range(2, 2 + len(grid)))
    waves = np.meshgrid(*[np.fft.fftfreq(n, 1 / n) for n in grid], indexing="ij")
    rate = sum(-1j * (0.7 + i) * k - 0.05 * k**2 for i, k in enumerate(waves))
    modes = np.fft.fftn(smooth(8, grid, seed), axes=tuple(a - 1 for a in axes))
    steps = np.arange(6).reshape(-1, *[1] * len(grid))
    return np.fft.ifftn(modes[:, None] * np.exp(0.3 * steps * rate), axes=axes).real


@pytest.mark.parametrize("grid", [(18,), (9, 12), (7, 5, 9)], ids=str)
def test_advection_and_diffusion_are_exact_before_the_first_step_of_training(grid: tuple[int, ...]) -> None:
    train, test = advection_diffusion(grid, 0), advection_diffusion(grid, 1)
    stepping = SteppingSettings(input_noise=0.0)
    cnn = CNN(
        CNN.Settings(
            channels=2, width=3, stepping=stepping, training=TrainingSettings(steps=1, check_every=1)
        )
    )
    cnn.fit(in_memory(train), in_memory(train), seed=0)
    forecast = cnn.forecast(torch.from_numpy(test[:, :1, None].copy()), 5).numpy()[:, :, 0]
    assert np.abs(test[:, 5] - test[:, 0]).max() > 0.3
    np.testing.assert_allclose(forecast, test[:, 1:], rtol=0, atol=1e-7)


@QUICK_FIRST
def test_it_learns_a_linear_map_without_the_linear_part(kind: Any) -> None:
    """u -> u - 0.3 (u - left) + 0.1 (right - u), which three points determine."""
    u = smooth(400, (8,), 2)
    pairs = np.stack([u, u - 0.3 * (u - np.roll(u, 1, 1)) + 0.1 * (np.roll(u, -1, 1) - u)], axis=1)
    stepper = make(kind, training=dataclasses.replace(SHORT, steps=800, batch=32))
    record = stepper.fit(in_memory(pairs[:350]), in_memory(pairs[350:]), seed=0)
    assert record.validation_error < (0.02 if kind in (MLP, TransformerStepper) else 1e-3)


@pytest.mark.parametrize(
    "kind", [CNN, pytest.param(ResNet, marks=pytest.mark.slow)], ids=lambda kind: kind.__name__
)
def test_it_learns_a_convective_product(kind: Any) -> None:
    """u -> u - 0.1 u (right - left): no linear map comes near."""
    u = smooth(200, (12, 10), 3)
    pairs = np.stack([u, u - 0.1 * u * (np.roll(u, -1, 1) - np.roll(u, 1, 1))], axis=1)
    stepper = make(kind, stepping=SteppingSettings(input_noise=0.0, conserve_mean=False))
    settings = {**SMALL[kind], "width": 3, "training": dataclasses.replace(SHORT, steps=500)}
    stepper = kind(dataclasses.replace(stepper.settings, **settings))
    record = stepper.fit(in_memory(pairs[:180]), in_memory(pairs[180:]), seed=0)
    linear_alone = np.sqrt(((pairs[180:, 1] - pairs[180:, 0]) ** 2).mean())
    assert record.validation_error < 0.05 * linear_alone


@pytest.mark.parametrize(
    "kind", [CNN, ResNet, FourierStepper, TransformerStepper], ids=lambda kind: kind.__name__
)
def test_it_commutes_with_translations_on_the_coarse_grid_too(kind: Any) -> None:
    u = advection_diffusion((16,), 4) ** 3
    stepper = make(kind, stepping=SteppingSettings(coarsen=2), training=dataclasses.replace(SHORT, steps=50))
    stepper.fit(in_memory(u), in_memory(u), seed=0)
    start = torch.from_numpy(u[:, :1, None].copy())
    moved = stepper.forecast(start.roll(4, -1), 3)
    torch.testing.assert_close(moved, stepper.forecast(start, 3).roll(4, -1), rtol=0, atol=1e-10)


def test_a_conserved_mean_stays_for_a_thousand_steps() -> None:
    u = advection_diffusion((16,), 5)
    cnn = make(CNN, stepping=SteppingSettings(), training=dataclasses.replace(SHORT, steps=20))
    cnn.fit(in_memory(u), in_memory(u), seed=0)
    start = torch.from_numpy(u[:, :1, None].copy())
    end = cnn.forecast(start, 1000, every=1000)
    torch.testing.assert_close(end.mean(-1), start.mean(-1), rtol=0, atol=1e-12)


def test_a_set_that_does_not_fit_in_memory_is_read_window_by_window_to_the_same_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    u = advection_diffusion((16,), 6) ** 3
    training = dataclasses.replace(SHORT, steps=30)
    stepping = SteppingSettings(unroll=2)
    held, read = (make(CNN, stepping=stepping, training=training) for _ in range(2))
    held.fit(in_memory(u), in_memory(u), seed=0)
    monkeypatch.setattr("understudy.surrogates.trajectory_windows._IN_MEMORY", 0)
    read.fit(in_memory(u), in_memory(u), seed=0)
    assert all(torch.equal(t, read.tensors()[name]) for name, t in held.tensors().items())


def test_unrolling_and_noise_change_what_is_learned() -> None:
    u = advection_diffusion((16,), 7) ** 3
    training = dataclasses.replace(SHORT, steps=30)
    results = []
    for stepping in (
        SteppingSettings(input_noise=0.0),
        SteppingSettings(input_noise=0.1),
        SteppingSettings(input_noise=0.0, unroll=3),
    ):
        stepper = make(CNN, stepping=stepping, training=training)
        stepper.fit(in_memory(u), in_memory(u), seed=0)
        results.append(stepper.tensors()["network.2.weight"])
    assert not torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_trajectories_that_are_too_short_are_refused() -> None:
    u = advection_diffusion((16,), 8)
    with pytest.raises(
        SurrogateError, match=r"training needs at least one trajectory of 8 frames, got 8 of 6"
    ):
        make(CNN, stepping=SteppingSettings(unroll=7)).fit(in_memory(u), in_memory(u), seed=0)
    with pytest.raises(SurrogateError, match="validation needs"):
        make(CNN).fit(in_memory(u), in_memory(u[:0]), seed=0)


def test_a_grid_that_cannot_be_made_coarser_is_refused() -> None:
    u = advection_diffusion((18,), 9)
    for coarsen in (4, 6):
        with pytest.raises(SurrogateError, match="must divide the points"):
            make(CNN, stepping=SteppingSettings(coarsen=coarsen)).fit(in_memory(u), in_memory(u), seed=0)
