"""Recurrent networks are torch's own, remember what a frame does not show, and forget as theory says."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_memory, travelling_waves
from torch import nn
from understudy.datasets.tasks import Trajectories
from understudy.surrogates.recurrent import Recurrent, RecurrentIncrement
from understudy.surrogates.state_stepper import StateStepper
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings

TRAINING = TrainingSettings(steps=500, batch=32, check_every=100, learning_rate=1e-2, clip=1.0)
SHORT = dataclasses.replace(TRAINING, steps=10, check_every=5)
SMALL = Recurrent.Settings(width=16, warm_up=6, burn_in=2, unroll=2, input_noise=0.0, training=TRAINING)
CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
EVERY_CELL = pytest.mark.parametrize("cell", CELLS)
ONE_CELL = pytest.mark.parametrize(
    "cell", [pytest.param(cell, marks=[pytest.mark.slow] * (cell != "lstm")) for cell in CELLS]
)
"""The others with the long tests."""


def settings(cell: str, **changes: Any) -> Recurrent.Settings:
    return dataclasses.replace(SMALL, cell=cell, **changes)  # type: ignore[arg-type]


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


def swinging(samples: int, seed: int) -> Trajectories:
    """Two masses that swing at paces of their own, and a third that mirrors the first: places and speeds."""
    generator = np.random.default_rng(seed)
    size, phase = generator.uniform(0.5, 1.5, (samples, 1, 2)), generator.uniform(0, 6, (samples, 1, 2))
    angle = 0.3 * np.arange(24)[:, None] * np.array([1.0, 1.7]) + phase
    x, v = size * np.cos(angle), -size * np.array([1.0, 1.7]) * np.sin(angle)
    mirrored = {n: np.concatenate([a, -a[..., :1]], axis=-1) for n, a in (("x", x), ("v", v))}
    source: Any = Recorded(mirrored)
    return Trajectories(source, fields=("x", "v"), stride=1, interval=0.3)


def true_frames(examples: Trajectories) -> torch.Tensor:
    return torch.from_numpy(np.stack([examples[i] for i in range(len(examples))]))


# its parts are torch's -------------------------------------------------------------------------------


@EVERY_CELL
def test_stepping_is_torchs_own_network_run_over_the_whole_sequence(cell: str) -> None:
    surrogate = Recurrent(settings(cell, layers=2, training=SHORT))
    surrogate.fit(swinging(20, 0), swinging(5, 1), seed=0)
    learned = surrogate.tensors()
    own = {n.removeprefix("network."): t for n, t in learned.items() if n.startswith("network.")}
    twin = CELLS[cell](4, 16, 2, batch_first=True).double()
    twin.load_state_dict({n.removeprefix("cell."): t for n, t in own.items() if n.startswith("cell.")})
    frames = true_frames(swinging(3, 2))
    flat = frames.flatten(2)
    rows, scale = learned["span.basis"], learned["span.scale"]
    hidden = twin((flat - learned["span.mean"]) / scale @ rows.T)[0]
    change = own["increments"] * (hidden @ own["readout.weight"].T + own["readout.bias"])
    expected = (flat + change @ rows * scale).detach().reshape(frames.shape)
    assert (expected - frames).abs().max() > 1e-3
    memory = surrogate.warm_up(frames[:, :6])
    for t in range(6, frames.shape[1]):
        answer, memory = surrogate.step(frames[:, t], memory)
        torch.testing.assert_close(answer, expected[:, t], rtol=0, atol=1e-12)


@EVERY_CELL
def test_a_step_does_not_change_the_memory_that_it_is_given(cell: str) -> None:
    surrogate = Recurrent(settings(cell, training=SHORT))
    surrogate.fit(swinging(20, 0), swinging(5, 1), seed=0)
    frames = true_frames(swinging(3, 2))
    memory = surrogate.warm_up(frames[:, :6])
    first, second = surrogate.step(frames[:, 6], memory)[0], surrogate.step(frames[:, 6], memory)[0]
    assert torch.equal(first, second)
    other = surrogate.warm_up(frames[:, 1:7])
    assert not torch.equal(surrogate.step(frames[:, 6], other)[0], first)


def test_of_a_longer_history_the_latest_frames_count() -> None:
    surrogate = Recurrent(settings("lstm", training=SHORT))
    surrogate.fit(swinging(20, 0), swinging(5, 1), seed=0)
    frames = true_frames(swinging(3, 2))
    assert torch.equal(surrogate.forecast(frames[:, :12], 5), surrogate.forecast(frames[:, 5:12], 5))


def test_without_a_warm_up_it_begins_at_the_first_state() -> None:
    surrogate = Recurrent(settings("gru", warm_up=0, burn_in=0, unroll=4, training=SHORT))
    surrogate.fit(swinging(20, 0), swinging(5, 1), seed=0)
    frames = true_frames(swinging(3, 2))
    assert surrogate.history_frames == 1
    assert torch.equal(
        surrogate({"frame": frames[:, 3]})["frame"], surrogate.forecast(frames[:, :4], 1)[:, 0]
    )


def test_what_is_linear_and_conserved_stays_for_a_hundred_steps() -> None:
    surrogate = Recurrent(settings("lstm", training=SHORT))
    surrogate.fit(swinging(20, 0), swinging(5, 1), seed=0)
    assert surrogate.span is not None
    assert surrogate.span.coordinates == 4
    end = surrogate.forecast(true_frames(swinging(3, 2))[:, :7], 100, every=100)
    assert (end[..., 0] + end[..., 2]).abs().max() < 1e-12


# it learns -------------------------------------------------------------------------------------------


def hidden_velocities(samples: int, seed: int, *, pace: float = 0.5, frames: int = 30) -> np.ndarray:
    """Places (2 samples, frames, 1) of oscillators whose speeds are not shown: forwards, then backwards."""
    generator = np.random.default_rng(seed)
    size, phase = generator.uniform(0.5, 1.5, (samples, 1)), generator.uniform(0, 2 * np.pi, (samples, 1))
    x = size * np.cos(pace * np.arange(frames) + phase)
    return np.concatenate([x, x[:, ::-1]])[..., None]


def least_error(x: np.ndarray) -> float:
    """What the one-step error of any map of a place alone is at least, on places forwards and backwards.

    Wherever a trajectory and its reverse meet, one goes on to the place ahead and the other to that behind:
    whatever is answered, the two squared errors are together at least half the square of their distance. On
    the average over all phases this is |sin(pace)| of the root mean square of the places.
    """
    forwards = x[: len(x) // 2, :, 0]
    apart = forwards[:, 2:] - forwards[:, :-2]
    return float(np.sqrt((apart**2 / 2).sum() / (x[:, 1:] ** 2).sum()))


def test_without_memory_a_hidden_velocity_costs_what_theory_says() -> None:
    train, valid = hidden_velocities(40, 0), hidden_velocities(20, 1)
    assert least_error(valid) == pytest.approx(math.sin(0.5), rel=0.1)
    training = TrainingSettings(steps=200, batch=64, check_every=50)
    blind = StateStepper(StateStepper.Settings(width=16, blocks=1, training=training))
    record = blind.fit(in_memory(train), in_memory(valid), seed=0)
    assert 0.99 * least_error(valid) < record.validation_error < 1.2 * least_error(valid)


@ONE_CELL
def test_with_memory_a_hidden_velocity_costs_nothing(cell: str) -> None:
    train, valid = hidden_velocities(40, 0), hidden_velocities(20, 1)
    surrogate = Recurrent(settings(cell, unroll=6))
    record = surrogate.fit(in_memory(train), in_memory(valid), seed=0)
    assert record.validation_error < 0.05 * least_error(valid)
    truth = torch.from_numpy(valid)[:, :, None]
    forecast = surrogate.forecast(truth[:, :7], 6)
    error = (forecast - truth[:, 7:13]).square().mean().sqrt() / truth.square().mean().sqrt()
    assert error < 0.05


@ONE_CELL
def test_it_overfits_a_few_windows(cell: str) -> None:
    noise = np.random.default_rng(0).normal(size=(4, 9, 3))
    record = Recurrent(settings(cell, width=32)).fit(in_memory(noise), in_memory(noise[:, :8]), seed=0)
    assert record.validation_error < 0.02


def test_noise_and_free_steps_and_burn_in_change_what_is_learned() -> None:
    waves = in_memory(travelling_waves(trajectories=6, frames=16, points=8, seed=0))
    found = []
    for changes in ({}, {"input_noise": 0.1}, {"unroll": 4}, {"burn_in": 6}):
        surrogate = Recurrent(settings("gru", training=SHORT, **changes))
        surrogate.fit(waves, waves, seed=0)
        found.append(surrogate.tensors()["network.readout.weight"])
    assert all(not torch.equal(found[0], other) for other in found[1:])


# gradients through time ------------------------------------------------------------------------------


def sensitivity(network: RecurrentIncrement, steps: int) -> float:
    """Spectral norm of d(hidden state after the last step) / d(first input), about inputs of zero."""

    def last(first: torch.Tensor) -> torch.Tensor:
        inputs = torch.cat([first[None], torch.zeros(steps - 1, len(first), dtype=first.dtype)])
        return network.remember(inputs[None], None)[0][0, -1]

    zero = torch.zeros(len(network.increments), dtype=torch.float64)
    return float(torch.linalg.matrix_norm(torch.autograd.functional.jacobian(last, zero), 2))


def new_network(cell: str) -> RecurrentIncrement:
    torch.manual_seed(0)
    return RecurrentIncrement(cell=cell, width=6, layers=1, increments=torch.ones(3)).double()


@pytest.mark.parametrize("radius", [0.8, 1.2])
def test_the_gradient_of_a_plain_recurrence_vanishes_or_explodes_as_a_power_of_the_length(
    radius: float,
) -> None:
    """About zero tanh is the identity: the derivative is U^(steps - 1) W, U a rotation times a radius."""
    network = new_network("rnn")
    parts = dict(network.cell.named_parameters())
    with torch.no_grad():
        rotation = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))[0]
        parts["weight_hh_l0"].copy_(radius * rotation)
        parts["bias_ih_l0"].zero_()
        parts["bias_hh_l0"].zero_()
        incoming = float(torch.linalg.matrix_norm(parts["weight_ih_l0"], 2))
    for steps in (1, 2, 10, 50):
        assert sensitivity(network, steps) == pytest.approx(radius ** (steps - 1) * incoming, rel=1e-9, abs=0)


@pytest.mark.parametrize("bias", [1.0, 30.0])
def test_the_gradient_of_an_lstm_falls_with_its_forget_gates_alone_and_not_when_they_are_open(
    bias: float,
) -> None:
    """Without recurrent weights, about zero: the other gates are at a half, the candidate's slope is 1."""
    network = new_network("lstm")
    parts = dict(network.cell.named_parameters())
    with torch.no_grad():
        for name, part in parts.items():
            if name != "weight_ih_l0":
                part.zero_()
        parts["bias_ih_l0"][6:12] = bias
        incoming = float(torch.linalg.matrix_norm(parts["weight_ih_l0"][12:18], 2))
    kept = 1 / (1 + math.exp(-bias))
    for steps in (1, 2, 10, 50, 200):
        assert sensitivity(network, steps) == pytest.approx(
            kept ** (steps - 1) * incoming / 4, rel=1e-9, abs=0
        )
    if bias > 20:
        assert sensitivity(network, 200) == pytest.approx(sensitivity(network, 1), rel=1e-9)


