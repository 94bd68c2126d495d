"""A set is opened lazily, read in any process, and recognised by its fingerprint."""

import inspect
import multiprocessing
import os
import pickle
import shutil
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest
from channel_flow import STEADY, ChannelFlow, Flow
from kill_target import FRESH, first_values
from travelling_wave import SMALL, Exact, TravellingWave
from understudy.datasets import split as split_module
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.plan import DatasetError
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.discovery import UnknownName, find_kit, system_names


def open_handles(folder: Path) -> int:
    """Files of the set that this process has open."""
    return sum(Path(f.path).is_relative_to(folder) for f in psutil.Process().open_files())


def test_a_set_knows_what_it_is(finished: TrainingSet) -> None:
    assert finished.name == "waves"
    assert finished.system_name == "travelling_wave"
    assert finished.parameters == TravellingWave().parameters
    assert finished.interval == SMALL.interval
    assert finished.grid == (16,)
    assert finished.axes == TravellingWave().axes
    assert [f.name for f in finished.fields] == ["u", "flow", "medium"]
    assert [f.varies_in_time for f in finished.fields] == [True, True, False]
    assert finished.splits == ("train", "valid", "test")
    assert finished.split("test").times[-1] == pytest.approx(5.9)


@pytest.mark.parametrize(
    ("start", "stop", "step"), [(0, None, 1), (7, 8, 1), (7, 30, 1), (3, 40, 4), (0, 40, 39), (5, 5, 1)]
)
def test_a_window_is_the_same_slice_of_the_whole(
    finished: TrainingSet, start: int, stop: int | None, step: int
) -> None:
    split = finished.split("train")
    for field in ("u", "flow"):
        whole = split.read(3, field=field)
        assert whole.shape == (40, 16) if field == "u" else (40, 16, 1)
        window = split.read(3, start, stop, step=step, field=field)
        assert np.array_equal(window, whole[start:stop:step])
        assert window.flags.c_contiguous


def test_a_constant_field_is_one_frame(finished: TrainingSet) -> None:
    assert finished.split("train").read(0, 5, 9, field="medium").shape == (1, 16)


def test_queries_let_a_solver_go_on_from_any_frame(finished: TrainingSet) -> None:
    split = finished.split("test")
    system = TravellingWave()
    queries = split.queries([2, 0], frame=20)
    assert system.check_queries(queries) == 2
    onward = Exact(system)(queries, SMALL.interval * np.arange(40))
    for row, trajectory in enumerate([2, 0]):
        assert np.allclose(onward.values["u"][row], split.read(trajectory, 20), rtol=0, atol=1e-12)
    assert len(split.queries()["u"]) == 3


def test_a_query_does_not_hand_over_the_answer(tmp_path: Path) -> None:
    system = ChannelFlow()
    made = generate(system, Flow(system), STEADY, folder=tmp_path / "channels")
    queries = made.split("train").queries([4, 1])
    assert list(queries) == ["solid", "inlet", "reynolds"]
    drawn = system.draw([made.plan.shards[n].generators(STEADY.seed)[i] for n, i in ((2, 0), (0, 1))])
    for name, values in drawn.items():
        assert np.array_equal(queries[name], values)


@pytest.mark.parametrize(
    ("trajectory", "start", "stop", "step"),
    [(5, 0, 1, 1), (-1, 0, 1, 1), (0, -1, 1, 1), (0, 0, 41, 1), (0, 9, 8, 1), (0, 0, 4, 0)],
)
def test_reading_outside_is_an_index_error(
    finished: TrainingSet, trajectory: int, start: int, stop: int, step: int
) -> None:
    with pytest.raises(IndexError):
        finished.split("train").read(trajectory, start, stop, step=step)


def test_an_unknown_field_is_named(finished: TrainingSet) -> None:
    with pytest.raises(DatasetError, match=r"no field 'v'; it has \['flow', 'medium', 'u'\]"):
        finished.split("train").read(0, field="v")


