"""Compile what a comparison will run in several processes at once, where it is not compiled yet."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..datasets.workers import in_workers
from ..solvers.contract import Queries, Solver
from .timing import compiling, pinned_threads

__all__ = ["compile_ahead"]

_Job = tuple[Solver, Queries, NDArray[np.float64]]
"""What is asked of whom."""
COLD = 0.5
"""Seconds: a first solver that compiles for longer has not been run on this machine before."""


def compile_ahead(
    solvers: Sequence[Solver], queries: Queries, time: float, *, progress: bool = False
) -> None:
    """Let each solver answer one query and a few, up to `time`, so that numba's cache holds what it needs.

    Solvers that differ by scheme and step alone share code, so each such group is compiled in one process.
    Does nothing more than ask the first solver where that one does not need to compile.
    """
    at = np.array([time])
    groups: dict[tuple[Any, ...], list[_Job]] = {}
    for solver in solvers:
        for count in (3, 1):
            chosen = solver.settings
            key = (type(solver.system), count, str(chosen.get("points")), str(chosen.get("dtype")))
            groups.setdefault(key, []).append((solver, _few(queries, count), at))
    if not groups:
        return
    with compiling() as seconds:
        _ask(next(iter(groups.values()))[:1])
    if sum(seconds) < COLD:
        return
    jobs = sorted(groups.values(), key=len, reverse=True)
    bar = tqdm(
        total=sum(len(group) for group in jobs),
        desc="compiling, once on this machine",
        unit="kernel",
        disable=not progress,
        leave=False,
    )
    workers = os.cpu_count() or 1
    with bar:
        for group, _ in in_workers(_ask, jobs, workers=workers, around=functools.partial(pinned_threads, 1)):
            bar.update(len(group))


def _few(queries: Queries, count: int) -> Queries:
    return {name: array[:count] for name, array in queries.items()}


def _ask(jobs: Sequence[_Job]) -> None:
    for solver, queries, times in jobs:
        solver(queries, times)
