"""Kills at any moment: a resume gives the same bytes, and no half-written file is ever taken for a whole."""

import os
import shutil
import signal
import subprocess
import sys
import time
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
    assert_whole_files_only,
    die_at_step,
    generate_one_shard,
    generate_small,
    said_by_child,
)
from travelling_wave import SMALL, Exact, reproducible_bytes
from understudy.datasets.check import check
from understudy.datasets.generate import generate
from understudy.datasets.plan import DatasetError
from understudy.datasets.training_set import TrainingSet


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
    """Other processes that have a file of the folder open."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(Path(f.path).is_relative_to(folder) for f in process.open_files()):
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


@pytest.mark.slow
def test_ctrl_c_with_two_workers_ends_them_and_says_nothing_more(tmp_path: Path) -> None:
    folder = tmp_path / "waves"
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path; from kill_target import generate_small\n"
        f"try: generate_small(Path({str(folder)!r}), patience=1.0, workers=2)\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob("data/*/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGINT)
    said, complained = child.communicate(timeout=60)
    assert (said, complained) == ("interrupted\n", "")
    assert _working_on(folder) == []
    generate_small(folder, patience=1.0)
    assert check(folder) == []


def test_a_worker_that_dies_is_an_error_that_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a worker process died.*the same command resumes"):
        generate(SYSTEM, Suicidal(SYSTEM), replace(SMALL, workers=2), folder=tmp_path / "waves")