def test_nothing_is_open_before_reading_and_after_closing(finished: TrainingSet, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    with TrainingSet(folder) as training_set:
        split = training_set.split("train")
        assert open_handles(folder) == 0
        for _ in range(2):
            split.read(4)
            assert open_handles(folder) == 3  # all files of the split were asked what they hold
    assert open_handles(folder) == 0
    assert training_set.split("train").read(0).shape == (40, 16)
    training_set.close()


def test_few_files_are_open_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_module, "OPEN_FILES", 2)
    system = TravellingWave()
    settings = GenerateSettings(
        train_trajectories=6,
        valid_trajectories=0,
        test_trajectories=0,
        train_frames=3,
        valid_frames=3,
        test_frames=3,
        interval=1.0,
        trajectories_per_shard=1,
    )
    split = generate(system, Exact(system), settings, folder=tmp_path / "many").split("train")
    first = [split.read(i) for i in range(6)]
    for i in (5, 0, 3, 3, 1, 4, 2):
        assert np.array_equal(split.read(i), first[i])
        assert open_handles(tmp_path) <= 2
    split.close()


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_forked_and_fresh_workers_read_the_same(finished: TrainingSet, method: str) -> None:
    split = TrainingSet(finished.folder).split("train")
    expected = [split.read(i, 2, 5) for i in range(5)]  # our own handles are open by now
    context = FRESH if method == "forkserver" else multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    workers = [context.Process(target=first_values, args=(theirs, split)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for _ in workers:
        assert ours.poll(60)
        values, opened_anew = ours.recv()
        assert np.array_equal(values, expected)
        assert opened_anew
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    # and the parent's handles are still good
    assert np.array_equal(split.read(4, 2, 5), expected[4])
    split.close()


def test_a_pickled_split_reads_the_same(finished: TrainingSet) -> None:
    split = finished.split("valid")
    values = split.read(1)
    assert np.array_equal(pickle.loads(pickle.dumps(split)).read(1), values)


def test_a_user_may_open_the_files_beside_us(finished: TrainingSet) -> None:
    split = finished.split("train")
    values = split.read(0)
    with h5py.File(finished.folder / "data/train/train-00000.hdf5") as file:
        assert np.array_equal(file["t0_fields/u"][0], values)


@pytest.mark.parametrize("place", ["t0_fields/u", "t1_fields/flow", "t0_fields/medium"])
def test_the_fingerprint_changes_with_the_last_bit_of_any_field(
    finished: TrainingSet, tmp_path: Path, place: str
) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    assert TrainingSet(folder).fingerprint == finished.fingerprint
    with h5py.File(folder / "data/test/test-00001.hdf5", "r+") as file:
        values = file[place][()]
        values.flat[-1] = np.nextafter(values.flat[-1], np.inf)
        file[place][...] = values
    assert TrainingSet(folder).fingerprint != finished.fingerprint


def test_the_fingerprint_changes_with_coordinates_and_parameters(
    finished: TrainingSet, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    with h5py.File(folder / "data/train/train-00000.hdf5", "r+") as file:
        file["dimensions/x"][...] *= 2
    assert TrainingSet(folder).fingerprint != finished.fingerprint
    again = shutil.copytree(finished.folder, tmp_path / "again")
    card = again / "waves.yaml"
    card.write_text(card.read_text().replace("speed: 0.3", "speed: 0.4"))
    assert TrainingSet(again).fingerprint != finished.fingerprint


def test_the_cost_is_that_of_all_samples(finished: TrainingSet) -> None:
    assert len(finished.costs) == 6
    assert finished.seconds == pytest.approx(sum(s for c in finished.costs for s in c.seconds))
    assert finished.seconds > 0
    assert finished.costs[0].surroundings["versions"]["numpy"] == np.__version__


def test_a_lost_record_of_cost_is_an_error_only_where_it_is_needed(
    finished: TrainingSet, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    (folder / "data/test/test-00001.json").unlink()
    training_set = TrainingSet(folder)
    assert training_set.fingerprint == finished.fingerprint
    with pytest.raises(DatasetError, match=r"test-00001\.json is missing"):
        _ = training_set.seconds


def test_error_estimates_are_the_solvers(finished: TrainingSet) -> None:
    assert np.array_equal(finished.split("train").error_estimates, np.full(5, 1e-15))


def test_where_there_is_no_set_the_error_says_so(finished: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        TrainingSet(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="it has no card"):
        TrainingSet(tmp_path)
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    (folder / "data/valid/valid-00000.hdf5").unlink()
    with pytest.raises(DatasetError, match=r"not finished \(5 of 6 files.*resumes"):
        TrainingSet(folder)


def test_a_file_that_cannot_be_read_is_named_with_the_way_to_find_out(
    finished: TrainingSet, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    os.truncate(folder / "data/valid/valid-00000.hdf5", 9999)
    with pytest.raises(DatasetError, match=r"valid-00000\.hdf5 cannot be read.*`understudy check"):
        TrainingSet(folder).split("valid").read(0)


def test_a_system_that_is_not_installed_is_an_error_that_says_so(finished: TrainingSet) -> None:
    with pytest.raises(UnknownName, match="there is no system 'travelling_wave'"):
        _ = finished.system


@pytest.mark.parametrize("name", system_names())
def test_every_installed_system_comes_back_from_its_set(tmp_path: Path, name: str) -> None:
    kit = find_kit(name)
    assert not inspect.isabstract(kit.system)
    system = kit.system()
    settings = GenerateSettings(
        train_trajectories=2,
        valid_trajectories=1,
        test_trajectories=0,
        train_frames=3,
        valid_frames=3,
        test_frames=1,
        interval=system.characteristic_time / 64,
    )
    made = generate(system, kit.standard(system), settings, folder=tmp_path / name)
    assert TrainingSet(made.folder).system == system
    assert made.axes == system.axes
