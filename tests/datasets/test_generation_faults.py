"""Damaged files, locks, full disks, read-only folders: what can be mended is, the rest gets a clear error."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from kill_target import (
    as_nobody,
    assert_whole_files_only,
    generate_small,
    said_by_child,
    with_small_files_only,
)
from travelling_wave import reproducible_bytes
from understudy.datasets.durable import only_writer, write_whole
from understudy.datasets.plan import DatasetError
from understudy.datasets.training_set import TrainingSet


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
        return hashlib.sha256(b"something else")

    monkeypatch.setattr("understudy.datasets.durable.hashlib.file_digest", forgetful)
    with pytest.raises(OSError, match="gives back other bytes"):
        write_whole(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []
