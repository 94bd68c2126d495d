"""The null models answer exactly what their names say."""

import math

import numpy as np
import pytest
import torch
from known_dynamics import in_memory, obstacles, travelling_waves
from understudy.datasets.pairs import Pairs
from understudy.surrogates.climatology import Climatology
from understudy.surrogates.persistence import Persistence
from understudy.surrogates.training_mean import TrainingMean

WAVES = travelling_waves(trajectories=5, frames=12, points=16, seed=0) + 3.0
TRAIN, VALID = in_memory(WAVES[:4]), in_memory(WAVES[4:])


def test_persistence_answers_the_initial_state_for_ever() -> None:
    null = Persistence()
    record = null.fit(TRAIN, VALID, seed=0)
    start = torch.from_numpy(WAVES[:, :2, None].copy())
    forecast = null.forecast(start, 6, every=2)
    assert torch.equal(forecast, start[:, 1:].expand(-1, 3, -1, -1))
    change = np.diff(WAVES[4:], axis=1)
    expected = np.sqrt((change**2).mean() / (WAVES[4:] ** 2).mean())
    assert record.validation_error == pytest.approx(expected, rel=0.05)


def test_climatology_answers_the_training_mean_at_each_point() -> None:
    null = Climatology()
    record = null.fit(TRAIN, VALID, seed=0)
    forecast = null.forecast(torch.from_numpy(WAVES[:3, :1, None].copy()), 4)
    mean = WAVES[:4].mean(axis=(0, 1))
    assert np.ptp(mean) > 0.05
    np.testing.assert_allclose(forecast, np.broadcast_to(mean, (3, 4, 1, 16)), rtol=1e-13)
    expected = np.sqrt(((WAVES[4:] - mean) ** 2).mean() / (WAVES[4:] ** 2).mean())
    assert record.validation_error == pytest.approx(expected, rel=1e-12)


def test_the_training_mean_of_every_output_answers_any_question() -> None:
    null, train, valid = TrainingMean(), obstacles(samples=70, seed=0), obstacles(samples=9, seed=1)
    record = null.fit(train, valid, seed=0)
    asked = {"solid": torch.zeros(2, 6, 4), "reynolds": torch.zeros(2)}
    said, outputs = null(asked), train.batch(range(70))[1]
    np.testing.assert_allclose(said["u"], np.broadcast_to(outputs["u"].mean(axis=0), (2, 6, 4)), rtol=1e-13)
    np.testing.assert_allclose(said["drag"], np.full(2, outputs["drag"].mean()), rtol=1e-13)
    judged = valid.batch(range(9))[1]
    errors = [((v - outputs[k].mean(axis=0)) ** 2).sum() / (v**2).sum() for k, v in judged.items()]
    assert record.validation_error == pytest.approx(np.sqrt(np.mean(errors)), rel=1e-12)
    assert record.samples == 70


def test_the_training_mean_of_timed_pairs_is_that_of_each_time() -> None:
    times, speeds = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0])
    source = Moving(speeds, times)
    pairs = Pairs(source, inputs=("speed",), outputs=("way",), timed=True)  # type: ignore[arg-type]
    null = TrainingMean()
    record = null.fit(pairs, pairs, seed=0)
    asked = torch.tensor([0.0, 0.5, 2.0, 7.0, math.nan], dtype=torch.float64)
    said = null({"speed": torch.ones(5, dtype=torch.float64), "time": asked})["way"]
    np.testing.assert_allclose(said, [0.0, 1.0, 8.0, 8.0, math.nan])  # the means are 0, 2, 8
    squares = speeds[:, None] * times**2
    expected = np.sqrt(((squares - squares.mean(axis=0)) ** 2).sum() / (squares**2).sum())
    assert record.validation_error == pytest.approx(expected, rel=1e-12)


class Moving:
    """speed -> way = speed * time^2."""

    def __init__(self, speeds: np.ndarray, times: np.ndarray) -> None:
        self.speeds, self.times, self.interval = speeds, times, 1.0
        self.frames = len(times)

    def __len__(self) -> int:
        return len(self.speeds)

    def shape_of(self, field: str) -> tuple[int, ...]:
        return ()

    def read(self, trajectory: int, begin: int, end: int, *, field: str) -> np.ndarray:
        squares = self.times[begin:end] ** (2 if field == "way" else 0)
        return self.speeds[trajectory] * squares


def test_all_are_marked_as_null_models() -> None:
    assert Persistence.null
    assert Climatology.null
    assert TrainingMean.null
