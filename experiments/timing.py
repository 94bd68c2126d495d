"""Fair timing: pinned threads, warm-up apart, synchronised device, medians and quartiles."""

from __future__ import annotations

import ctypes
import datetime
import gc
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import psutil
import torch
from numba.core.event import install_recorder
from threadpoolctl import threadpool_limits

from ..datasets.machine import processor, source_commit, version
from ..solvers.methods.threads import threads_of_numba

__all__ = ["Timing", "clock", "compiling", "peak_memory", "pinned_threads", "provenance"]


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of one call.

    Attributes:
        median, low, high: median and quartiles over the repeats.
        first: seconds of the very first call beyond the median: compilation and warm-up.
        rounds: every timed call, in the order of the rounds.
    """

    median: float
    low: float
    high: float
    first: float
    rounds: tuple[float, ...]

    @classmethod
    def of(cls, seconds: Sequence[float], *, first: float) -> Timing:
        """From the timed calls."""
        low, median, high = np.quantile(seconds, [0.25, 0.5, 0.75])
        return cls(float(median), float(low), float(high), first, tuple(seconds))

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {**asdict(self), "rounds": [float(f"{s:.4g}") for s in self.rounds]}


@contextmanager
def pinned_threads(threads: int) -> Iterator[None]:
    """BLAS, OpenMP, torch and numba all on `threads` threads inside; as they were afterwards."""
    if threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    torch_before, numba_before = torch.get_num_threads(), threads_of_numba()
    with threadpool_limits(limits=threads):
        torch.set_num_threads(threads)
        numba.set_num_threads(min(threads, numba_before))
        try:
            yield
        finally:
            torch.set_num_threads(torch_before)
            numba.set_num_threads(numba_before)


def clock(call: Callable[[], Any], *, synchronise: bool = False) -> float:
    """Seconds of one call, garbage collection held back; with `synchronise`, waits for the CUDA device."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        if synchronise:
            torch.cuda.synchronize()
        begin = time.perf_counter()
        call()
        if synchronise:
            torch.cuda.synchronize()
        return time.perf_counter() - begin
    finally:
        if collecting:
            gc.enable()


def peak_memory(call: Callable[[], Any], *, cuda: bool = False) -> int:
    """Bytes by which the process grew at most while `call` ran; with `cuda`, what the device held at most.

    Memory that earlier calls freed is given back to the system first, so that it counts when it is taken
    again. Where the system does not tell (anything but Linux), 0.
    """
    if cuda:
        torch.cuda.reset_peak_memory_stats()
        call()
        return int(torch.cuda.max_memory_allocated())
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = _status("VmRSS")
    except (OSError, AttributeError):
        call()
        return 0
    call()
    return max(0, _status("VmHWM") - before)


def _status(name: str) -> int:
    """A number of bytes from what Linux says of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@contextmanager
def compiling() -> Iterator[list[float]]:
    """Collects the seconds that numba compiles inside; what comes from its cache takes none.

    with compiling() as seconds:
        work()
    sum(seconds)
    """
    seconds: list[float] = []
    with install_recorder("numba:compile") as recorder:
        yield seconds
    depth, begin = 0, 0.0
    for stamp, event in recorder.buffer:
        if event.is_start:
            begin = begin if depth else stamp
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                seconds.append(stamp - begin)


def provenance() -> dict[str, Any]:
    """Versions, machine and date: what has to stand beside every number."""
    names = ("torch", "numpy", "scipy", "numba", "h5py", "reservoirpy", "understudy")
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": source_commit(),
        "versions": {"python": platform.python_version(), **{n: version(n) for n in names}},
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": processor(),
            "cores": os.cpu_count(),
            "memory_bytes": psutil.virtual_memory().total,
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }
