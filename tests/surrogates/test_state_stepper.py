"""A stepper of state vectors learns flows on any axis, and keeps what is linear and conserved."""

from typing import Any

import numpy as np
import pytest
import torch
from understudy.datasets.tasks import Trajectories
from understudy.solvers.contract import Axis
from understudy.surrogates.state_stepper import StateStepper
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings

TRAINING = TrainingSettings(steps=600, batch=64, check_every=200, learning_rate=1e-2)
SETTINGS = StateStepper.Settings(width=32, blocks=1, training=TRAINING)


class Recorded:
    """Trajectories (trajectories, frames, points) by name, with the interface of a split."""

    def __init__(self, fields: dict[str, np.ndarray]) -> None:
        self.fields = fields
        first = next(iter(fields.values()))
        self.frames, self.grid = first.shape[1], first.shape[2:]

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def read(self, trajectory: int, start: int, stop: int, *, step: int = 1, field: str) -> np.ndarray:
        return self.fields[field][trajectory, start:stop:step]


def pendulums(samples: int, seed: int, *, frames: int = 30) -> Trajectories:
    """Two pendulums, and a third that mirrors the first: angles and velocities on an axis of three."""
    generator = np.random.default_rng(seed)
    angle, speed = generator.uniform(-1, 1, (2, samples, 2))
    kept = []
    for _ in range(frames):
        kept.append(np.stack([angle, speed]))
        for _ in range(20):  # leapfrog
            speed = speed - 0.005 * np.sin(angle)
            angle = angle + 0.01 * speed
            speed = speed - 0.005 * np.sin(angle)
    values = np.stack(kept, axis=2)
    values = np.concatenate([values, -values[..., :1]], axis=-1)
    source: Any = Recorded({"angle": values[0], "speed": values[1]})
    axes = (Axis("body", (1.0, 2.0, 3.0)),)
    return Trajectories(source, fields=("angle", "speed"), stride=1, interval=0.2, axes=axes)


def test_it_learns_a_flow_on_an_axis_that_is_not_periodic() -> None:
    stepper = StateStepper(SETTINGS)
    record = stepper.fit(pendulums(60, 0), pendulums(10, 1), seed=0)
    assert record.validation_error < 4e-3
    truth = torch.from_numpy(np.stack([pendulums(10, 2)[i] for i in range(10)]))
    forecast = stepper.forecast(truth[:, :1], 20)
    error = (forecast - truth[:, 1:21]).square().mean().sqrt()
    still = (truth[:, :1] - truth[:, 1:21]).square().mean().sqrt()
    assert error < 0.05 * still


def test_what_is_linear_and_conserved_stays_for_a_hundred_steps() -> None:
    stepper = StateStepper(SETTINGS)
    stepper.fit(pendulums(60, 0), pendulums(10, 1), seed=0)
    assert stepper.span is not None
    assert stepper.span.coordinates == 4
    start = torch.from_numpy(pendulums(5, 2)[0][:1])[None]
    end = stepper.forecast(start, 100, every=100)
    assert (end[..., 0] + end[..., 2]).abs().max() < 1e-12


def test_a_state_off_the_span_is_refused() -> None:
    stepper = StateStepper(SETTINGS)
    stepper.fit(pendulums(20, 0, frames=5), pendulums(5, 1, frames=5), seed=0)
    start = torch.from_numpy(pendulums(5, 2)[0][:1])[None].clone()
    start[..., 2] += 0.1
    with pytest.raises(SurrogateError, match="'frame' unlike any that this surrogate was trained on"):
        stepper.forecast(start, 3)
    with pytest.raises(SurrogateError, match=r"frames \(channels, \*grid\) of \(2, 3\), got \(2, 4\)"):
        stepper.forecast(torch.zeros(1, 1, 2, 4), 3)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"unroll": 0}, {"input_noise": -1.0}):
        with pytest.raises(SurrogateError, match=next(iter(wrong))):
            StateStepper.Settings(**wrong)  # type: ignore[arg-type]
