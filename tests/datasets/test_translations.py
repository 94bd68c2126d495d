"""Two regimes of the same fields: pairs, archives without any, and what is asked and answered."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from channel_flow import STEADY, ChannelFlow, Flow
from travelling_wave import TravellingWave
from understudy.datasets.generate import generate
from understudy.datasets.training_set import TrainingSet
from understudy.datasets.translations import Archived, Archives, Translated, Translations
from understudy.solvers.contract import Queries, Solution, SolverError, Status

ONCE = np.zeros(1)
TWICE = {"fields": ("u",), "factors": (("reynolds", 2.0),)}


@dataclass(frozen=True)
class Failing(Flow):
    """Says nothing of samples whose Reynolds number is above `most`."""

    most: float = np.inf

    def __call__(self, queries: Queries, times: np.ndarray) -> Solution:
        whole = super().__call__(queries, times)
        lost = np.asarray(queries["reynolds"]) > self.most
        status = np.where(lost, np.int8(Status.NOT_CONVERGED), whole.status).astype(np.int8)
        return dataclasses.replace(whole, status=status)


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Steady flows."""
    system = ChannelFlow()
    return generate(system, Flow(system), STEADY, folder=tmp_path_factory.mktemp("channels") / "channels")


def solved(channels: TrainingSet, split: str, factor: float) -> np.ndarray:
    """The field of every sample, at a Reynolds number larger by a factor."""
    queries = channels.split(split).queries()
    changed = {**queries, "reynolds": factor * np.asarray(queries["reynolds"], dtype=np.float64)}
    return np.asarray(Flow(ChannelFlow())(changed, ONCE).values["u"][:, 0])


def stored(channels: TrainingSet, split: str) -> np.ndarray:
    source = channels.split(split)
    return np.stack([source.read(i, field="u")[0] for i in range(len(source))]).astype(np.float64)


def test_pairs_are_every_other_sample_in_both_regimes(channels: TrainingSet) -> None:
    pairs = Translated(Flow(ChannelFlow()), **TWICE).examples(channels, "train")
    assert isinstance(pairs, Translations)
    held = pairs.held()
    np.testing.assert_allclose(held.inputs["given/u"], solved(channels, "train", 2.0)[::2])
    np.testing.assert_array_equal(held.outputs["u"][:, 0], stored(channels, "train")[::2])
    inputs, outputs = pairs[1]
    np.testing.assert_array_equal(inputs["given/u"], held.inputs["given/u"][1])
    np.testing.assert_array_equal(outputs["u"], held.outputs["u"][1, 0])


@pytest.mark.parametrize("split", ["train", "valid"])
def test_no_sample_is_in_both_archives(split: str, channels: TrainingSet) -> None:
    found = Archived(Flow(ChannelFlow()), **TWICE).examples(channels, split)
    assert isinstance(found, Archives)
    assert not isinstance(found, Translations)
    np.testing.assert_allclose(found.given["u"], solved(channels, split, 2.0)[::2])
    np.testing.assert_array_equal(found.wanted["u"], stored(channels, split)[1::2])
    assert len(found) == len(stored(channels, split)) // 2


def test_what_the_solver_cannot_answer_is_not_learned_from(channels: TrainingSet) -> None:
    numbers = np.asarray(channels.split("train").queries()["reynolds"], dtype=np.float64)[::2]
    most = 2 * float(np.median(numbers))
    known = 2 * numbers <= most
    assert 0 < known.sum() < len(known)
    solver = Failing(ChannelFlow(), most=most)
    pairs = Translated(solver, **TWICE).examples(channels, "train")
    np.testing.assert_array_equal(pairs.held().outputs["u"][:, 0], stored(channels, "train")[::2][known])
    archives = Archived(solver, **TWICE).examples(channels, "train")
    np.testing.assert_allclose(archives.given["u"], solved(channels, "train", 2.0)[::2][known])


def test_a_surrogate_answers_from_the_given_field_at_every_time(channels: TrainingSet) -> None:
    task = Archived(Flow(ChannelFlow()), **TWICE)

    class Doubling:
        device, dtype = torch.device("cpu"), torch.float64
        input_shapes = task.examples(channels, "train").input_shapes

        def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
            return {"u": 2 * inputs["given/u"]}

    queries = channels.split("test").queries()
    given = task.given(queries).values["u"][:, 0]
    found = task.answer(Doubling())({**queries, "given/u": given}, np.array([0.0, 2.0]))
    np.testing.assert_array_equal(found.values["u"], np.repeat(2 * given[:, None], 2, axis=1))
    assert found.solved.all()
    with pytest.raises(SolverError, match="needs 'given/u'"):
        task.answer(Doubling())(queries, ONCE)


def test_what_cannot_be_translated_is_refused(channels: TrainingSet) -> None:
    with pytest.raises(SolverError, match="no 'viscosity' to change"):
        Translated(Flow(ChannelFlow()), ("u",), (("viscosity", 2.0),)).examples(channels, "train")
    with pytest.raises(SolverError, match="one of the same system"):
        wave: Any = type("Other", (), {"system": TravellingWave()})()
        Translated(wave, ("u",)).examples(channels, "train")
    with pytest.raises(SolverError, match="the same fields on the same grid"):
        Archives({"u": np.zeros((3, 4))}, {"u": np.zeros((3, 5))})
