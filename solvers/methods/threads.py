"""Compiled work on parts of a batch, in as many threads as numba is set to use."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import scipy.linalg  # noqa: F401 - see below
import torch

__all__ = ["in_parts", "threads_of_numba"]


# Products in compiled code are those of SciPy's BLAS. Limits on threads reach only what is loaded when they
# are set: loaded later, it would let a thread of its own spin beside every worker that was promised one.


def threads_of_numba() -> int:
    """How many threads numba is set to use.

    Asked for the first time, numba starts its threads, and by that sets torch's to as many as there are
    cores; here torch keeps its own.
    """
    before = torch.get_num_threads()
    threads = int(numba.get_num_threads())
    if torch.get_num_threads() != before:
        torch.set_num_threads(before)
    return threads


def in_parts(work: Callable[[int, int], None], samples: int, *, least: int) -> None:
    """Call `work(start, stop)` on parts of range(samples), each of at least `least`, side by side.

    The work must let go of the interpreter's lock, as functions of `compiled` do, and the parts must not
    touch one another.
    """
    parts = max(1, min(threads_of_numba(), samples // least))
    bounds = [samples * i // parts for i in range(parts + 1)]
    if parts == 1:
        work(0, samples)
        return
    with ThreadPoolExecutor(parts) as pool:
        for done in [pool.submit(work, a, b) for a, b in itertools.pairwise(bounds)]:
            done.result()
