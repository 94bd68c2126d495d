"""A cheap solver answers first: what a surrogate then learns, and what the two together answer."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from channel_flow import STEADY, ChannelFlow, Flow
from travelling_wave import TravellingWave
from understudy.datasets.corrections import Corrected
from understudy.datasets.generate import generate
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import Queries, Solution, SolverError, Status

ONCE = np.zeros(1)


@dataclass(frozen=True)
class Cheap(Flow):
    """Says nine tenths of the truth, and nothing of samples whose Reynolds number is above `most`."""

    most: float = np.inf

    def __call__(self, queries: Queries, times: np.ndarray) -> Solution:
        whole = super().__call__(queries, times)
        lost = np.asarray(queries["reynolds"]) > self.most
        values = {name: 0.9 * v for name, v in whole.values.items()}
        for v in values.values():
            v[lost] = np.nan
        status = np.where(lost, np.int8(Status.NOT_CONVERGED), whole.status).astype(np.int8)
        return dataclasses.replace(whole, values=values, status=status)


class Ninth:
    """Adds a ninth of the cheap answer, which makes it true."""

    device, dtype = torch.device("cpu"), torch.float64

    def __init__(self, input_shapes: dict[str, tuple[int, ...]]) -> None:
        self.input_shapes = input_shapes
        self.output_shapes = {
            n.removeprefix("rough/"): shape for n, shape in input_shapes.items() if n.startswith("rough/")
        }

    def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
        return {n.removeprefix("rough/"): v / 9 for n, v in inputs.items() if n.startswith("rough/")}


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Steady flows."""
    system = ChannelFlow()
    return generate(system, Flow(system), STEADY, folder=tmp_path_factory.mktemp("channels") / "channels")


def test_pairs_show_the_cheap_answer_and_ask_for_what_it_lacks(channels: TrainingSet) -> None:
    task = Corrected(Cheap(ChannelFlow()), outputs=("u", "drag"))
    pairs, split = task.examples(channels, "train"), channels.split("train")
    assert set(pairs.input_shapes) == {*channels.plan.query, "rough/u", "rough/drag"}
    held = pairs.held()
    for name in ("u", "drag"):
        true = np.stack([split.read(i, field=name)[0] for i in range(len(split))])
        np.testing.assert_allclose(held.inputs[f"rough/{name}"], 0.9 * true)
        np.testing.assert_allclose(held.outputs[name][:, 0], 0.1 * true)
    inputs, outputs = pairs[1]
    np.testing.assert_array_equal(inputs["rough/u"], held.inputs["rough/u"][1])
    np.testing.assert_array_equal(outputs["u"], held.outputs["u"][1, 0])


def test_together_they_answer_like_the_solver_at_every_time(channels: TrainingSet) -> None:
    task, system = Corrected(Cheap(ChannelFlow()), outputs=("u", "drag")), ChannelFlow()
    surrogate = Ninth(task.examples(channels, "train").input_shapes)
    queries, times = channels.split("test").queries(), np.array([0.0, 3.0])
    solution, truth = task.answer(surrogate)(queries, times), Flow(system)(queries, times)
    assert sorted(solution.values) == ["drag", "u"]
    for name, values in solution.values.items():
        np.testing.assert_allclose(values, truth.values[name])
    assert solution.solved.all()


def test_what_the_cheap_solver_cannot_answer_is_not_learned_and_not_answered(channels: TrainingSet) -> None:
    queries = channels.split("train").queries()
    most = float(np.sort(queries["reynolds"])[-2])
    task = Corrected(Cheap(ChannelFlow(), most=most), outputs=("u",))
    pairs = task.examples(channels, "train")
    assert len(pairs) == len(channels.split("train")) - 1
    assert np.isfinite(pairs.held().inputs["rough/u"]).all()
    with pytest.raises(IndexError):
        pairs[len(pairs)]
    solution = task.answer(Ninth(pairs.input_shapes))(queries, ONCE)
    lost = queries["reynolds"] > most
    np.testing.assert_array_equal(solution.status == Status.NOT_CONVERGED, lost)
    assert np.isnan(solution.values["u"][lost]).all()


def test_where_nothing_is_asked_nothing_is_answered(channels: TrainingSet) -> None:
    task = Corrected(Cheap(ChannelFlow()), outputs=("u", "drag"))
    surrogate = Ninth(task.examples(channels, "train").input_shapes)
    queries = {name: values[:0] for name, values in channels.split("test").queries().items()}
    solution = task.answer(surrogate)(queries, np.array([0.0, 3.0]))
    assert solution.values["u"].shape == (0, 2, *surrogate.output_shapes["u"])
    assert solution.values["drag"].shape == (0, 2)
    assert solution.status.shape == solution.seconds.shape == (0,)


def test_a_surrogate_that_says_nonsense_has_diverged(channels: TrainingSet) -> None:
    task = Corrected(Cheap(ChannelFlow()), outputs=("u",))
    pairs = task.examples(channels, "train")

    class Nonsense(Ninth):
        def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
            return {"u": inputs["rough/u"] * torch.nan}

    solution = task.answer(Nonsense(pairs.input_shapes))(channels.split("test").queries(), ONCE)
    assert (solution.status == Status.DIVERGED).all()


def test_sets_that_change_in_time_and_solvers_of_another_system_are_refused(
    channels: TrainingSet, finished: TrainingSet
) -> None:
    with pytest.raises(SolverError, match="60 frames"):
        Corrected(Cheap(ChannelFlow()), outputs=("u",)).examples(finished, "test")
    other = dataclasses.make_dataclass("Other", [("system", TravellingWave)])(TravellingWave())
    with pytest.raises(SolverError, match="take one of the same system"):
        Corrected(other, outputs=("u",)).examples(channels, "train")


def test_the_record_says_which_solver_helped() -> None:
    described = Corrected(Cheap(ChannelFlow(), most=3.0), outputs=("u",)).described
    assert described["task"] == "Corrected"
    assert described["solver"]["solver"] == "Cheap"
    assert described["solver"]["most"] == 3.0
