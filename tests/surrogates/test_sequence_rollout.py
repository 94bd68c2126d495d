"""The loss of a network with memory, by hand for one of two numbers: true frames, then its own answers."""

from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_memory
from torch import nn
from understudy.surrogates.forecaster import Memory
from understudy.surrogates.memory_network import MemoryNetwork
from understudy.surrogates.sequence_rollout import SequenceRollout, SequenceWindow
from understudy.surrogates.surrogate import SurrogateError

KEEP, GAIN, MEAN, DEVIATION, SCALE = 0.5, 0.25, 1.0, 3.0, 2.0
TRAJECTORIES = np.random.default_rng(0).normal(size=(3, 11, 4))


class Leaky(MemoryNetwork):
    """Remembers a sum of states that fades, and adds a part of it."""

    def __init__(self, gain: float = GAIN) -> None:
        super().__init__()
        self.keep, self.gain = nn.Parameter(torch.tensor(KEEP)), nn.Parameter(torch.tensor(gain))
        self.double()
        self.seen: list[torch.Tensor] = []

    def remember(self, states: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        self.seen.append(states.detach())
        held = torch.zeros_like(states[:, 0]) if memory is None else memory
        sums = []
        for state in states.unbind(dim=1):
            held = self.keep * held + state
            sums.append(held)
        return torch.stack(sums, dim=1), held

    def answer(self, states: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        return states + self.gain * features


def by_hand(window: np.ndarray, chosen: SequenceWindow) -> float:
    """Mean square error of (frames, points) in physical units."""
    frames = (window - MEAN) / DEVIATION
    memory, state, errors = np.zeros(4), frames[0], []
    for t in range(chosen.warm_up + chosen.unroll):
        given = frames[t] if t <= chosen.warm_up else state
        memory = KEEP * memory + given
        state = given + GAIN * memory
        if t >= chosen.burn_in:
            errors.append(((state - frames[t + 1]) / SCALE) ** 2)
    return float(np.mean(errors))


def rollout(window: SequenceWindow, train: Any = TRAJECTORIES, valid: Any = TRAJECTORIES) -> SequenceRollout:
    return SequenceRollout(
        in_memory(train),
        in_memory(valid),
        window,
        normalise=lambda states: (states - MEAN) / DEVIATION,
        scale=torch.tensor([SCALE], dtype=torch.float64),
        device=torch.device("cpu"),
    )


def loss(objective: SequenceRollout, numbers: list[int], network: MemoryNetwork | None = None) -> float:
    generator = torch.Generator().manual_seed(3)
    return float(objective.loss(network or Leaky(), torch.tensor(numbers), generator).detach())


@pytest.mark.parametrize(
    "window",
    [
        SequenceWindow(warm_up=4, burn_in=1, unroll=3, input_noise=0.0),
        SequenceWindow(warm_up=4, burn_in=4, unroll=3, input_noise=0.0),
        SequenceWindow(warm_up=4, burn_in=0, unroll=1, input_noise=0.0),
        SequenceWindow(warm_up=0, burn_in=0, unroll=2, input_noise=0.0),
    ],
    ids=str,
)
def test_the_loss_is_that_of_true_frames_first_and_of_its_own_answers_then(window: SequenceWindow) -> None:
    objective = rollout(window)
    length = window.warm_up + 1 + window.unroll
    places = 11 - length + 1
    assert objective.examples == 3 * places
    for number in (0, places - 1, places, 3 * places - 1):
        trajectory, start = divmod(number, places)
        wanted = by_hand(TRAJECTORIES[trajectory, start : start + length], window)
        assert loss(objective, [number]) == pytest.approx(wanted, rel=1e-12)
    each = [loss(objective, [number]) for number in range(3)]
    assert loss(objective, [0, 1, 2]) == pytest.approx(np.mean(each), rel=1e-12)


def test_a_warm_up_is_taken_in_at_once_and_free_steps_one_by_one() -> None:
    network = Leaky()
    loss(rollout(SequenceWindow(warm_up=4, burn_in=1, unroll=3, input_noise=0.0)), [0, 1], network)
    assert [seen.shape[:2] for seen in network.seen] == [(2, 5), (2, 1), (2, 1)]


def test_noise_is_on_the_frames_that_are_given_and_not_on_those_that_are_wanted() -> None:
    """A network that answers what it is given, on nothing: its errors are the noise."""
    window = SequenceWindow(warm_up=4, burn_in=2, unroll=3, input_noise=0.1)
    nothing = np.full((2, 9, 4), MEAN)
    found = loss(rollout(window, nothing, TRAJECTORIES), [0, 1, 2], Leaky(gain=0.0))
    generator = torch.Generator().manual_seed(3)
    noise = 0.1 * torch.randn(3, 5, 1, 4, generator=generator, dtype=torch.float64)
    errors = torch.cat([noise[:, 2:], noise[:, -1:], noise[:, -1:]], dim=1) / SCALE
    assert found == pytest.approx(float(errors.square().mean()), rel=1e-12)


def test_the_gradient_comes_through_the_free_steps_and_the_whole_warm_up() -> None:
    """Free steps alone count; against differences."""
    objective = rollout(SequenceWindow(warm_up=4, burn_in=4, unroll=3, input_noise=0.0))
    network, step = Leaky(), 1e-6
    objective.loss(network, torch.tensor([0, 1]), torch.Generator()).backward()
    for parameter in network.parameters():
        with torch.no_grad():
            parameter += step
            above = loss(objective, [0, 1], network)
            parameter -= 2 * step
            below = loss(objective, [0, 1], network)
            parameter += step
        assert parameter.grad is not None
        assert float(parameter.grad) == pytest.approx((above - below) / (2 * step), rel=1e-6)


def test_validation_is_the_first_step_after_a_warm_up_relative_to_the_state() -> None:
    window = SequenceWindow(warm_up=4, burn_in=1, unroll=3, input_noise=0.5)
    frames = (TRAJECTORIES - MEAN) / DEVIATION
    wrong, total = 0.0, 0.0
    for start in range(6):
        memory = sum(KEEP ** (4 - t) * frames[:, start + t] for t in range(5))
        answer, wanted = frames[:, start + 4] + GAIN * memory, frames[:, start + 5]
        wrong, total = wrong + ((answer - wanted) ** 2).sum(), total + (wanted**2).sum()
    with torch.no_grad():
        assert rollout(window).validate(Leaky()) == pytest.approx(np.sqrt(wrong / total), rel=1e-12)


def test_many_validation_windows_are_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "understudy.surrogates.sequence_rollout"
    monkeypatch.setattr(f"{module}._VALIDATION_WINDOWS", 4)
    monkeypatch.setattr(f"{module}._VALIDATION_BATCH", 3)
    counted = np.broadcast_to(np.arange(3.0)[:, None, None], (3, 11, 4)).copy()
    network = Leaky()
    with torch.no_grad():
        rollout(SequenceWindow(4, 1, 3, 0.0), TRAJECTORIES, counted).validate(network)
    seen = torch.cat(network.seen)[:, 0, 0, 0] * DEVIATION + MEAN
    assert seen.tolist() == pytest.approx([0, 1, 1, 2])


def test_trajectories_that_are_too_short_are_refused() -> None:
    window = SequenceWindow(warm_up=8, burn_in=1, unroll=3, input_noise=0.0)
    with pytest.raises(
        SurrogateError,
        match=r"training needs at least one trajectory of 12 frames, got 3 of 11; .* lower warm_up \(now 8\) "
        r"or unroll \(now 3\)",
    ):
        rollout(window)
    with pytest.raises(SurrogateError, match=r"validation needs .* of 10 frames, got 3 of"):
        rollout(SequenceWindow(8, 1, 2, 0.0), TRAJECTORIES, TRAJECTORIES[:, :9])
    with pytest.raises(SurrogateError, match=r"validation needs .* of 10 frames, got 0 of"):
        rollout(SequenceWindow(8, 1, 2, 0.0), TRAJECTORIES, TRAJECTORIES[:0])
    assert rollout(SequenceWindow(8, 1, 2, 0.0)).examples == 3


@pytest.mark.parametrize(
    "wrong", [(-1, 0, 1, 0.0), (4, 5, 1, 0.0), (4, -1, 1, 0.0), (4, 0, 0, 0.0), (4, 0, 1, -0.1)]
)
def test_windows_that_make_no_sense_are_refused(wrong: tuple[int, int, int, float]) -> None:
    with pytest.raises(SurrogateError, match="burn_in between 0 and warm_up"):
        SequenceWindow(*wrong)
