"""A latent model finds the few numbers of what it is shown, and steps them."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import InMemory
from understudy.datasets.tasks import Trajectories
from understudy.solvers.contract import Axis
from understudy.surrogates.latent_frames import LatentFrames
from understudy.surrogates.latent_stepper import LatentStepper
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings

POINTS = 24
TRAINING = TrainingSettings(steps=400, batch=64, check_every=200, learning_rate=5e-3)
RING = (Axis("x", tuple(np.arange(POINTS) / POINTS), ends=("periodic", "periodic")),)
WALLS = (Axis("x", tuple(np.arange(POINTS) / POINTS), ends=("wall", "wall")),)


def travellers(samples: int, seed: int, *, frames: int = 40, axes: Any = RING) -> Trajectories:
    """A wave with a second harmonic whose angle and height swing, a quarter of a turn apart: it travels as
    the angle says.

    Its shape is a place on a curve, and tells where on it comes next; its place on the line is a number more.
    """
    generator = np.random.default_rng(seed)
    x = np.arange(POINTS) * (2 * math.pi / POINTS)
    values = np.empty((samples, frames, POINTS))
    for i in range(samples):
        place, swing = generator.uniform(0, 2 * math.pi, 2)
        for k in range(frames):
            angle = 1.2 * math.sin(swing)
            height = 0.5 + 0.2 * math.cos(swing)
            values[i, k] = np.cos(x - place) + height * np.cos(2 * (x - place) + angle)
            place, swing = place + 0.1 + 0.05 * angle, swing + 0.3
    return Trajectories(InMemory(values), fields=("u",), stride=1, interval=0.1, axes=axes)


def settings(**changes: Any) -> LatentStepper.Settings:
    small = {"latent": 2, "hidden": (32,), "stepping": (32,), "reduction": TRAINING, "training": TRAINING}
    return LatentStepper.Settings(**{**small, **changes})


def test_moved_to_one_place_a_travelling_wave_is_few_numbers() -> None:
    known = travellers(20, 0)
    moved = LatentFrames.measure(known, align=None)
    left = LatentFrames.measure(known, align=False)
    assert moved.aligned and not left.aligned
    assert moved.coordinates == 2  # cosine and sine of the second harmonic's angle
    assert left.coordinates == 4


@pytest.mark.parametrize("align", [None, False])
def test_frames_come_back_from_their_coordinates(align: bool | None) -> None:
    known = travellers(20, 0)
    frames = LatentFrames.measure(known, align=align)
    states = torch.from_numpy(travellers(3, 1)[1])
    coordinates, phases = frames.encode(states)
    assert coordinates.shape == (40, frames.coordinates) and phases.shape == (40,)
    torch.testing.assert_close(frames.decode(coordinates, phases), states, rtol=0, atol=1e-9)
    every = torch.cat([frames.encode(torch.from_numpy(known[i]))[0] for i in range(20)])
    assert float(every.square().sum(dim=1).mean()) == pytest.approx(1.0, rel=1e-9)


def test_it_forecasts_shape_and_place() -> None:
    longer = dataclasses.replace(TRAINING, steps=1_500, check_every=500)
    stepper = LatentStepper(settings(training=longer))
    stepper.fit(travellers(40, 0), travellers(8, 1), seed=0)
    truth = torch.from_numpy(np.stack([travellers(8, 2)[i] for i in range(8)]))
    forecast = stepper.forecast(truth[:, :3], 20)
    still = (truth[:, 2:3] - truth[:, 3:23]).square().mean().sqrt()
    assert (forecast - truth[:, 3:23]).square().mean().sqrt() < 0.05 * still


def test_with_the_phase_told_apart_it_commutes_with_every_translation() -> None:
    stepper = LatentStepper(settings())
    stepper.fit(travellers(10, 0), travellers(4, 1), seed=0)
    start = torch.from_numpy(travellers(2, 2)[0][:1])[None]
    there = stepper.forecast(start.roll(5, dims=-1), 10)
    torch.testing.assert_close(there, stepper.forecast(start, 10).roll(5, dims=-1), rtol=0, atol=1e-9)


def test_it_stays_in_the_code_between_two_steps() -> None:
    stepper = LatentStepper(settings(latent=1, hidden=()))
    stepper.fit(travellers(10, 0), travellers(4, 1), seed=0)
    state = torch.from_numpy(travellers(2, 2)[0][:1])
    first, memory = stepper.step(state, None)
    nonsense = torch.full_like(first, 7.0)
    assert torch.equal(stepper.step(nonsense, memory)[0], stepper.step(first, memory)[0])


def test_a_linear_one_reconstructs_as_the_principal_components_do() -> None:
    known = travellers(20, 0)
    stepper = LatentStepper(settings(latent=1, hidden=()))
    record = stepper.fit(known, known, seed=0)
    frames = stepper.frames
    assert frames is not None
    assert f"{float(frames.sizes[1]):.1e}" in record.note
    states = torch.from_numpy(np.concatenate([known[i] for i in range(20)]))
    lost = (stepper.reconstructed(states) - states).square().sum()
    assert stepper.frames is not None
    mean = stepper.frames.span.mean.reshape(1, -1)
    moved = LatentFrames.measure(known, align=None)
    shapes = moved.span.decode(moved.encode(states)[0] / moved.sizes)
    whole = (shapes - mean).square().sum()
    assert float((lost / whole).sqrt()) == pytest.approx(float(frames.sizes[1]), rel=1e-3)


def test_walls_are_learned_without_a_phase_and_aligning_them_is_refused() -> None:
    stepper = LatentStepper(settings(latent=3))
    stepper.fit(travellers(10, 0, axes=WALLS), travellers(4, 1, axes=WALLS), seed=0)
    assert stepper.frames is not None and not stepper.frames.aligned
    with pytest.raises(SurrogateError, match=r"one field on one periodic axis.*set aligned to None or False"):
        LatentStepper(settings(aligned=True)).fit(
            travellers(10, 0, axes=WALLS), travellers(4, 1, axes=WALLS), seed=0
        )


def test_too_few_frames_or_components_are_refused() -> None:
    with pytest.raises(SurrogateError, match=r"need more than 48 training frames.*got 40 frames"):
        LatentStepper(settings()).fit(travellers(1, 0), travellers(1, 1), seed=0)
    with pytest.raises(SurrogateError, match=r"have 2 principal components, fewer than latent \(3\)"):
        LatentStepper(settings(latent=3)).fit(travellers(10, 0), travellers(4, 1), seed=0)
    with pytest.raises(SurrogateError, match="more than 2 frames, and 2 in validation; got 2 and 40"):
        LatentStepper(settings()).fit(travellers(40, 0, frames=2), travellers(4, 1), seed=0)
    with pytest.raises(SurrogateError, match="latent and unroll must be at least 1"):
        settings(latent=0)


def test_what_training_says_of_one_step_is_the_error_of_one_step() -> None:
    stepper, judged = LatentStepper(settings()), travellers(4, 1)
    record = stepper.fit(travellers(20, 0), judged, seed=0)
    states = torch.from_numpy(np.concatenate([judged[i][:-1] for i in range(4)]))
    after = torch.from_numpy(np.concatenate([judged[i][1:] for i in range(4)]))
    error = (stepper.step(states, None)[0] - after).square().sum() / after.square().sum()
    assert record.validation_error == pytest.approx(float(error.sqrt()), rel=1e-6)
    assert "reconstruction" in record.note


def test_a_code_is_never_worse_than_the_components_that_it_began_at() -> None:
    wild = TrainingSettings(steps=3, batch=8, check_every=3, learning_rate=10.0, optimiser="adam")
    stepper = LatentStepper(settings(latent=1, reduction=wild))
    judged = travellers(4, 1)
    stepper.fit(travellers(20, 0), judged, seed=0)
    states = torch.from_numpy(np.concatenate([judged[i] for i in range(4)]))
    assert stepper.frames is not None
    coordinates, phases = stepper.frames.encode(states)
    begun = stepper.frames.decode(coordinates * torch.tensor([1.0, 0.0]), phases)
    lost = [(said - states).square().mean().sqrt() for said in (stepper.reconstructed(states), begun)]
    assert float(lost[0]) == pytest.approx(float(lost[1]), rel=1e-4)


def test_with_more_time_the_autoencoder_and_then_its_map_are_trained_on(tmp_path: Path) -> None:
    known, judged = travellers(20, 0), travellers(4, 1)
    chosen = settings(latent=1)
    short = dataclasses.replace(chosen, reduction=dataclasses.replace(TRAINING, seconds=1e-9))
    assert not LatentStepper(short).fit(known, judged, seed=0, folder=tmp_path).finished
    resumed, whole = LatentStepper(chosen), LatentStepper(chosen)
    assert resumed.fit(known, judged, seed=0, folder=tmp_path).finished
    whole.fit(known, judged, seed=0)
    for name, tensor in whole.tensors().items():
        assert torch.equal(resumed.tensors()[name], tensor), name


def test_a_state_off_the_span_of_those_that_were_learned_is_refused() -> None:
    stepper = LatentStepper(settings())
    stepper.fit(travellers(20, 0), travellers(4, 1), seed=0)
    state = torch.from_numpy(travellers(1, 2)[0][:1])
    stepper.step(state, None)
    with pytest.raises(SurrogateError, match="unlike any"):
        stepper.step(state + 0.3, None)


@pytest.mark.parametrize("wrong", [{"activation": "swish"}, {"hidden": (0,)}, {"stepping": (8, -1)}])
def test_networks_that_make_no_sense_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(SurrogateError, match="activation must be one of"):
        settings(**wrong)
