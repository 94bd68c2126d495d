"""A set holds what the solver said, the same bytes however it was made, and refuses to become another one."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from travelling_wave import SMALL, Exact, TravellingWave, Unwilling, drawn, reproducible_bytes
from understudy.datasets.generate import generate
from understudy.datasets.plan import SPLITS, DatasetError
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import Queries, Solution, SolverError

SYSTEM = TravellingWave()


@pytest.mark.parametrize("split", SPLITS)
def test_every_value_is_the_solvers_after_the_transient(finished: TrainingSet, split: str) -> None:
    stored = finished.split(split)
    assert len(stored) == SMALL.trajectories(split)
    times = SMALL.transient + SMALL.interval * np.arange(SMALL.frames(split))
    for sample in range(len(stored)):
        query = drawn(split, sample)
        solution = Exact(SYSTEM)(query, times)
        assert np.array_equal(stored.read(sample), solution.values["u"][0])
        assert np.array_equal(stored.read(sample, field="flow"), solution.values["flow"][0])
        assert np.array_equal(stored.read(sample, field="medium")[0], query["medium"][0])


def test_no_two_samples_are_alike(finished: TrainingSet) -> None:
    first_frames = [
        finished.split(name).read(i, 0, 1).tobytes()
        for name in SPLITS
        for i in range(len(finished.split(name)))
    ]
    assert len(set(first_frames)) == len(first_frames) == 10


def test_another_seed_gives_other_trajectories(finished: TrainingSet, tmp_path: Path) -> None:
    other = generate(SYSTEM, Exact(SYSTEM), replace(SMALL, seed=8), folder=tmp_path / "waves")
    assert not np.array_equal(other.split("train").read(0), finished.split("train").read(0))
    assert other.fingerprint != finished.fingerprint


def test_two_workers_write_the_same_bytes_as_one(finished: TrainingSet, tmp_path: Path) -> None:
    generate(SYSTEM, Exact(SYSTEM), replace(SMALL, workers=2), folder=tmp_path / "waves")
    assert reproducible_bytes(tmp_path / "waves") == reproducible_bytes(finished.folder)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_size_of_shards_changes_neither_values_nor_fingerprint(
    finished: TrainingSet, tmp_path: Path, size: int
) -> None:
    other = generate(
        SYSTEM, Exact(SYSTEM), replace(SMALL, trajectories_per_shard=size), folder=tmp_path / "w"
    )
    assert len(other.plan.shards) != len(finished.plan.shards)
    for name in SPLITS:
        for i in range(SMALL.trajectories(name)):
            assert np.array_equal(other.split(name).read(i), finished.split(name).read(i))
    assert other.fingerprint == finished.fingerprint
    assert other.statistics == finished.statistics


def test_a_finished_set_is_opened_and_not_made_again(finished: TrainingSet) -> None:
    before = {p: p.stat().st_mtime_ns for p in finished.folder.rglob("*")}
    again = generate(SYSTEM, Unwilling(SYSTEM), SMALL, folder=finished.folder)
    assert again.fingerprint == finished.fingerprint
    assert {p: p.stat().st_mtime_ns for p in finished.folder.rglob("*")} == before


def test_only_a_missing_file_is_made_again(finished: TrainingSet, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    lost = folder / "data/train/train-00001.hdf5"
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*.hdf5") if p != lost}
    lost.unlink()
    generate(SYSTEM, Exact(SYSTEM), SMALL, folder=folder)
    assert reproducible_bytes(folder) == reproducible_bytes(finished.folder)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*.hdf5") if p != lost} == before


@pytest.mark.parametrize("number", [22, 22.0])
def test_a_whole_number_for_a_real_one_changes_nothing_on_resuming(tmp_path: Path, number: float) -> None:
    folder = tmp_path / "waves"
    first = TravellingWave(length=22.0)
    whole = generate(first, Exact(first), replace(SMALL, transient=1), folder=folder)
    before = reproducible_bytes(folder)
    (folder / "data/valid/valid-00000.hdf5").unlink()
    second = TravellingWave(length=number)
    again = generate(second, Exact(second), replace(SMALL, transient=1.0), folder=folder)
    assert again.fingerprint == whole.fingerprint
    assert reproducible_bytes(folder) == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"interval": 0.2}, "settings.interval = 0.2 instead of 0.1"),
        ({"seed": 1}, "settings.seed = 1 instead of 120"),
        ({"train_trajectories": 6}, "settings.train_trajectories = 6 instead of 5"),
        ({"trajectories_per_shard": 4}, "settings.trajectories_per_shard = 4 instead of 2"),
        ({"dtype": "float32"}, "settings.dtype = 'float32' instead of 'float64'"),
    ],
)
def test_other_settings_are_refused_by_name(
    finished: TrainingSet, change: dict[str, object], named: str
) -> None:
    with pytest.raises(DatasetError, match=named):
        generate(SYSTEM, Exact(SYSTEM), replace(SMALL, **change), folder=finished.folder)  # type: ignore[arg-type]


def test_another_system_or_solver_is_refused_by_name(finished: TrainingSet) -> None:
    faster = TravellingWave(speed=0.5)
    with pytest.raises(DatasetError, match=r"system\.parameters\.speed = 0\.5 instead of 0\.3"):
        generate(faster, Exact(faster), SMALL, folder=finished.folder)
    with pytest.raises(DatasetError, match=r"solver\.breaks_above = 9 instead of inf"):
        generate(SYSTEM, Exact(SYSTEM, breaks_above=9), SMALL, folder=finished.folder)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(DatasetError, match=r"holds thesis\.tex"):
        generate(SYSTEM, Exact(SYSTEM), SMALL, folder=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_solvers_numbers_are_kept_with_each_sample(finished: TrainingSet, tmp_path: Path) -> None:
    measures = finished.split("train").measures
    assert measures["steps"].tolist() == [400.0, 401.0, 400.0, 401.0, 400.0]  # two to a file
    assert measures["highest"].tolist() == [drawn("train", i)["u"].max() for i in range(5)]
    made = generate(SYSTEM, Exact(SYSTEM, breaks_above=2.0), SMALL, folder=tmp_path / "waves")
    assert made.split("train").measures["highest"].tolist() == [drawn("train", i)["u"].max() for i in (1, 4)]


def test_a_measure_is_one_number_for_each_sample() -> None:
    one = Exact(SYSTEM)(drawn("train", 0), np.zeros(1))
    with pytest.raises(SolverError, match=r"steps must have shape \(1,\), got \(2,\)"):
        replace(one, measures={"steps": np.zeros(2)})


def test_compiling_is_not_in_the_cost(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []

    class SlowToStart(Exact):
        def __call__(self, queries: Queries, times: np.ndarray) -> Solution:
            samples = len(queries["u"])
            begin = time.perf_counter()
            if samples not in {known for known, _ in calls}:  # as if each number of samples had its own code
                time.sleep(0.3)
            calls.append((samples, len(times)))
            answer = super().__call__(queries, times)
            seconds = time.perf_counter() - begin
            return replace(answer, seconds=np.full(len(answer.status), seconds / len(answer.status)))

    made = generate(SYSTEM, SlowToStart(SYSTEM), SMALL, folder=tmp_path / "waves")
    assert [frames for _, frames in calls if frames > 1] == [40, 40, 40, 40, 60, 60]
    warm = [samples for samples, frames in calls if frames == 1]
    assert sorted(warm) == sorted({samples for samples, _ in calls})
    assert 0 < made.seconds < 0.3


def test_splits_may_be_left_out(tmp_path: Path) -> None:
    made = generate(
        SYSTEM,
        Exact(SYSTEM),
        replace(SMALL, valid_trajectories=0, test_trajectories=0),
        folder=tmp_path / "waves",
    )
    assert made.splits == ("train",)
    with pytest.raises(DatasetError, match=r"no split 'test'; it has train"):
        made.split("test")


def test_float32_is_the_solvers_answer_rounded(finished: TrainingSet, tmp_path: Path) -> None:
    made = generate(SYSTEM, Exact(SYSTEM), replace(SMALL, dtype="float32"), folder=tmp_path / "waves")
    rounded = made.split("test").read(2)
    assert rounded.dtype == np.float32
    assert np.array_equal(rounded, finished.split("test").read(2).astype(np.float32))


def test_the_time_axis_starts_at_zero_whatever_the_transient(finished: TrainingSet) -> None:
    with h5py.File(finished.folder / "data/test/test-00001.hdf5") as file:
        assert np.array_equal(file["dimensions/time"][:], SMALL.interval * np.arange(60))
