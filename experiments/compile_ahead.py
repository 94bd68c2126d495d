"""Compile what a comparison will run in several processes at once, where it is not compiled yet."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..datasets.workers import in_workers
from ..solvers.contract import Queries, Solver
from .timing import compiling, pinned_threads

__all__ = ["compile_ahead"]

COLD = 0.5
"""Seconds: a first solver that compiles for longer has not been run on this machine before."""


def compile_ahead(
    solvers: Sequence[Solver], queries: Queries, time: float, *, progress: bool = False
) -> None:
    """Let each solver answer one query and a few, up to `time`, so that numba's cache holds what it needs.

    Does nothing more than ask the first solver where that one does not need to compile.
    """
    jobs = [(solver, _few(queries, count), np.array([time])) for solver in solvers for count in (3, 1)]
    if not jobs:
        return
    with compiling() as seconds:
        _ask(jobs[0])
    if sum(seconds) < COLD:
        return
    workers = min(os.cpu_count() or 1, len(jobs))
    bar = tqdm(
        total=len(jobs),
        desc="compiling, once on this machine",
        unit="kernel",
        disable=not progress,
        leave=False,
    )
    with bar:
        for _ in in_workers(_ask, jobs, workers=workers, around=functools.partial(pinned_threads, 1)):
            bar.update()


def _few(queries: Queries, count: int) -> Queries:
    return {name: array[:count] for name, array in queries.items()}


def _ask(job: tuple[Solver, Queries, NDArray[np.float64]]) -> None:
    solver, queries, times = job
    solver(queries, times)
