"""A sample that the solver cannot solve is kept and marked, and a split needs one that it can."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from travelling_wave import SMALL, Exact, TravellingWave, Unwilling, drawn
from understudy.datasets.generate import generate
from understudy.datasets.plan import SPLITS, DatasetError
from understudy.solvers.contract import Status

SYSTEM = TravellingWave()


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        # the first of a file, all of a file, none of a split
        (120, [("train", 0), ("train", 2), ("train", 3), ("test", 0), ("test", 2)]),
        # the second of a file
        (7, [("train", 3), ("valid", 1)]),
    ],
)
def test_failed_samples_are_kept_apart_with_query_and_status(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int, expected: list[tuple[str, int]]
) -> None:
    settings = replace(SMALL, seed=seed)
    with caplog.at_level(logging.WARNING):
        made = generate(SYSTEM, Exact(SYSTEM, breaks_above=2.0), settings, folder=tmp_path / "waves")
    assert f"{len(expected)} samples" in caplog.text
    assert [(f.split, f.sample) for f in made.failures] == expected
    for failure in made.failures:
        query = drawn(failure.split, failure.sample, seed=seed)
        assert query["u"].max() > 2.0
        assert failure.status == Status.DIVERGED
        assert np.array_equal(failure.query["u"], query["u"][0])
        assert failure.notes[0].endswith("broke")
        assert failure.measures["highest"] == query["u"].max()
        assert failure.error_estimate == 1e-15
    for name in SPLITS:
        solved = [i for i in range(settings.trajectories(name)) if (name, i) not in expected]
        assert len(made.split(name)) == len(solved)
        times = settings.transient + settings.interval * np.arange(settings.frames(name))
        for row, sample in enumerate(solved):
            query = drawn(name, sample, seed=seed)
            assert np.array_equal(made.split(name).read(row), Exact(SYSTEM)(query, times).values["u"][0])
            assert np.array_equal(made.split(name).read(row, field="medium")[0], query["medium"][0])


@pytest.mark.parametrize(("seed", "failures"), [(120, 5), (7, 2)])
def test_what_is_known_of_a_failed_sample_is_kept_and_the_rest_is_nan(
    tmp_path: Path, seed: int, failures: int
) -> None:
    solver = Exact(SYSTEM, breaks_above=2.0)
    made = generate(SYSTEM, solver, replace(SMALL, seed=seed), folder=tmp_path / "waves")
    assert len(made.failures) == failures
    for failure in made.failures:
        frames = SMALL.frames(failure.split)
        known = made.split(failure.split).known_part(failure)
        assert sorted(known) == ["flow", "u"]
        times = SMALL.transient + SMALL.interval * np.arange(frames)
        truth = Exact(SYSTEM)(drawn(failure.split, failure.sample, seed=seed), times).values
        for name, values in known.items():
            assert np.array_equal(values[: 1 + frames // 2], truth[name][0, : 1 + frames // 2])
            assert values.shape == truth[name].shape[1:]
            assert np.isnan(values[1 + frames // 2 :]).all()
    with pytest.raises(DatasetError, match="of split 'train' is none of 'test'"):
        made.split("test").known_part(made.failures[0])


def test_failures_cost_time_too(tmp_path: Path) -> None:
    made = generate(SYSTEM, Exact(SYSTEM, patience=0.02, breaks_above=2.0), SMALL, folder=tmp_path / "waves")
    assert sum(len(c.seconds) for c in made.costs) == 10
    assert 0.02 * len(made.plan.shards) <= made.seconds < 5


def test_a_split_without_a_single_solution_is_an_error_that_repeats(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(DatasetError, match=r"none of the 5 samples of split 'train'.*2 samples broke"):
            generate(SYSTEM, Exact(SYSTEM, breaks_above=-9.0), SMALL, folder=tmp_path / "waves")


def test_a_split_without_a_single_solution_ends_generation_before_the_next_split(tmp_path: Path) -> None:
    folder = tmp_path / "waves"
    for solver in (Exact(SYSTEM, breaks_above=-9.0), Unwilling(SYSTEM, breaks_above=-9.0)):
        with pytest.raises(DatasetError, match="split 'train'"):
            generate(SYSTEM, solver, SMALL, folder=folder)
        assert [path.name for path in (folder / "data").iterdir()] == ["train"]
