"""A set for which memory or disk have no room is refused before it is begun."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from travelling_wave import SMALL, Exact, TravellingWave
from understudy.datasets import room
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.plan import DatasetError, Plan
from understudy.datasets.room import refuse_too_large, size_in_words
from understudy.datasets.training_set import TrainingSet

SYSTEM = TravellingWave()


def asked(folder: Path, **changes: int) -> GenerateSettings:
    settings = replace(SMALL, **changes)
    with pytest.raises(DatasetError):
        generate(SYSTEM, Exact(SYSTEM), settings, folder=folder)
    assert not folder.exists()
    return settings


def said(settings: GenerateSettings, folder: Path) -> str:
    with pytest.raises(DatasetError) as refused:
        refuse_too_large(Plan.of(SYSTEM, Exact(SYSTEM), settings=settings), folder=folder)
    return str(refused.value)


def test_files_that_no_memory_can_solve_are_refused_by_split(tmp_path: Path) -> None:
    settings = asked(tmp_path / "waves", test_frames=10**12, workers=2)
    words = said(settings, tmp_path / "waves")
    assert "trajectories of split 'test' at once" in words
    assert "with 2 at work" in words
    assert "fewer trajectories_per_shard, frames or workers" in words


def test_a_set_that_no_disk_can_hold_is_refused_at_once_however_many_files(tmp_path: Path) -> None:
    settings = asked(tmp_path / "waves", train_trajectories=10**11)
    assert "free some space or ask for fewer frames or trajectories" in said(settings, tmp_path / "waves")


def test_what_is_on_the_disk_already_needs_no_more_room(
    finished: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "waves")
    numbers = sum(
        finished.plan.settings.trajectories(split)
        * sum(len(finished.split(split).read(0, field=f.name).ravel()) for f in finished.fields)
        for split in finished.splits
    )
    monkeypatch.setattr(
        room.shutil, "disk_usage", lambda _: SimpleNamespace(total=10**12, free=8 * numbers - 1)
    )
    refuse_too_large(finished.plan, folder=folder)
    shutil.rmtree(folder / "data")
    assert f"{folder} will take" in said(finished.plan.settings, folder)


@pytest.mark.parametrize(
    ("size", "words"),
    [(12, "12 B"), (2048, "2 KiB"), (3.456e9, "3.22 GiB"), (2 * 2**40, "2 TiB"), (1e16, "9,095 TiB")],
)
def test_sizes_read_well(size: float, words: str) -> None:
    assert size_in_words(size) == words
