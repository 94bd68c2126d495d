"""Kills, full disks, read-only folders: a resume gives the same bytes, and half files are never taken in."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from kill_target import (
    FRESH,
    SYSTEM,
    Suicidal,
    announce_and_generate,
    as_nobody,
    die_at_step,
    generate_one_shard,
    generate_small,
    said_by_child,
    with_small_files_only,
)
from travelling_wave import SMALL, Exact, reproducible_bytes
from understudy.datasets.check import check
from understudy.datasets.durable import only_writer, write_whole
from understudy.datasets.generate import generate
from understudy.datasets.plan import DatasetError
from understudy.datasets.training_set import TrainingSet


def assert_whole_files_only(folder: Path, expected: dict[str, bytes]) -> None:
    """Whatever has its final name has its final content, and an unfinished set is not opened."""
    if not folder.exists():
        return
    for name, content in reproducible_bytes(folder).items():
        if ".partial-" not in name and name != ".generating":
            assert content == expected[name], f"{name} is half-written"
    if not (folder / "stats.yaml").exists():
        with pytest.raises(DatasetError):
            TrainingSet(folder)
        assert len(check(folder)) == 1


def killed_at(
    folder: Path, moment: float, *, patience: float, workers: int, after_first_file: bool = False
) -> bool:
    """Start generating and kill it `moment` seconds later; whether it was still at work."""
    ours, theirs = FRESH.Pipe()
    child = FRESH.Process(target=announce_and_generate, args=(theirs, folder, patience, workers))
    child.start()
    assert ours.recv() == "begun"
    while after_first_file and child.is_alive() and not list(folder.glob("data/*/*")):
        time.sleep(0.005)
    time.sleep(moment)
    child.kill()
    child.join(60)
    return child.exitcode == -signal.SIGKILL


def kill_at_random_moments(folder: Path, expected: dict[str, bytes], *, kills: int, seed: int) -> None:
    """Kill a run again and again, each resume included, then let one finish; then begin anew."""
    generator = np.random.default_rng(seed)
    patience = 0.03
    done = 0
    while done < kills:
        done += killed_at(folder, generator.uniform(0, 0.5), patience=patience, workers=1)
        assert_whole_files_only(folder, expected)
        if generator.random() < 0.3 or (folder / "stats.yaml").exists():
            generate_small(folder, patience=patience)
            assert reproducible_bytes(folder) == expected
            assert check(folder) == []
            shutil.rmtree(folder)
    generate_small(folder, patience=patience)
    assert reproducible_bytes(folder) == expected


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of an uninterrupted run with the patience of the tests of kills."""
    folder = tmp_path_factory.mktemp("patient") / "waves"
    generate_small(folder, patience=0.03)
    return reproducible_bytes(folder)


