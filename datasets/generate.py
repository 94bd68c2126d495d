"""Make a training set: one generator for every system, resumable after a kill at any moment."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from tqdm import tqdm

from ..solvers.contract import Solver, System
from .durable import LOCK, explained, leftovers, only_writer, write_whole
from .plan import DatasetError, GenerateSettings, Plan, Shard, find_plan
from .shards import is_whole, make_shard, one_thread
from .split import Split
from .statistics import compute_statistics, statistics_text
from .training_set import TrainingSet

__all__ = ["GenerateSettings", "generate"]

logger = logging.getLogger(__name__)


def generate(
    system: System, solver: Solver, settings: GenerateSettings, *, folder: Path, progress: bool = False
) -> TrainingSet:
    """Solve and write a training set, or finish one that was interrupted, or open one that is there.

    Each file is written whole or not at all, so after a kill the same call keeps what is finished and does
    the rest. The HDF5 files, `stats.yaml` and `<name>.yaml` then hold the same bytes as those of an
    uninterrupted run, with any number of workers. Only the `.json` records beside the HDF5 files differ:
    they hold what each sample cost, where and when.

    With more than one worker, each file is solved and written by one fresh process: system and solver must
    be picklable, and a script must call this below `if __name__ == "__main__":`.

    A sample that cannot be solved is kept with its query and status, apart from the trajectories
    (`TrainingSet.failures`); it is not drawn anew.

    Raises:
        DatasetError: the folder holds another set or something else, another process is writing to it, the
            disk is full or may not be written to, or no sample of a split could be solved.
        SolverError: the solver cannot be asked this.
    """
    folder = Path(folder)
    plan = Plan.of(system, solver, settings=settings)
    if _finished(folder, plan):
        return TrainingSet(folder)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder):
        with explained(folder):
            plan = _claim(folder, plan)
            todo = _clear(folder, plan)
        for shard in _make(todo, plan, system=system, solver=solver, folder=folder, progress=progress):
            logger.debug("%s is written", shard.file)
        _refuse_empty_splits(folder, plan)
        statistics = compute_statistics(folder, plan, progress=progress)
        with explained(folder / "stats.yaml"):
            write_whole(folder / "stats.yaml", statistics_text(statistics).encode())
    training_set = TrainingSet(folder)
    failed = sum(costs.samples["failed"] for costs in training_set.costs)
    if failed:
        logger.warning("%d samples of %s could not be solved; they are kept in /failed", failed, folder)
    return training_set


def _finished(folder: Path, plan: Plan) -> bool:
    """Whether this very set is there already; then nothing need be written, or be writable."""
    if not (folder / "stats.yaml").is_file() or (folder / LOCK).exists() or leftovers(folder):
        return False
    existing = find_plan(folder)
    return (
        existing is not None
        and existing.difference(plan) is None
        and all(is_whole(folder, existing, shard=shard) for shard in existing.shards)
    )


def _claim(folder: Path, plan: Plan) -> Plan:
    """Write the card, or refuse a folder that is not ours to write to; the plan as the card has it."""
    existing = find_plan(folder)
    if existing is not None:
        difference = existing.difference(plan)
        if difference is not None:
            raise DatasetError(
                f"{folder} holds a set that was begun with other settings: now {difference} is asked for; "
                "ask for the same, choose another folder or delete this one"
            )
        return replace(existing, settings=plan.settings)
    partial = {p.name for p in leftovers(folder)}
    others = sorted(p.name for p in folder.iterdir() if p.name not in {LOCK, *partial})
    if others:
        raise DatasetError(
            f"a training set needs an empty or new folder, but {folder} holds {', '.join(others[:3])}"
            f"{' and more' if len(others) > 3 else ''}; choose another folder"
        )
    write_whole(folder / f"{folder.resolve().name}.yaml", plan.yaml.encode())
    return plan


def _clear(folder: Path, plan: Plan) -> list[Shard]:
    """Remove what an interrupted run left behind; the shards that are still to be made."""
    for path in leftovers(folder):
        logger.info("removing %s, left half-written by an interrupted run", path)
        path.unlink(missing_ok=True)
    todo = []
    for shard in plan.shards:
        if not is_whole(folder, plan, shard=shard):
            path = folder / shard.file
            if path.exists():
                logger.warning("%s is damaged; it is made again", path)
                path.unlink()
            todo.append(shard)
    return todo


def _make(
    todo: Sequence[Shard], plan: Plan, *, system: System, solver: Solver, folder: Path, progress: bool
) -> Iterator[Shard]:
    """Make the shards, in this process or in workers; yields each when it is on disk."""
    samples = sum(shard.samples for shard in plan.shards)
    bar = tqdm(
        total=samples,
        initial=samples - sum(shard.samples for shard in todo),
        desc=f"solving {folder.name}",
        unit="trajectory",
        disable=not progress,
        delay=1,
    )
    workers = min(plan.settings.workers, len(todo))
    make = _make_here if workers <= 1 else _make_in_workers
    with closing(bar):
        for shard in make(todo, plan, system, solver, folder):
            bar.update(shard.samples)
            yield shard


def _make_here(
    todo: Sequence[Shard], plan: Plan, system: System, solver: Solver, folder: Path
) -> Iterator[Shard]:
    with one_thread():
        for shard in todo:
            yield make_shard(folder, plan, shard=shard, system=system, solver=solver)


def _make_in_workers(
    todo: Sequence[Shard], plan: Plan, system: System, solver: Solver, folder: Path
) -> Iterator[Shard]:
    context = multiprocessing.get_context("forkserver")
    # imported once and not by every worker of every set; has no effect where a server runs already
    context.set_forkserver_preload([f"{__package__}.shards"])
    # workers end when this pipe closes: because we close it, or because we died
    ours, theirs = context.Pipe()
    executor = ProcessPoolExecutor(
        min(plan.settings.workers, len(todo)),
        mp_context=context,
        initializer=_enter_worker,
        initargs=(theirs,),
    )
    try:
        futures = [
            executor.submit(make_shard, folder, plan, shard=shard, system=system, solver=solver)
            for shard in todo
        ]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        ours.close()
        raise DatasetError(
            f"a worker process died while making {folder}: it was killed, ran out of memory (then ask for "
            "fewer trajectories_per_shard), or could not start (a script must call generate below "
            '`if __name__ == "__main__":`); the same command resumes'
        ) from error
    except BaseException:
        ours.close()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()


_thread_limit: list[object] = []
"""Holds what keeps a worker on one thread, for as long as the worker lives."""


def _enter_worker(parent: Connection) -> None:
    """One thread, deaf to Ctrl-C (the parent decides), and gone at once when the parent is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # else numba, in a forkserver's child, makes a semaphore that outlives us when we are ended from outside
    multiprocessing.set_start_method("spawn", force=True)
    limit = one_thread()
    limit.__enter__()
    _thread_limit.append(limit)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: Connection) -> None:
    try:
        parent.recv()
    except (EOFError, OSError):
        os._exit(1)


def _refuse_empty_splits(folder: Path, plan: Plan) -> None:
    for name in dict.fromkeys(shard.split for shard in plan.shards):
        with Split(folder, plan, name=name) as split:
            if len(split) == 0:
                failure = split.failures[0]
                notes = "; ".join(failure.notes) or failure.status.advice
                raise DatasetError(
                    f"none of the {len(split.failures)} samples of split {name!r} could be solved ({notes}); "
                    "generate with a solver that can, in another folder"
                )
