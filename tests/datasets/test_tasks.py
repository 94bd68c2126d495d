"""A task poses the problem on a set, and puts a surrogate in the solver's place."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from channel_flow import STEADY, ChannelFlow, Flow
from growing_fields import Bodies, Grow
from travelling_wave import SMALL, TravellingWave
from understudy.datasets.generate import generate
from understudy.datasets.tasks import Autoregressive, Direct, TimeConditioned, history_key
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import SolverError, Status, System


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
    answer = Autoregressive(0.5, ("u",)).answer(Doubling())
    solution = answer(query(u=[[1.0, 2.0], [3.0, 4.0]]), np.array([0.0, 1.0, 2.0]))
    start = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert np.array_equal(solution.values["u"], np.stack([start, 4 * start, 16 * start], axis=1))
    assert solution.solved.all()
    assert (solution.seconds > 0).all()
    assert np.isnan(solution.error_estimate).all()


def test_times_need_not_be_even_nor_begin_at_zero() -> None:
    solution = Autoregressive(0.25, ("u",)).answer(Doubling())(query(u=[[1.0]]), np.array([0.5, 1.25, 1.5]))
    assert solution.values["u"].ravel().tolist() == [4.0, 32.0, 64.0]
    only_start = Autoregressive(0.25, ("u",)).answer(Doubling())(query(u=[[5.0]]), np.array([0.0]))
    assert only_start.values["u"].ravel().tolist() == [5.0]


def test_a_time_that_is_a_multiple_of_the_interval_but_for_rounding_is_that_multiple() -> None:
    times = np.array([0.3, 0.7])
    assert (np.floor(times / 0.1) < [3, 7]).any()
    solution = Autoregressive(0.1, ("u",)).answer(Doubling())(query(u=[[1.0]]), times)
    assert solution.values["u"].ravel().tolist() == [8.0, 128.0]


def test_memory_is_read_from_the_history_and_only_its_end() -> None:
    key = history_key("u", 1.0)
    assert key == "history/1/u"
    queries = {key: np.array([[[9.0], [1.0], [1.0]]])}
    solution = Autoregressive(1.0, ("u",)).answer(Doubling(history_frames=2))(queries, np.arange(1.0, 6.0))
    assert solution.values["u"].ravel().tolist() == [2.0, 3.0, 5.0, 8.0, 13.0]  # Fibonacci's


def test_two_fields_are_channels_in_the_order_of_the_task() -> None:
    task = Autoregressive(1.0, fields=("v", "u"))
    solution = task.answer(Doubling())(query(u=[[1.0]], v=[[10.0]]), np.array([1.0]))
    assert solution.values["u"].item() == 2.0
    assert solution.values["v"].item() == 20.0


def test_a_forecast_that_breaks_is_marked_and_counted() -> None:
    answer = Autoregressive(1.0, ("u",)).answer(Doubling(limit=10.0))
    solution = answer(query(u=[[1.0], [4.0]]), np.array([1.0, 2.0]))
    assert solution.status.tolist() == [Status.SOLVED, Status.DIVERGED]
    assert solution.notes == ("1 forecasts became infinite or NaN",)


def test_what_cannot_be_answered_is_refused() -> None:
    answer = Autoregressive(0.25, ("u",)).answer(Doubling(history_frames=2))
    with pytest.raises(SolverError, match=r"an output time \(0\.3\) must be a whole multiple"):
        answer({history_key("u", 0.25): np.ones((1, 2, 1))}, np.array([0.3]))
    with pytest.raises(SolverError, match=r"needs 2 frames of history in 'history/0\.25/u'"):
        answer(query(u=[[1.0]]), np.array([0.25]))
    with pytest.raises(SolverError, match="at least 2 frames ending at time 0, got 1"):
        answer({history_key("u", 0.25): np.ones((1, 1, 1))}, np.array([0.25]))


def test_examples_are_thinned_and_stacked(finished: TrainingSet) -> None:
    examples = Autoregressive(0.3, ("u",)).examples(finished, "test")
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
        Autoregressive(0.25, ("u",)).examples(finished, "test")


def test_examples_of_a_set_obey_its_equation(finished: TrainingSet) -> None:
    """One interval on is a shift and a damping: what a surrogate would have to learn."""
    frames = Autoregressive(SMALL.interval, ("u",)).examples(finished, "train")[2][:, 0]
    system = TravellingWave()
    waves = 2 * np.pi / system.length * np.arange(9)
    turn = np.exp((-1j * waves * system.speed - system.damping) * SMALL.interval)
    assert np.allclose(np.fft.irfft(np.fft.rfft(frames[:-1]) * turn, n=16), frames[1:], rtol=0, atol=1e-12)


def test_a_state_has_only_channels_on_the_whole_grid(finished: TrainingSet, channels: TrainingSet) -> None:
    for made, name in ((finished, "flow"), (finished, "medium"), (channels, "flux")):
        with pytest.raises(SolverError, match=rf"{name!r} cannot be a channel of a state"):
            Autoregressive(made.interval, (name,)).examples(made, "train")
    examples = Autoregressive(finished.interval, ("u",)).examples(finished, "train")
    assert examples.axes == TravellingWave().axes


class Knowing:
    """A surrogate that answers by the exact solver; it has learned the shapes of its examples."""

    device, dtype = torch.device("cpu"), torch.float64

    def __init__(self, system: System, solver: Any, pairs: Any) -> None:
        self.system, self.solver = system, solver
        self.input_shapes, self.output_shapes = pairs.input_shapes, pairs.output_shapes
        self.batches: list[int] = []

    def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
        assert {name: tuple(values.shape[1:]) for name, values in inputs.items()} == self.input_shapes
        given = {name: values.numpy() for name, values in inputs.items()}
        times = given.pop("time", np.zeros(len(next(iter(given.values())))))
        said: dict[str, list[np.ndarray]] = {name: [] for name in self.output_shapes}
        for row, time in enumerate(times):
            values = self.solver({n: v[row : row + 1] for n, v in given.items()}, np.array([time])).values
            for name in said:
                said[name].append(values[name][0, 0])
        self.batches.append(len(times))
        return {name: torch.from_numpy(np.stack(values)) for name, values in said.items()}


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Steady flows."""
    system = ChannelFlow()
    return generate(system, Flow(system), STEADY, folder=tmp_path_factory.mktemp("channels") / "channels")


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Three bodies that drift."""
    system, settings = Bodies(), replace(SMALL, transient=0.0)
    return generate(system, Grow(system), settings, folder=tmp_path_factory.mktemp("bodies") / "bodies")


def test_the_pairs_of_steady_fields_are_queries_and_answers(channels: TrainingSet) -> None:
    pairs, split = Direct().examples(channels, "test"), channels.split("test")
    assert len(pairs) == 3
    assert pairs.input_shapes == {"solid": (5, 3), "inlet": (3,), "reynolds": ()}
    assert pairs.output_shapes == {"u": (5, 3), "p": (5,), "flux": (), "drag": ()}
    inputs, outputs = pairs.batch([2, 0])
    for named, shapes in ((inputs, pairs.input_shapes), (outputs, pairs.output_shapes)):
        assert {name: values.shape for name, values in named.items()} == {
            name: (2, *shape) for name, shape in shapes.items()
        }
        for name, values in named.items():
            assert np.array_equal(values, [split.read(i, field=name)[0] for i in (2, 0)])
    with pytest.raises(IndexError):
        _ = pairs[3]


def test_a_map_of_queries_answers_like_the_solver(channels: TrainingSet) -> None:
    task, system = Direct(outputs=("u", "drag")), ChannelFlow()
    surrogate = Knowing(system, Flow(system), task.examples(channels, "train"))
    queries, times = channels.split("test").queries(), np.array([0.0, 3.0])
    solution, truth = task.answer(surrogate)(queries, times), Flow(system)(queries, times)
    assert sorted(solution.values) == ["drag", "u"]
    for name, values in solution.values.items():
        assert np.array_equal(values, truth.values[name])
    assert solution.solved.all()
    assert surrogate.batches == [3]


def test_only_the_inputs_that_are_asked_for_are_needed(channels: TrainingSet) -> None:
    task = Direct(inputs=("reynolds",), outputs=("drag",))
    pairs = task.examples(channels, "train")
    assert list(pairs.input_shapes) == ["reynolds"]
    surrogate = Knowing(ChannelFlow(), None, pairs)
    answer = task.answer(surrogate)
    with pytest.raises(SolverError, match=r"needs 'reynolds' of shape \(samples\), got nothing"):
        answer({"solid": np.zeros((1, 5, 3))}, np.zeros(1))
    with pytest.raises(SolverError, match=r"needs 'reynolds' of shape \(samples\), got shape \(1, 2\)"):
        answer({"reynolds": np.zeros((1, 2))}, np.zeros(1))


def test_what_changes_in_time_is_no_direct_map(finished: TrainingSet) -> None:
    with pytest.raises(SolverError, match="waves has 60 frames of each in 'test'; take TimeConditioned"):
        Direct().examples(finished, "test")


def test_the_pairs_of_a_set_teach_the_map_from_query_and_time(bodies: TrainingSet) -> None:
    pairs, split = TimeConditioned().examples(bodies, "test"), bodies.split("test")
    assert len(pairs) == 3 * 60
    assert pairs.input_shapes == {"east": (3,), "north": (3,), "time": ()}
    assert pairs.output_shapes == {"east": (3,), "north": (3,)}
    chosen = [0, 61, 59, 179]
    inputs, outputs = pairs.batch(chosen)
    for row, pair in enumerate(chosen):
        trajectory, frame = divmod(pair, 60)
        assert inputs["time"][row] == split.times[frame]
        for name in ("east", "north"):
            assert np.array_equal(inputs[name][row], split.read(trajectory, field=name)[0])
            assert np.array_equal(outputs[name][row], split.read(trajectory, field=name)[frame])
            assert np.allclose(outputs[name][row], inputs[name][row] * (1 + inputs["time"][row]))


def test_a_map_of_query_and_time_answers_like_the_solver(bodies: TrainingSet) -> None:
    task, system = TimeConditioned(), Bodies()
    surrogate = Knowing(system, Grow(system), task.examples(bodies, "train"))
    queries, times = bodies.split("test").queries(), np.array([0.0, 0.7, 100.0])
    solution, truth = task.answer(surrogate)(queries, times), Grow(system)(queries, times)
    for name in ("east", "north"):
        assert np.array_equal(solution.values[name], truth.values[name])
    assert solution.solved.all()
    assert np.array_equal(solution.times, times)
    assert surrogate.batches == [9]


def nothing(queries: Any) -> Any:
    """The same fields of no sample."""
    return {name: values[:0] for name, values in queries.items()}


def test_where_nothing_is_asked_nothing_is_answered(bodies: TrainingSet, channels: TrainingSet) -> None:
    forecast = Autoregressive(0.5, ("u",)).answer(Doubling())(query(u=np.ones((0, 4))), np.array([0.0, 1.0]))
    assert forecast.values["u"].shape == (0, 2, 4)
    system: Any
    for task, system, solver, made in (
        (Direct(), ChannelFlow(), Flow, channels),
        (TimeConditioned(), Bodies(), Grow, bodies),
    ):
        surrogate = Knowing(system, solver(system), task.examples(made, "train"))
        solution = task.answer(surrogate)(nothing(made.split("test").queries()), np.array([0.0, 1.0]))
        assert {name: v.shape for name, v in solution.values.items()} == {
            name: (0, 2, *shape) for name, shape in surrogate.output_shapes.items()
        }
        assert solution.status.shape == solution.seconds.shape == (0,)
        assert solution.notes == ()
        assert surrogate.batches == [], "a network need not know what to do with nothing"


def test_an_answer_that_is_not_a_number_is_marked_and_counted(bodies: TrainingSet) -> None:
    task, system = TimeConditioned(), Bodies()
    surrogate = Knowing(system, Grow(system), task.examples(bodies, "train"))
    queries = bodies.split("test").queries()
    queries["north"][1, 2] = np.nan
    solution = task.answer(surrogate)(queries, np.array([0.0, 1.0]))
    assert solution.status.tolist() == [Status.SOLVED, Status.DIVERGED, Status.SOLVED]
    assert solution.notes == ("1 answers became infinite or NaN",)
