"""A task poses the problem on a set, and puts a surrogate in the solver's place."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from travelling_wave import SMALL, TravellingWave
from understudy.datasets.tasks import Autoregressive, history_key
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import SolverError, Status


@dataclass
class Doubling:
    """Doubles the state, or adds the state two steps ago to it where it has a memory; gives up at `limit`."""

    history_frames: int = 1
    limit: float = np.inf

    def forecast(self, history: torch.Tensor, steps: int, *, every: int = 1) -> torch.Tensor:
        assert history.shape[1] == self.history_frames
        states, frames = list(history.unbind(1)), []
        for i in range(steps):
            states.append(states[-1] + states[-self.history_frames])
            if (i + 1) % every == 0:
                frames.append(states[-1])
        result = torch.stack(frames, dim=1)
        return torch.where(result.abs() > self.limit, torch.nan, result)


def query(**arrays: Any) -> dict[str, np.ndarray]:
    return {key: np.asarray(value, dtype=np.float64) for key, value in arrays.items()}


def test_a_forecaster_answers_like_a_solver() -> None:
    answer = Autoregressive(0.5).answer(Doubling())
    solution = answer(query(u=[[1.0, 2.0], [3.0, 4.0]]), np.array([0.0, 1.0, 2.0]))
    start = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert np.array_equal(solution.values["u"], np.stack([start, 4 * start, 16 * start], axis=1))
    assert solution.solved.all()
    assert (solution.seconds > 0).all()
    assert np.isnan(solution.error_estimate).all()


def test_times_need_not_be_even_nor_begin_at_zero() -> None:
    solution = Autoregressive(0.25).answer(Doubling())(query(u=[[1.0]]), np.array([0.5, 1.25, 1.5]))
    assert solution.values["u"].ravel().tolist() == [4.0, 32.0, 64.0]
    only_start = Autoregressive(0.25).answer(Doubling())(query(u=[[5.0]]), np.array([0.0]))
    assert only_start.values["u"].ravel().tolist() == [5.0]


def test_a_time_that_is_a_multiple_of_the_interval_but_for_rounding_is_that_multiple() -> None:
    times = np.array([0.3, 0.7])
    assert (np.floor(times / 0.1) < [3, 7]).any()
    solution = Autoregressive(0.1).answer(Doubling())(query(u=[[1.0]]), times)
    assert solution.values["u"].ravel().tolist() == [8.0, 128.0]


def test_memory_is_read_from_the_history_and_only_its_end() -> None:
    key = history_key("u", 1.0)
    assert key == "history/1/u"
    queries = {key: np.array([[[9.0], [1.0], [1.0]]])}
    solution = Autoregressive(1.0).answer(Doubling(history_frames=2))(queries, np.arange(1.0, 6.0))
    assert solution.values["u"].ravel().tolist() == [2.0, 3.0, 5.0, 8.0, 13.0]  # Fibonacci's


def test_two_fields_are_channels_in_the_order_of_the_task() -> None:
    task = Autoregressive(1.0, fields=("v", "u"))
    solution = task.answer(Doubling())(query(u=[[1.0]], v=[[10.0]]), np.array([1.0]))
    assert solution.values["u"].item() == 2.0
    assert solution.values["v"].item() == 20.0


def test_a_forecast_that_breaks_is_marked_and_counted() -> None:
    answer = Autoregressive(1.0).answer(Doubling(limit=10.0))
    solution = answer(query(u=[[1.0], [4.0]]), np.array([1.0, 2.0]))
    assert solution.status.tolist() == [Status.SOLVED, Status.DIVERGED]
    assert solution.notes == ("1 forecasts became infinite or NaN",)


def test_what_cannot_be_answered_is_refused() -> None:
    answer = Autoregressive(0.25).answer(Doubling(history_frames=2))
    with pytest.raises(SolverError, match=r"an output time \(0\.3\) must be a whole multiple"):
        answer({history_key("u", 0.25): np.ones((1, 2, 1))}, np.array([0.3]))
    with pytest.raises(SolverError, match=r"needs 2 frames of history in 'history/0\.25/u'"):
        answer(query(u=[[1.0]]), np.array([0.25]))
    with pytest.raises(SolverError, match="at least 2 frames ending at time 0, got 1"):
        answer({history_key("u", 0.25): np.ones((1, 1, 1))}, np.array([0.25]))


def test_examples_are_thinned_and_stacked(finished: TrainingSet) -> None:
    examples = Autoregressive(0.3).examples(finished, "test")
    assert (len(examples), examples.frames, examples.frame_shape) == (3, 20, (1, 16))
    assert examples.interval == pytest.approx(0.3)
    whole = finished.split("test").read(1)[::3]
    assert np.array_equal(examples[1][:, 0], whole)
    assert np.array_equal(examples.window(1, 4, 5)[:, 0], whole[4:9])
    for start, frames in ((-1, 2), (19, 2), (0, 21)):
        with pytest.raises(IndexError):
            examples.window(0, start, frames)
    with pytest.raises(IndexError):
        _ = examples[3]
    with pytest.raises(SolverError, match=r"task's interval \(0\.25\) must be a whole multiple"):
        Autoregressive(0.25).examples(finished, "test")


def test_examples_of_a_set_obey_its_equation(finished: TrainingSet) -> None:
    """One interval on is a shift and a damping: what a surrogate would have to learn."""
    frames = Autoregressive(SMALL.interval).examples(finished, "train")[2][:, 0]
    system = TravellingWave()
    waves = 2 * np.pi / system.length * np.arange(9)
    turn = np.exp((-1j * waves * system.speed - system.damping) * SMALL.interval)
    assert np.allclose(np.fft.irfft(np.fft.rfft(frames[:-1]) * turn, n=16), frames[1:], rtol=0, atol=1e-12)
