"""A predicted error is large where errors are, small where they are, and right on average."""

import dataclasses
from typing import Any

import numpy as np
import torch
from known_dynamics import Asked, Evolved
from understudy.datasets.pairs import Pairs
from understudy.surrogates.answering import AnsweringSettings
from understudy.surrogates.dense import Dense
from understudy.surrogates.training import TrainingSettings

TRAINING = TrainingSettings(
    steps=400, batch=256, check_every=100, learning_rate=5e-3, optimiser="adam", clip=1.0
)
SETTINGS = Dense.Settings(
    hidden=(32, 32),
    activation="tanh",
    answering=AnsweringSettings(
        confidence=True, held_out=0.3, frames=4, confidence_hidden=(32, 32), confidence_training=TRAINING
    ),
    training=TRAINING,
)


def noise(x: np.ndarray) -> np.ndarray:
    """The size of the noise at x in [-1, 1]: a hundredth on the left, one on the right."""
    return np.asarray(10.0 ** (x - 1))


def noisy(samples: int, seed: int) -> tuple[Pairs, np.ndarray]:
    """y = sin 3x and noise that nobody can predict, but whose size depends on x; and that size."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-1, 1, samples)
    size = noise(x)
    y = np.sin(3 * x)[:, None] + size[:, None] * generator.normal(size=(samples, 3))
    source: Any = Asked(x=x, y=y)
    return Pairs(source, inputs=("x",), outputs=("y",)), size


def test_the_predicted_error_follows_the_known_noise_and_is_right_on_average() -> None:
    network = Dense(SETTINGS)
    network.fit(noisy(4000, 0)[0], noisy(1000, 1)[0], seed=0)
    pairs, size = noisy(2000, 2)
    inputs, outputs = pairs.batch(range(2000))
    asked = {"x": torch.from_numpy(inputs["x"])}
    expected = network.expected_error(asked).numpy()
    assert expected.shape == (2000,)
    true = np.abs(network(asked)["y"].numpy() - outputs["y"]).mean(axis=1)
    assert np.corrcoef(np.log(expected), np.log(true))[0, 1] > 0.8
    normal = np.sqrt(2 / np.pi) * size  # the mean of |noise|
    well = np.abs(np.log(expected / normal))
    assert np.median(well) < 0.25
    assert 0.8 < expected.mean() / true.mean() < 1.25


def test_it_tells_late_times_from_early_ones() -> None:
    generator = np.random.default_rng(0)
    times = np.linspace(0.0, 2.0, 21)
    start = generator.uniform(-1, 1, (600, 2))
    wild = generator.normal(size=(600, 21, 2)) * noise(times - 1)[None, :, None]
    values = start[:, None] + wild
    values[:, 0] = start
    pairs = []
    for part in (slice(0, 500), slice(500, 600)):
        source: Any = Evolved({"u": values[part]}, {}, times)
        pairs.append(Pairs(source, inputs=("u",), outputs=("u",), timed=True))
    settings = dataclasses.replace(SETTINGS, training=dataclasses.replace(TRAINING, steps=100))
    network = Dense(settings)
    network.fit(pairs[0], pairs[1], seed=0)
    asked = {"u": torch.from_numpy(np.repeat(start[:50], 2, axis=0)), "time": torch.tensor([0.4, 1.8] * 50)}
    early, late = network.expected_error({k: v.double() for k, v in asked.items()}).reshape(50, 2).unbind(1)
    assert float((late / early).median()) > 10 ** (1.4 * 0.7)