def test_a_kill_at_three_random_moments_leaves_no_trace(tmp_path: Path, patient: dict[str, bytes]) -> None:
    kill_at_random_moments(tmp_path / "waves", patient, kills=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_kill_at_fifteen_random_moments_leaves_no_trace(
    tmp_path: Path, patient: dict[str, bytes], seed: int
) -> None:
    kill_at_random_moments(tmp_path / "waves", patient, kills=15, seed=seed)


@pytest.mark.slow
def test_kills_with_two_workers_leave_no_trace_and_no_orphans(tmp_path: Path) -> None:
    generate_small(tmp_path / "whole" / "waves", patience=0.2)
    expected = reproducible_bytes(tmp_path / "whole" / "waves")
    generator = np.random.default_rng(3)
    at_work = 0
    for i in range(20):
        folder = tmp_path / str(i) / "waves"
        # workers take seconds to start; what matters happens from their first file on
        killed_at(folder, generator.uniform(0, 0.6), patience=0.2, workers=2, after_first_file=True)
        at_work += not (folder / "stats.yaml").exists()
        # resumed at once: the orphans of the killed run may still be about
        assert_whole_files_only(folder, expected)
        generate_small(folder, patience=0.2)
        assert reproducible_bytes(folder) == expected
        deadline = time.monotonic() + 20
        while _working_on(folder) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _working_on(folder) == []
        assert reproducible_bytes(folder) == expected
    assert at_work >= 10


def _working_on(folder: Path) -> list[psutil.Process]:
    """Python processes without a parent of ours that have a file of the folder open."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.ppid() == 1 and any(f.path.startswith(str(folder)) for f in process.open_files()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_a_kill_before_any_change_to_the_folder_leaves_no_trace(tmp_path: Path) -> None:
    folder = tmp_path / "waves"
    generate_one_shard(folder)
    expected = reproducible_bytes(folder)
    step, said = 0, "died"
    while said != "done":
        step += 1
        shutil.rmtree(folder, ignore_errors=True)
        said = said_by_child(die_at_step, folder, step)
        assert_whole_files_only(folder, expected)
        generate_one_shard(folder)
        assert reproducible_bytes(folder) == expected
    # card, shard, record and statistics: at least two changes each; and the lines that write the shard
    assert step > 16


def test_half_written_files_are_removed_on_resuming(tmp_path: Path, finished: TrainingSet) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    lost = folder / "data/test/test-00000.hdf5"
    lost.rename(lost.with_name(f"{lost.name}.partial-99999"))
    (folder / "stats.yaml").rename(folder / "stats.yaml.partial-99999")
    generate_small(folder)
    assert reproducible_bytes(folder) == reproducible_bytes(finished.folder)


@pytest.mark.parametrize("size", [0, 100, 20000])
def test_a_file_that_was_cut_short_later_is_made_again(
    tmp_path: Path, finished: TrainingSet, size: int
) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    os.truncate(folder / "data/train/train-00002.hdf5", size)
    generate_small(folder)
    assert reproducible_bytes(folder) == reproducible_bytes(finished.folder)


def test_a_file_that_grew_later_is_made_again(tmp_path: Path, finished: TrainingSet) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    with (folder / "data/train/train-00002.hdf5").open("ab") as file:
        file.write(b"and then")
    generate_small(folder)
    assert reproducible_bytes(folder) == reproducible_bytes(finished.folder)


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace_path = os.fsync, Path.replace

    def syncing(descriptor: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def naming(self: Path, target: Path) -> Path:
        done.append(f"name {target.name}")
        return replace_path(self, target)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(Path, "replace", naming)
    write_whole(tmp_path / "file", b"content")
    assert done == [f"sync file.partial-{os.getpid()}", "name file", f"sync {tmp_path.name}"]


def test_ctrl_c_leaves_a_set_that_resumes(tmp_path: Path, finished: TrainingSet) -> None:
    class Interrupted(Exact):
        @property
        def settings(self) -> dict[str, object]:
            return {**super().settings, "solver": "Exact"}

        def __call__(self, queries: object, times: np.ndarray) -> object:  # type: ignore[override]
            if len(times) == SMALL.test_frames:
                raise KeyboardInterrupt
            return super().__call__(queries, times)  # type: ignore[arg-type]

    folder = tmp_path / "waves"
    with pytest.raises(KeyboardInterrupt):
        generate(SYSTEM, Interrupted(SYSTEM), SMALL, folder=folder)
    assert_whole_files_only(folder, reproducible_bytes(finished.folder))
    generate_small(folder)
    assert reproducible_bytes(folder) == reproducible_bytes(finished.folder)


def test_a_worker_that_dies_is_an_error_that_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a worker process died.*the same command resumes"):
        generate(SYSTEM, Suicidal(SYSTEM), replace(SMALL, workers=2), folder=tmp_path / "waves")


def test_two_generators_do_not_write_to_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "waves"
    folder.mkdir()
    with only_writer(folder):
        said = said_by_child(generate_small, folder)
        assert said.startswith(f"DatasetError: another generation (process {os.getpid()}) is writing to")
        assert [p.name for p in folder.iterdir()] == [".generating"]
    assert said_by_child(generate_small, folder) == "done"


def test_the_lock_of_a_dead_process_does_not_hold(tmp_path: Path) -> None:
    folder = tmp_path / "waves"
    folder.mkdir()
    (folder / ".generating").write_text("1")
    generate_small(folder)
    assert not (folder / ".generating").exists()


def test_a_file_that_may_not_grow_is_an_error_and_resumes(tmp_path: Path, finished: TrainingSet) -> None:
    folder = tmp_path / "waves"
    said = said_by_child(with_small_files_only, folder, 20_000)
    assert said.startswith("DatasetError: the disk is full: ")
    assert "train-00000.hdf5" in said
    assert "it keeps every file that is finished" in said
    assert not list(folder.rglob("*.partial-*"))
    generate_small(folder)
    assert reproducible_bytes(folder) == reproducible_bytes(finished.folder)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs the superuser")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_an_error_that_names_file_and_size_and_keeps_what_is_done(
    tiny_disk: Path, finished: TrainingSet
) -> None:
    folder = tiny_disk / "waves"
    said = said_by_child(generate_small, folder)
    assert said.startswith("DatasetError: the disk is full: ")
    assert "MB) could not be written; free some space" in said
    done = list(folder.rglob("*.hdf5"))
    assert 1 <= len(done) < 6
    assert_whole_files_only(folder, reproducible_bytes(finished.folder))
    subprocess.run(["mount", "-o", "remount,size=20m", str(tiny_disk)], check=True)
    before = {p: p.stat().st_mtime_ns for p in done}
    generate_small(folder)
    assert {p: p.stat().st_mtime_ns for p in done} == before
    assert reproducible_bytes(folder) == reproducible_bytes(finished.folder)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below which everyone may look, unlike pytest's own."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    place.chmod(0o755)
    shutil.rmtree(place)


def test_a_folder_that_may_not_be_written_is_an_error_that_says_so(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    said = said_by_child(as_nobody, open_folder / "waves")
    assert said == (
        f"DatasetError: {open_folder / 'waves'} cannot be written: Permission denied; "
        "choose a folder in which you may write"
    )


def test_a_set_that_may_not_be_finished_is_an_error_that_says_so(
    open_folder: Path, finished: TrainingSet
) -> None:
    folder = shutil.copytree(finished.folder, open_folder / "waves")
    (folder / "stats.yaml").unlink()
    folder.chmod(0o555)
    said = said_by_child(as_nobody, folder)
    assert said.startswith(f"DatasetError: {folder / '.generating'} cannot be written: Permission denied")


def test_a_finished_set_that_may_only_be_read_is_opened(open_folder: Path, finished: TrainingSet) -> None:
    folder = shutil.copytree(finished.folder, open_folder / "waves")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert said_by_child(as_nobody, folder) == "done"


def test_a_folder_below_a_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="lies below a file, not a folder; choose another folder"):
        generate_small(tmp_path / "file" / "waves")
    with pytest.raises(DatasetError, match="lies below a file, not a folder"):
        generate_small(tmp_path / "file")


def test_a_disk_that_gives_back_other_bytes_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(file: object, _: str) -> object:
        import hashlib

        return hashlib.sha256(b"something else")

    monkeypatch.setattr("understudy.datasets.durable.hashlib.file_digest", forgetful)
    with pytest.raises(OSError, match="gives back other bytes"):
        write_whole(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []
