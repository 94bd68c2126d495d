"""Make a training set: one generator for every system, resumable after a kill at any moment."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from tqdm import tqdm

from ..solvers.contract import Solver, System
from .durable import LOCK, explained, leftovers, only_writer, write_whole
from .plan import DatasetError, GenerateSettings, Plan, Shard, find_plan
from .room import refuse_too_large
from .shards import is_whole, make_shard, one_thread
from .split import Split
from .statistics import compute_statistics, statistics_text
from .training_set import TrainingSet
from .workers import WorkerDied, in_workers

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

    A sample that cannot be solved is kept with its query, its status and its values as far as they are known,
    apart from the trajectories (`TrainingSet.failures`, `Split.known_part`); it is not drawn anew.

    Raises:
        DatasetError: the folder holds another set or something else, another process is writing to it, memory
            or disk have no room for it, it may not be written to, or no sample of a split could be solved.
        SolverError: the solver cannot be asked this.
    """
    folder = Path(folder)
    plan = Plan.of(system, solver, settings=settings)
    if _finished(folder, plan):
        return TrainingSet(folder)
    refuse_too_large(plan, folder=folder)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder):
        with explained(folder):
            plan = _claim(folder, plan)
            todo = _clear(folder, plan)
        left = Counter(shard.split for shard in todo)
        # a split without a trajectory is refused as soon as it is known: the others may take long
        for name in {shard.split for shard in plan.shards} - set(left):
            _refuse_empty_split(folder, plan, name)
        for shard in _make(todo, plan, system=system, solver=solver, folder=folder, progress=progress):
            logger.debug("%s is written", shard.file)
            left[shard.split] -= 1
            if not left[shard.split]:
                _refuse_empty_split(folder, plan, shard.split)
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
    make = partial(_make_one, folder=folder, plan=plan, system=system, solver=solver)
    try:
        with closing(bar):
            for shard, _ in in_workers(make, todo, workers=plan.settings.workers, around=one_thread):
                bar.update(shard.samples)
                yield shard
    except WorkerDied as error:
        raise DatasetError(
            f"{error} while making {folder}; if memory ran out, ask for fewer trajectories_per_shard; the "
            "same command resumes"
        ) from error


def _make_one(shard: Shard, *, folder: Path, plan: Plan, system: System, solver: Solver) -> Shard:
    return make_shard(folder, plan, shard=shard, system=system, solver=solver)


def _refuse_empty_split(folder: Path, plan: Plan, name: str) -> None:
    with Split(folder, plan, name=name) as split:
        if len(split) == 0:
            failure = split.failures[0]
            notes = "; ".join(failure.notes) or failure.status.advice
            raise DatasetError(
                f"none of the {len(split.failures)} samples of split {name!r} could be solved ({notes}); "
                "generate with a solver or a system that can, in another folder"
            )
