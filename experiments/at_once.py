"""Work that no clock is held to, in several threads at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba
from tqdm import tqdm

from .timing import pinned_threads

__all__ = ["at_once"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def at_once(
    work: Callable[[Item], Result], items: Sequence[Item], *, threads: int, desc: str, progress: bool = False
) -> list[Result]:
    """The results in the order of the items, as many at a time as the machine has cores for.

    Each has so many `threads` to itself. Pays where the work is in compiled code that lets go of the
    interpreter's lock, as the solvers do, and not for many small calls, which then wait for one another.
    Items must not share anything that `work` changes. The first error ends it: what has not begun is dropped.
    """
    workers = max(1, min((os.cpu_count() or 1) // threads, len(items)))
    bar = tqdm(total=len(items), desc=desc, unit="entry", disable=not progress, leave=False)
    with bar, pinned_threads(threads):

        def one(item: Item) -> Result:
            result = work(item)
            bar.update()
            return result

        if workers == 1:
            return [one(item) for item in items]
        # numba counts its threads for each thread of ours
        count = min(threads, numba.get_num_threads())
        pool = ThreadPoolExecutor(workers, initializer=numba.set_num_threads, initargs=(count,))
        futures = [pool.submit(one, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:  # an error or Ctrl-C does not wait for what has begun
            pool.shutdown(cancel_futures=True, wait=False)