def test_the_forget_gates_of_a_new_lstm_start_with_a_bias_of_one_in_every_layer() -> None:
    cell = RecurrentIncrement(cell="lstm", width=5, layers=2, increments=torch.ones(3)).cell
    for layer in (0, 1):
        total = getattr(cell, f"bias_ih_l{layer}") + getattr(cell, f"bias_hh_l{layer}")
        assert total[5:10].tolist() == [1.0] * 5


@EVERY_CELL
def test_a_new_network_changes_nothing(cell: str) -> None:
    states = torch.randn(4, 5, 3, 1, dtype=torch.float64)
    assert torch.equal(new_network(cell)(states)[0], states)


# refusals --------------------------------------------------------------------------------------------


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SurrogateError, match=r"cell must be one of \['gru', 'lstm', 'rnn'\], got 'elman'"):
        settings("elman")
    for wrong in ({"width": 0}, {"layers": 0}, {"unroll": 0}, {"input_noise": -1.0}, {"burn_in": 7}):
        with pytest.raises(SurrogateError, match=next(iter(wrong))):
            settings("gru", **wrong)


def test_a_history_that_is_too_short_or_of_another_shape_is_refused() -> None:
    surrogate = Recurrent(settings("gru", training=SHORT))
    surrogate.fit(swinging(20, 0), swinging(5, 1), seed=0)
    frames = true_frames(swinging(3, 2))
    with pytest.raises(SurrogateError, match="needs 7 frames of history, got 6"):
        surrogate.forecast(frames[:, :6], 1)
    with pytest.raises(SurrogateError, match=r"needs 6 frames before the initial state, got 5"):
        surrogate.warm_up(frames[:, :5])
    with pytest.raises(SurrogateError, match=r"frames \(channels, \*grid\) of \(2, 3\), got \(2, 2\)"):
        surrogate.forecast(frames[:, :7, :, :2], 1)
    with pytest.raises(SurrogateError, match="training needs at least one trajectory of 26 frames"):
        Recurrent(settings("gru", warm_up=23)).fit(swinging(20, 0), swinging(5, 1), seed=0)


def test_a_state_off_the_span_is_refused_in_the_history_too() -> None:
    surrogate = Recurrent(settings("gru", training=SHORT))
    surrogate.fit(swinging(20, 0), swinging(5, 1), seed=0)
    for place in (0, 5, 6):
        frames = true_frames(swinging(3, 2))
        frames[1, place, 0, 2] += 0.1
        with pytest.raises(SurrogateError, match="'channel 0' unlike any that this surrogate was trained on"):
            surrogate.forecast(frames[:, :7], 1)


def test_trajectories_in_which_nothing_varies_are_refused() -> None:
    still = in_memory(np.ones((4, 12, 3)))
    with pytest.raises(SurrogateError, match="nothing varies"):
        Recurrent(SMALL).fit(still, still, seed=0)
