"""Groups of a query in the place of what they follow from: the pairs, the answers, what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from channel_flow import STEADY, ChannelFlow, Flow
from understudy.datasets.card import card
from understudy.datasets.check import check
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.groups import Grouped
from understudy.datasets.picture import draw_sample
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import SolverError
from understudy.solvers.pipe_flow import PipeFlow, WrightOmega

SYSTEM = PipeFlow()
SMALL = GenerateSettings(
    train_trajectories=20,
    valid_trajectories=5,
    test_trajectories=6,
    train_frames=1,
    valid_frames=1,
    test_frames=1,
    interval=1.0,
)
TASK = Grouped(SYSTEM, inputs=("relative_roughness", "reynolds"))


@pytest.fixture(scope="module")
def pipes(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    return generate(SYSTEM, WrightOmega(SYSTEM), SMALL, folder=tmp_path_factory.mktemp("pipes") / "pipes")


class Product:
    """Answers the product of what it is given."""

    device, dtype = torch.device("cpu"), torch.float64
    input_shapes: dict[str, tuple[int, ...]] = {"reynolds": (), "relative_roughness": ()}  # noqa: RUF012

    def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
        assert set(inputs) == {"reynolds", "relative_roughness"}
        return {"friction": inputs["reynolds"] * inputs["relative_roughness"]}


def test_pairs_show_fields_and_groups_as_they_are_named(pipes: TrainingSet) -> None:
    pairs, split = TASK.examples(pipes, "train"), pipes.split("train")
    queries = split.queries()
    assert pairs.input_shapes == {"reynolds": (), "relative_roughness": ()}
    held = pairs.held()
    np.testing.assert_array_equal(held.inputs["reynolds"], queries["reynolds"])
    np.testing.assert_array_equal(held.inputs["relative_roughness"], SYSTEM.relative_roughness(queries))
    inputs, outputs = pairs[3]
    assert inputs["relative_roughness"] == held.inputs["relative_roughness"][3]
    assert outputs["friction"] == held.outputs["friction"][3, 0]


def test_answers_are_asked_in_groups(pipes: TrainingSet) -> None:
    queries = pipes.split("test").queries()
    solution = TASK.answer(Product())(queries, np.array([0.0, 1.0]))
    wanted = queries["reynolds"] * SYSTEM.relative_roughness(queries)
    np.testing.assert_array_equal(solution.values["friction"], np.stack([wanted, wanted], axis=1))
    assert solution.solved.all()
    broken = {**queries, "material": queries["material"] + 0.5}
    with pytest.raises(SolverError, match="must be one of the codes"):
        TASK.answer(Product())(broken, np.zeros(1))


def test_what_is_no_input_and_sets_of_others_are_refused(pipes: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(SolverError, match=r"'roughness' is no input.*\['relative_roughness'\]"):
        Grouped(SYSTEM, inputs=("reynolds", "roughness")).examples(pipes, "train")
    system = ChannelFlow()
    channels = generate(system, Flow(system), STEADY, folder=tmp_path / "channels")
    with pytest.raises(SolverError, match="the groups are those of pipe_flow"):
        TASK.examples(channels, "train")


def test_sets_of_a_system_with_other_parameters_are_refused(pipes: TrainingSet) -> None:
    with pytest.raises(SolverError, match=r"Pipe flow with least_diameter = 0.1, the set's has 0.06"):
        Grouped(PipeFlow(least_diameter=0.1), inputs=("reynolds",)).examples(pipes, "train")


def test_sets_that_change_in_time_are_refused(finished: TrainingSet) -> None:
    with pytest.raises(SolverError, match="60 frames"):
        TASK.examples(finished, "test")


def test_the_record_says_of_which_system_the_groups_are() -> None:
    assert TASK.described["system"]["name"] == "pipe_flow"
    assert TASK.described["system"]["least_diameter"] == 0.06
    assert TASK.described["inputs"] == ("relative_roughness", "reynolds")


def test_a_set_without_axes_is_sound_has_a_card_and_a_picture(pipes: TrainingSet, tmp_path: Path) -> None:
    assert check(pipes.folder) == []
    assert "friction" in card(pipes)
    assert "4 (drawn tubing)" in card(pipes)
    first, second = (draw_sample(pipes, tmp_path / f"{i}.png", trajectory=i) for i in range(2))
    assert first.stat().st_size > 5_000
    assert first.read_bytes() != second.read_bytes()
