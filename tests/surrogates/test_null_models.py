"""The null models answer exactly what their names say."""

import numpy as np
import pytest
import torch
from known_dynamics import in_memory, travelling_waves
from understudy.surrogates.climatology import Climatology
from understudy.surrogates.persistence import Persistence

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


def test_both_are_marked_as_null_models() -> None:
    assert Persistence.null
    assert Climatology.null
