"""Each surrogate learns from the split, the set, the seed and the interval that were meant, once."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from understudy.datasets.generate import GenerateSettings
from understudy.datasets.plan import DatasetError
from understudy.datasets.tasks import Autoregressive, Direct
from understudy.datasets.training_set import TrainingSet
from understudy.experiments.stages import (
    Candidate,
    Trained,
    contestant,
    generate_sets,
    open_sets,
    surrogate_folder,
    train_all,
    with_history,
)
from understudy.solvers.contract import SolverError
from understudy.solvers.kuramoto_sivashinsky import ETDRK4, KuramotoSivashinsky
from understudy.surrogates.reservoir import Reservoir
from understudy.surrogates.surrogate import SurrogateError

SYSTEM = KuramotoSivashinsky(22.0, 16)
SOLVER = ETDRK4(SYSTEM, step=1 / 16)
SETTINGS = GenerateSettings(
    train_trajectories=3,
    valid_trajectories=1,
    test_trajectories=2,
    train_frames=80,
    valid_frames=40,
    test_frames=30,
    interval=0.25,
    transient=5.0,
)
SMALL = Reservoir.Settings(nodes=32, warm_up=8, noise=1e-3)
QUARTER, HALF = Autoregressive(0.25, ("u",)), Autoregressive(0.5, ("u",))
CANDIDATES = {
    "mean": Candidate("climatology", QUARTER, seeds=2),
    "echo": Candidate("reservoir", HALF, SMALL, seeds=2),
    "other": Candidate("climatology", QUARTER, training_set="fine"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stages")


@pytest.fixture(scope="module")
def sets(folder: Path) -> dict[str, TrainingSet]:
    fine = dataclasses.replace(SETTINGS, seed=5, train_trajectories=4)
    return generate_sets({"main": (SOLVER, SETTINGS), "fine": (SOLVER, fine)}, folder=folder)


@pytest.fixture(scope="module")
def trained(sets: dict[str, TrainingSet], folder: Path) -> dict[str, Trained]:
    return {t.label: t for t in train_all(CANDIDATES, sets, folder=folder)}


def frames_of(training_set: TrainingSet, split: str) -> np.ndarray:
    chosen = training_set.split(split)
    return np.stack([chosen.read(i) for i in range(len(chosen))])


@pytest.mark.parametrize(("label", "name"), [("mean", "main"), ("other", "fine")])
def test_it_learns_from_the_train_split_of_its_set_and_is_judged_on_valid(
    trained: dict[str, Trained], sets: dict[str, TrainingSet], label: str, name: str
) -> None:
    mean = frames_of(sets[name], "train").mean(axis=(0, 1))
    (surrogate,), (record,) = trained[label].surrogates, trained[label].records
    assert isinstance(surrogate.tensors()["mean"], torch.Tensor)
    np.testing.assert_allclose(surrogate.tensors()["mean"].ravel(), mean, rtol=1e-12)
    valid = frames_of(sets[name], "valid")
    expected = np.sqrt(((valid - mean) ** 2).mean() / (valid**2).mean())
    assert record.validation_error == pytest.approx(expected, rel=1e-12)


def test_each_seed_learns_anew_and_a_null_model_only_once(trained: dict[str, Trained], folder: Path) -> None:
    first, second = (s.tensors() for s in trained["echo"].surrogates)
    assert any(not torch.equal(first[k], second[k]) for k in first)
    assert len(trained["mean"].surrogates) == 1
    assert trained["mean"].null
    assert not trained["echo"].null
    assert not surrogate_folder(folder, "mean", 1).exists()


def test_it_learns_at_its_own_interval(trained: dict[str, Trained]) -> None:
    assert [s.interval for s in trained["echo"].surrogates] == [0.5, 0.5]
    assert trained["mean"].surrogates[0].interval == 0.25


def test_the_bill_is_the_data_of_its_own_set_and_one_training(
    trained: dict[str, Trained], sets: dict[str, TrainingSet]
) -> None:
    records = [dataclasses.replace(trained["echo"].records[0], seconds=s) for s in (1.0, 100.0, 3.0)]
    entry = contestant(dataclasses.replace(trained["echo"], records=tuple(records)), sets["main"])
    assert entry.bill.training == 3.0
    assert 0 < entry.bill.data < sets["main"].seconds
    assert entry.kind == "surrogate"
    assert len(entry.answers) == 2


def test_what_is_trained_is_loaded_and_not_trained_again(
    trained: dict[str, Trained], sets: dict[str, TrainingSet], folder: Path
) -> None:
    again = {t.label: t for t in train_all(CANDIDATES, sets, folder=folder, may_train=False)}
    assert again["echo"].records == trained["echo"].records
    for a, b in zip(again["echo"].surrogates, trained["echo"].surrogates, strict=True):
        assert all(torch.equal(tensor, b.tensors()[name]) for name, tensor in a.tensors().items())


def test_what_was_trained_on_another_set_is_refused(
    trained: dict[str, Trained], sets: dict[str, TrainingSet], folder: Path
) -> None:
    with pytest.raises(SurrogateError, match="was trained on the set"):
        train_all(CANDIDATES, {**sets, "main": sets["fine"]}, folder=folder)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"settings": dataclasses.replace(SMALL, nodes=40)}, "settings"),
        ({"task": QUARTER}, "task"),
        ({"dtype": "float32"}, "dtype"),
        ({"training_set": "fine"}, "training_set"),
    ],
)
def test_what_was_trained_otherwise_is_refused_by_name(
    trained: dict[str, Trained],
    sets: dict[str, TrainingSet],
    folder: Path,
    change: dict[str, object],
    word: str,
) -> None:
    other = {"echo": dataclasses.replace(CANDIDATES["echo"], **change)}  # type: ignore[arg-type]
    with pytest.raises(SurrogateError, match=rf"trained with another {word};.*delete that folder"):
        train_all(other, sets, folder=folder)


def test_a_set_of_another_system_solver_or_settings_is_not_compared_with(
    sets: dict[str, TrainingSet], folder: Path
) -> None:
    assert open_sets({"main": (SOLVER, SETTINGS)}, folder=folder)["main"].folder == sets["main"].folder
    longer, finer = KuramotoSivashinsky(23.0, 16), ETDRK4(SYSTEM, step=1 / 32)
    with pytest.raises(DatasetError, match=r"length = 23\.0 instead of 22\.0"):
        open_sets({"main": (ETDRK4(longer, step=1 / 16), SETTINGS)}, folder=folder)
    with pytest.raises(DatasetError, match=r"solver\.label"):
        open_sets({"main": (finer, SETTINGS)}, folder=folder)
    with pytest.raises(DatasetError, match="seed = 8 instead of 0"):
        open_sets({"main": (SOLVER, dataclasses.replace(SETTINGS, seed=8))}, folder=folder)


def test_each_set_may_be_of_another_system(tmp_path: Path) -> None:
    other = KuramotoSivashinsky(30.0, 32)
    few = dataclasses.replace(SETTINGS, train_frames=4, valid_frames=4, test_frames=4)
    wanted = {"main": (SOLVER, few), "longer": (ETDRK4(other, step=1 / 16), few)}
    made = generate_sets(wanted, folder=tmp_path)
    assert {name: found.system for name, found in made.items()} == {"main": SYSTEM, "longer": other}
    assert {name: found.grid for name, found in open_sets(wanted, folder=tmp_path).items()} == {
        "main": (16,),
        "longer": (32,),
    }


def test_a_history_begins_with_the_given_state_and_is_true() -> None:
    start = SYSTEM.draw([np.random.default_rng(i) for i in range(2)])
    history = with_history(SOLVER, start, times=0.5 * np.arange(4.0))["u"]
    assert history.shape == (2, 4, 16)
    np.testing.assert_allclose(history[:, 0], start["u"], rtol=0, atol=1e-13)
    np.testing.assert_array_equal(history[:, 3], SOLVER(start, np.array([1.5])).values["u"][:, 0])


def test_a_history_that_blows_up_is_refused() -> None:
    with (
        pytest.raises(SolverError, match=r"the reference failed on 1 histories: .*infinite"),
        np.errstate(all="ignore"),
    ):
        with_history(SOLVER, {"u": 1e6 * np.cos(np.arange(16.0))[None]}, times=10.0 * np.arange(4.0))


def test_the_bill_is_the_data_that_was_learned_from_and_chosen_by_not_the_test_data(
    trained: dict[str, Trained], sets: dict[str, TrainingSet]
) -> None:
    bill = contestant(trained["echo"], sets["main"]).bill
    parts = {name: sets["main"].seconds_of(name) for name in ("train", "valid", "test")}
    assert min(parts.values()) > 0
    assert bill.data == pytest.approx(parts["train"] + parts["valid"])
    assert sets["main"].seconds == pytest.approx(sum(parts.values()))


def test_a_control_is_entered_as_one(trained: dict[str, Trained], sets: dict[str, TrainingSet]) -> None:
    echo = trained["echo"]
    assert contestant(echo, sets["main"]).kind == "surrogate"
    control = dataclasses.replace(echo, candidate=dataclasses.replace(echo.candidate, control=True))
    assert contestant(control, sets["main"]).kind == "control"
    assert contestant(trained["mean"], sets["main"]).kind == "null"


def test_what_training_had_to_say_is_said_once_with_the_number_of_seeds(
    trained: dict[str, Trained], sets: dict[str, TrainingSet]
) -> None:
    one, other = trained["echo"].records
    noted = (dataclasses.replace(one, note="it stayed as it was"), other)
    said = contestant(dataclasses.replace(trained["echo"], records=noted), sets["main"]).remark
    assert said == "it stayed as it was (1 of 2 seeds)"


def test_a_surrogate_that_learns_something_else_than_the_task_gives_is_refused() -> None:
    with pytest.raises(
        SurrogateError, match="CNN learns trajectories, but Direct gives pairs; choose another"
    ):
        Candidate("cnn", Direct())
    with pytest.raises(SurrogateError, match="TrainingMean learns pairs, but Autoregressive gives traj"):
        Candidate("training-mean", HALF)
    with pytest.raises(SurrogateError, match="training_mean does not step"):
        _ = Candidate("training_mean", Direct()).interval
