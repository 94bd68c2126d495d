"""Fair timing: pinned threads, warm-up apart, synchronised device, medians and quartiles."""

from __future__ import annotations

import datetime
import gc
import importlib.metadata
import os
import platform
import subprocess
import threading
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
from threadpoolctl import threadpool_limits

__all__ = ["Timing", "clock", "measure", "peak_memory", "pinned_threads", "provenance"]


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
    torch_before, numba_before = torch.get_num_threads(), numba.get_num_threads()
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


def measure(
    call: Callable[[], Any], *, repeats: int = 5, budget: float = 10.0, synchronise: bool = False
) -> Timing:
    """Time `call`: one warm-up call, then up to `repeats` timed ones within `budget` seconds."""
    first = clock(call, synchronise=synchronise)
    seconds: list[float] = []
    while len(seconds) < repeats and (not seconds or sum(seconds) < budget):
        seconds.append(clock(call, synchronise=synchronise))
    return Timing.of(seconds, first=max(0.0, first - float(np.median(seconds))))


def peak_memory(call: Callable[[], Any], *, interval: float = 0.002) -> int:
    """Bytes by which the process grew at most while `call` ran (resident set, sampled; CUDA: allocated).

    Memory that the process already held and reuses does not show: it is a lower bound, for orders of
    magnitude.
    """
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    peak = before
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(interval):
            peak = max(peak, process.memory_info().rss)

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        result = call()
        peak = max(peak, process.memory_info().rss)
        del result
    finally:
        done.set()
        watcher.join()
    device = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    return max(0, peak - before) + device


def provenance() -> dict[str, Any]:
    """Versions, machine and date: what has to stand beside every number."""
    names = ("torch", "numpy", "scipy", "numba", "h5py", "reservoirpy", "understudy")
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "versions": {"python": platform.python_version(), **{n: _version(n) for n in names}},
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_bytes": psutil.virtual_memory().total,
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    widest = next((w for w in ("avx512f", "avx2", "avx") if w in named.get("flags", "").split()), "no AVX")
    return f"{named.get('model name', platform.machine())} ({widest})"


def _commit() -> str | None:
    """The commit of the source tree, with `+` if it was changed since; None outside a checkout."""
    here = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
