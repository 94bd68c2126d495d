"""One shard from draw to disk, and whether one that lies there is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from ..solvers.contract import Queries, Solver, System
from ..solvers.methods.threads import threads_of_numba
from .costs import Costs, now, surroundings
from .durable import explained, write_whole
from .plan import DatasetError, Plan, Shard
from .schema import open_shard, shard_image

__all__ = ["is_whole", "make_shard", "one_thread"]


_warm: set[tuple[str, int]] = set()
"""Plans and numbers of samples whose solver has run before in this process."""


@contextmanager
def one_thread() -> Iterator[None]:
    """BLAS, OpenMP, torch and numba on one thread inside; as they were afterwards."""
    before = torch.get_num_threads(), threads_of_numba()
    with threadpool_limits(limits=1):
        torch.set_num_threads(1)
        numba.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            numba.set_num_threads(before[1])


def make_shard(folder: Path, plan: Plan, *, shard: Shard, system: System, solver: Solver) -> Shard:
    """Draw, solve and write one shard; gives it back when it is on disk.

    Raises `DatasetError` where the solution does not fit the plan or the disk refuses, and whatever the
    solver raises for a question that makes no sense.
    """
    queries = system.draw(shard.generators(plan.settings.seed))
    _warm_up(solver, plan, queries=queries)
    times = plan.settings.transient + plan.settings.times(shard.split)
    solution = solver(queries, times)
    if not solution.solved.all() and (advice := solver.advice(queries, times, solution)):
        solution = replace(solution, notes=(*solution.notes, advice))
    image = shard_image(plan, shard, system=system, queries=queries, solution=solution)
    costs = Costs(
        size=len(image),
        sha256=hashlib.sha256(image).hexdigest(),
        seconds=tuple(solution.seconds.tolist()),
        samples={"solved": int(solution.solved.sum()), "failed": int((~solution.solved).sum())},
        date=now(),
        surroundings=surroundings(),
    )
    path = folder / shard.file
    with explained(path, size=len(image)):
        path.parent.mkdir(parents=True, exist_ok=True)
        # the record goes first, so a shard that has its name has its record, too
        costs.write(path)
        write_whole(path, image)
    return shard


def _warm_up(solver: Solver, plan: Plan, *, queries: Queries) -> None:
    """Let the solver compile and load before it is timed: the cost of data is that of solving.

    One interval of the first shard's samples; again for another number of samples, for which a solver may
    run other code. Not where a sample has so few frames that this would cost as much as the work itself.
    """
    kind = plan.text, len(next(iter(queries.values())))
    if kind not in _warm and plan.settings.train_frames >= 10:
        solver(queries, plan.settings.interval * np.ones(1))
    _warm.add(kind)


def is_whole(folder: Path, plan: Plan, *, shard: Shard) -> bool:
    """Whether a shard is there, of the size that was written, and of this plan. Cheap: reads no values."""
    path = folder / shard.file
    try:
        if path.stat().st_size != Costs.read(path).size:
            return False
        with open_shard(path) as file:
            known = file["provenance"].attrs
            return bool(
                known["plan"] == plan.text
                and known["split"] == shard.split
                and int(known["shard"]) == shard.number
            )
    except (OSError, KeyError, DatasetError):
        return False
