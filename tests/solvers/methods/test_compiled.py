"""Processes that compile at once do not spoil what the others have put on disk."""

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from understudy.solvers.methods import lane_fourier
from understudy.solvers.methods.compiled import compiled

FUNCTION = """
import time
import numpy as np
from understudy.solvers.methods.compiled import compiled

@compiled()
def rank(x):
    return x.ndim * 1000 + x.itemsize * 10 + x.strides[-1] // x.itemsize

save = rank._cache._cache_file._save_index

def slowly(overloads):  # others read the index meanwhile, unless the lock keeps them away
    time.sleep(0.05)
    save(overloads)

rank._cache._cache_file._save_index = slowly

def ask(kinds):
    for dtype, rank_of, step in kinds:
        x = np.zeros((2 * step,) * rank_of, dtype)[..., ::step]
        assert rank(x) == rank_of * 1000 + x.itemsize * 10 + step, (dtype, rank_of, step, rank(x))

KINDS = [(d, n, s) for n in (1, 2, 3) for d in ("f4", "f8", "c16") for s in (1, 2)]
"""


def test_loading_and_saving_wait_for_whoever_holds_the_lock() -> None:
    cache = lane_fourier.forward_passes._cache._cache_file
    lock = Path(cache._index_path).with_suffix(".lock")
    lock.parent.mkdir(exist_ok=True)
    with lock.open("a") as file:  # as another process would
        fcntl.flock(file, fcntl.LOCK_SH)
        waiting = threading.Thread(target=cache.load, args=("no such signature",))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        fcntl.flock(file, fcntl.LOCK_UN)
        waiting.join(5.0)
        assert not waiting.is_alive()


@compiled()
def _scaled(values: np.ndarray, factor: int) -> float:
    return float(np.sum(values) * factor)


@compiled()
def _twice_and_as_told(values: np.ndarray, told: int) -> float:
    return float(_scaled(values, 2) + _scaled(values, told))


def test_a_constant_is_no_reason_to_compile_once_more() -> None:
    """Numba alone compiles what is called for the constant 2 and for an integer, and all below it again."""
    assert _twice_and_as_told(np.ones(3), 5) == 21.0
    assert [str(kinds[1]) for kinds in _scaled.signatures] == ["int64"]


def test_several_processes_at_once_leave_every_signature_with_its_own_code(tmp_path: Path) -> None:
    (tmp_path / "function.py").write_text(FUNCTION)
    call = "import function, sys; function.ask(function.KINDS[int(sys.argv[1]) :] + function.KINDS)"
    running = [subprocess.Popen([sys.executable, "-c", call, str(5 * i)], cwd=tmp_path) for i in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    look = (
        "import function; function.ask(function.KINDS); f = function.rank; "
        "names = f._cache._cache_file._load_index().values(); "
        "print(sum(f.stats.cache_misses.values()), len(set(names)) == len(names) == len(function.KINDS))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "True"]


def test_where_nothing_can_be_written_it_runs_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "open", refuse)
    assert lane_fourier.forward_passes._cache._cache_file.load("no such signature") is None
