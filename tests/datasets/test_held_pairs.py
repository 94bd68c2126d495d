"""Pairs in memory are the pairs on disk, a horizon limits them, and what does not fit is refused at once."""

from dataclasses import replace

import numpy as np
import pytest
from channel_flow import STEADY, ChannelFlow, Flow
from growing_fields import Bodies, Grow
from travelling_wave import SMALL
from understudy.datasets.generate import generate
from understudy.datasets.plan import DatasetError
from understudy.datasets.tasks import Direct, TimeConditioned
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import SolverError


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    system, settings = Bodies(), replace(SMALL, transient=0.0)
    return generate(system, Grow(system), settings, folder=tmp_path_factory.mktemp("held") / "bodies")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_batch_from_memory_is_the_batch_from_disk(bodies: TrainingSet, dtype: str) -> None:
    pairs = TimeConditioned(inputs=("east",)).examples(bodies, "test")
    held, chosen = pairs.held(dtype=dtype), np.array([0, 61, 59, 179, 61])
    assert (len(held), held.trajectories, held.frames) == (len(pairs), 3, 60)
    for got, wanted in zip(held.batch(chosen), pairs.batch(chosen.tolist()), strict=True):
        assert got.keys() == wanted.keys()
        for name, values in got.items():
            assert values.dtype == (np.float64 if name == "time" else dtype)
            assert np.array_equal(values, wanted[name].astype(values.dtype))


def test_steady_pairs_are_held_with_one_frame_and_no_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    system = ChannelFlow()
    folder = tmp_path_factory.mktemp("channels") / "channels"
    pairs = Direct().examples(generate(system, Flow(system), STEADY, folder=folder), "train")
    held = pairs.held()
    assert held.times is None
    assert held.frames == 1
    chosen = np.arange(len(pairs))[::-1]
    for got, wanted in zip(held.batch(chosen), pairs.batch(chosen.tolist()), strict=True):
        assert all(np.array_equal(values, wanted[name]) for name, values in got.items())


def test_a_horizon_limits_the_pairs_to_the_frames_until_then(bodies: TrainingSet) -> None:
    whole = TimeConditioned().examples(bodies, "test")
    times = bodies.split("test").times
    pairs = TimeConditioned(horizon=float(times[7])).examples(bodies, "test")
    assert pairs.times is not None
    assert np.array_equal(pairs.times, times[:8])
    assert (len(pairs), pairs.frames) == (3 * 8, 8)
    for row, pair in enumerate([7, 8, 23]):
        trajectory, frame = divmod(pair, 8)
        for got, wanted in zip(pairs[pair], whole[trajectory * 60 + frame], strict=True):
            assert all(np.array_equal(values, wanted[name]) for name, values in got.items()), row
    held = pairs.held()
    assert len(held) == 24
    assert np.array_equal(held.outputs["east"], whole.held().outputs["east"][:, :8])
    with pytest.raises(IndexError):
        _ = pairs[24]


def test_a_horizon_between_frames_ends_at_the_frame_before(bodies: TrainingSet) -> None:
    times = bodies.split("test").times
    between = 0.5 * float(times[4] + times[5])
    assert TimeConditioned(horizon=between).examples(bodies, "test").frames == 5


def test_a_horizon_that_makes_no_sense_is_refused(bodies: TrainingSet) -> None:
    with pytest.raises(SolverError, match="horizon must be positive"):
        TimeConditioned(horizon=0.0)
    with pytest.raises(DatasetError, match="lower the horizon or generate longer trajectories"):
        TimeConditioned(horizon=1e3).examples(bodies, "test")


def test_parts_look_into_the_same_memory(bodies: TrainingSet) -> None:
    held = TimeConditioned().examples(bodies, "test").held()
    left, right = held.parted(2)
    assert (left.trajectories, right.trajectories) == (2, 1)
    assert np.shares_memory(right.outputs["east"], held.outputs["east"])
    assert np.array_equal(right.outputs["east"][0], held.outputs["east"][2])


def test_pairs_that_do_not_fit_are_refused_before_the_first_is_read(bodies: TrainingSet) -> None:
    pairs = TimeConditioned().examples(bodies, "test")
    needed = 8 * 3 * (6 + 60 * 6)
    pairs.held(limit=needed)
    with pytest.raises(DatasetError, match=r"180 pairs in float64 take 8\.58 KiB.*shorter horizon"):
        pairs.held(limit=needed - 1)
    pairs.held(dtype="float32", limit=needed // 2)
