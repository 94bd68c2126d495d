"""A set holds what the solver said, the same bytes however it was made, and refuses to become another one."""

import logging
import shutil
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from travelling_wave import SMALL, Exact, TravellingWave, reproducible_bytes
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.plan import SPLITS, DatasetError
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import Queries, Solution, SolverError, Status

SYSTEM = TravellingWave()


def drawn(split: str, sample: int, *, seed: int = SMALL.seed) -> dict[str, np.ndarray]:
    """The query of one sample, by the rule that the documentation gives."""
    seeds = np.random.SeedSequence(entropy=seed, spawn_key=(SPLITS.index(split), sample))
    return dict(SYSTEM.draw([np.random.default_rng(seeds)]))


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
    again = generate(SYSTEM, _Unwilling(SYSTEM), SMALL, folder=finished.folder)
    assert again.fingerprint == finished.fingerprint
    assert {p: p.stat().st_mtime_ns for p in finished.folder.rglob("*")} == before


class _Unwilling(Exact):
    """Passes for `Exact` but must not be asked."""

    @property
    def settings(self) -> dict[str, object]:
        return {**super().settings, "solver": "Exact"}

    def __call__(self, *_: object) -> Solution:
        raise AssertionError("the solver was asked although nothing was missing")


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


def test_failures_cost_time_too(tmp_path: Path) -> None:
    made = generate(SYSTEM, Exact(SYSTEM, patience=0.02, breaks_above=2.0), SMALL, folder=tmp_path / "waves")
    assert sum(len(c.seconds) for c in made.costs) == 10
    assert 0.02 * len(made.plan.shards) <= made.seconds < 5


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


def test_a_split_without_a_single_solution_is_an_error_that_repeats(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(DatasetError, match=r"none of the 5 samples of split 'train'.*2 samples broke"):
            generate(SYSTEM, Exact(SYSTEM, breaks_above=-9.0), SMALL, folder=tmp_path / "waves")


def test_a_split_without_a_single_solution_ends_generation_before_the_next_split(tmp_path: Path) -> None:
    folder = tmp_path / "waves"
    for solver in (Exact(SYSTEM, breaks_above=-9.0), _Unwilling(SYSTEM, breaks_above=-9.0)):
        with pytest.raises(DatasetError, match="split 'train'"):
            generate(SYSTEM, solver, SMALL, folder=folder)
        assert [path.name for path in (folder / "data").iterdir()] == ["train"]


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


class _Broken(Exact):
    """Answers something that does not fit; what, is its `patience`."""

    def __call__(self, queries: object, times: np.ndarray) -> Solution:
        good = Exact(self.system)(queries, times)  # type: ignore[arg-type]
        values = dict(good.values)
        if self.patience == 1:
            del values["flow"]
        elif self.patience == 2:
            values["u"] = values["u"][..., :-1]
        elif self.patience == 3:
            values["u"][0, -1, 2] = np.nan
        elif self.patience == 4:
            values["u"][0] *= 1e300
        return replace(good, values=values)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (1.0, r"gave no field 'flow', only \['u'\]"),
        (2.0, r"'u' must have shape \(2, 40, 16\).*\(2, 40, 15\)"),
        (3.0, r"'u' hold NaN although exact calls the sample solved"),
        (4.0, r"'u' do not fit float32; ask for dtype='float64'"),
    ],
)
def test_a_solution_that_does_not_fit_is_refused(tmp_path: Path, fault: float, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        generate(SYSTEM, _Broken(SYSTEM, fault), replace(SMALL, dtype="float32"), folder=tmp_path / "waves")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train_trajectories": 0}, "train_trajectories must be a whole number of at least 1, got 0"),
        ({"valid_trajectories": -1}, "valid_trajectories must be a whole number of at least 0"),
        ({"test_frames": 0}, "test_frames"),
        ({"train_frames": 1.5}, "train_frames"),
        ({"interval": 0.0}, "interval must be positive"),
        ({"interval": float("nan")}, "interval must be positive"),
        ({"transient": -1.0}, "transient must be zero or positive"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
        ({"dtype": "float16"}, "dtype must be 'float64' or 'float32', got 'float16'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        replace(SMALL, **change)  # type: ignore[arg-type]


class _NamedTime(TravellingWave):
    @property
    def parameters(self) -> dict[str, object]:
        return {"time_grid": 1.0}


def test_a_parameter_that_the_reader_would_take_for_something_else_is_refused(tmp_path: Path) -> None:
    system = _NamedTime()
    with pytest.raises(DatasetError, match="rename 'time_grid'"):
        generate(system, Exact(system), SMALL, folder=tmp_path / "waves")


def test_what_the_solver_refuses_is_passed_on(tmp_path: Path) -> None:
    class Refusing(Exact):
        def __call__(self, *_: object) -> Solution:
            raise SolverError("ask for less")

    with pytest.raises(SolverError, match="ask for less"):
        generate(SYSTEM, Refusing(SYSTEM), SMALL, folder=tmp_path / "waves")


def test_the_time_axis_starts_at_zero_whatever_the_transient(finished: TrainingSet) -> None:
    with h5py.File(finished.folder / "data/test/test-00001.hdf5") as file:
        assert np.array_equal(file["dimensions/time"][:], SMALL.interval * np.arange(60))


def test_settings_need_no_more_than_sizes_and_interval() -> None:
    sizes = {f"{s}_{what}": 1 for s in SPLITS for what in ("trajectories", "frames")}
    settings = GenerateSettings(**sizes, interval=1)  # type: ignore[arg-type]
    assert (settings.transient, settings.seed, settings.workers, settings.dtype) == (0.0, 0, 1, "float64")
