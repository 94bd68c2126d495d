"""What the tests of kills and disk faults run in a process of its own, and how they start one."""

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from travelling_wave import SMALL, Exact, TravellingWave, reproducible_bytes
from understudy.datasets.check import check
from understudy.datasets.durable import write_whole
from understudy.datasets.generate import generate
from understudy.datasets.plan import DatasetError
from understudy.datasets.split import Split
from understudy.datasets.training_set import TrainingSet

SYSTEM = TravellingWave()
FRESH = multiprocessing.get_context("forkserver")
# imported once in the server, so that each process starts in milliseconds; the server of Python 3.11 does
# not find the modules of this folder
FRESH.set_forkserver_preload(["understudy.datasets.generate"])
CHANGES = {"open", "os.rename", "os.remove", "os.mkdir"}


def generate_small(folder: Path, *, patience: float = 0.0, workers: int = 1) -> None:
    """The set of the tests."""
    generate(SYSTEM, Exact(SYSTEM, patience=patience), replace(SMALL, workers=workers), folder=folder)


def said_by_child(target: Callable[..., None], *arguments: Any) -> str:
    """Run `target` in a fresh process; 'done', or the class and text of what it raised, or 'died'."""
    ours, theirs = FRESH.Pipe()
    child = FRESH.Process(target=_report, args=(theirs, target, *arguments))
    child.start()
    theirs.close()
    try:
        said = str(ours.recv())
    except EOFError:
        said = "died"
    child.join(60)
    assert child.exitcode is not None
    return said if child.exitcode == 0 else f"died with {child.exitcode} after {said}"


def _report(pipe: Connection, target: Callable[..., None], *arguments: Any) -> None:
    try:
        target(*arguments)
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")
    else:
        pipe.send("done")


def generate_one_shard(folder: Path) -> None:
    """A set of a single file."""
    settings = replace(SMALL, train_trajectories=2, valid_trajectories=0, test_trajectories=0)
    generate(SYSTEM, Exact(SYSTEM), settings, folder=folder)


def die_at_step(folder: Path, step: int) -> None:
    """Generate, and be killed at the step-th moment that matters.

    Such a moment comes just before each change to the folder, and before each line of the code that writes a
    whole file, while it writes the shard.
    """
    seen = 0

    def tick() -> None:
        nonlocal seen
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES and str(arguments[0]).startswith(str(folder)):
            tick()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code is not write_whole.__code__ or "train-00000.hdf5" not in str(frame.f_locals["path"]):
            return None
        if event == "line":
            tick()
        return trace

    sys.addaudithook(watch)
    sys.settrace(trace)
    generate_one_shard(folder)


def announce_and_generate(pipe: Connection, folder: Path, patience: float, workers: int) -> None:
    """Say that we begin, so that the killer can count from there."""
    pipe.send("begun")
    generate_small(folder, patience=patience, workers=workers)


def with_small_files_only(folder: Path, limit: int) -> None:
    """Generate where no file may grow beyond `limit` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    generate_small(folder)


def as_nobody(folder: Path) -> None:
    """Generate without the rights of the superuser, for whom no folder is read-only."""
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    generate_small(folder)


class Suicidal(Exact):
    """Takes its process down when a worker is asked; harmless elsewhere."""

    def __call__(self, queries: Any, times: Any) -> Any:
        if multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(queries, times)


def first_values(pipe: Connection, split: Split) -> None:
    """Send some frames of every trajectory, and whether the files were opened by this process."""
    values = [split.read(i, 2, 5) for i in range(len(split))]
    pipe.send((values, split._process == os.getpid()))


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
