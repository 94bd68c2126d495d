"""Jobs in worker processes that never outlive their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from tqdm import tqdm

__all__ = ["WorkerDied", "in_workers"]

Job = TypeVar("Job")
Result = TypeVar("Result")


class WorkerDied(RuntimeError):
    """A worker process was killed, ran out of memory, or could not start."""


def in_workers(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    *,
    workers: int,
    around: Callable[[], AbstractContextManager[Any]],
) -> Iterator[tuple[Job, Result]]:
    """Do all jobs, `workers` at a time, and yield each with its result when it is done, in any order.

    With one worker everything happens in this process. Otherwise `work`, `around` and the jobs must be
    picklable, and a script must call this below `if __name__ == "__main__":`. Each
    worker lives inside the context that `around` makes (which may pin its threads), ignores Ctrl-C, and ends
    at once when this process ends, however that happens.

    Raises `WorkerDied`, or whatever a job raises; jobs that have not begun are then dropped.
    """
    if min(workers, len(jobs)) <= 1:
        with around():
            for job in jobs:
                yield job, work(job)
        return
    context = multiprocessing.get_context("forkserver")
    # imported once and not by every worker of every call; has no effect where a server runs already
    context.set_forkserver_preload([f"{__package__}.shards"])
    # workers end when this pipe closes: because we close it, or because we died
    ours, theirs = context.Pipe()
    executor = ProcessPoolExecutor(
        min(workers, len(jobs)), mp_context=context, initializer=_enter, initargs=(theirs, around)
    )
    try:
        with _interrupts_held():
            futures = {executor.submit(work, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        ours.close()
        raise WorkerDied(
            "a worker process died (killed, out of memory, or not started: a script must do this below "
            '`if __name__ == "__main__":`)'
        ) from error
    except BaseException:
        ours.close()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits here until all workers are started, who are born deaf to it: to end them is our part."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    # the mask is what children inherit; that it may come to another thread of ours is what the handler is for
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


_around: list[AbstractContextManager[Any]] = []
"""The context of this worker, kept for as long as it lives."""


def _enter(parent: Connection, around: Callable[[], AbstractContextManager[Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # else numba, in a forkserver's child, makes a semaphore that outlives us when we are ended from outside
    multiprocessing.set_start_method("spawn", force=True)
    # and so does the lock that progress bars would share between processes
    tqdm.set_lock(threading.RLock())
    context = around()
    context.__enter__()
    _around.append(context)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: Connection) -> None:
    try:
        parent.recv()
    except (EOFError, OSError):
        os._exit(1)
