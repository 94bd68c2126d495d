"""Timing measures what it says, with threads pinned and put back."""

import ast
import os
import subprocess
import sys
import time

import numba
import numpy as np
import pytest
import torch
from understudy.experiments.timing import Timing, clock, compiling, peak_memory, pinned_threads, provenance
from understudy.solvers.methods.threads import threads_of_numba


def test_threads_are_pinned_inside_and_put_back() -> None:
    before = torch.get_num_threads(), threads_of_numba()
    with pinned_threads(1):
        assert torch.get_num_threads() == 1
        assert numba.get_num_threads() == 1
    assert (torch.get_num_threads(), numba.get_num_threads()) == before
    with pytest.raises(ValueError, match="at least 1"), pinned_threads(0):
        pass


@pytest.mark.parametrize(
    "inside",
    [
        "from understudy.experiments.timing import pinned_threads; pinned = pinned_threads(1)",
        "from understudy.datasets.shards import one_thread; pinned = one_thread()",
    ],
    ids=["timing", "generating"],
)
def test_a_library_that_compiled_code_calls_is_pinned_wherever_it_is_loaded(inside: str) -> None:
    """In a new process, as a worker is one: SciPy's products must not run on threads of their own."""
    script = (
        f"{inside}\n"
        "with pinned:\n"
        "    import scipy.linalg\n"
        "    from threadpoolctl import threadpool_info\n"
        "    print(sorted({(i['internal_api'], i['num_threads']) for i in threadpool_info()}))\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert "openblas" in done.stdout
    assert {threads for _, threads in ast.literal_eval(done.stdout)} == {1}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
@pytest.mark.parametrize("megabytes", [2, 40, 240])
def test_peak_memory_sees_an_array_that_is_gone_afterwards_however_often(megabytes: int) -> None:
    def call() -> float:
        return float(np.ones(megabytes * 125_000).sum())

    for _ in range(3):
        assert peak_memory(call) == pytest.approx(megabytes * 1e6, rel=0.3, abs=0.5e6)


def test_a_timing_has_the_median_of_the_calls_and_the_first_apart() -> None:
    timing = Timing.of([5.0, 1.0, 2.0, 30.0, 3.0], first=7.0)
    assert (timing.low, timing.median, timing.high, timing.first) == (2.0, 3.0, 5.0, 7.0)


def test_seconds_of_compilation_are_told_apart_once_and_no_others() -> None:
    @numba.njit
    def inner(x: float) -> float:
        return x + 1

    @numba.njit
    def outer(x: float) -> float:
        return inner(x) * inner(x)

    begin = time.perf_counter()
    with compiling() as seconds:
        outer(1.0)
    assert 0 < sum(seconds) <= time.perf_counter() - begin
    with compiling() as nothing:
        outer(2.0)
        time.sleep(0.01)
    assert sum(nothing) == 0


def test_provenance_names_versions_machine_and_date() -> None:
    found = provenance()
    assert found["versions"]["numpy"] == np.__version__
    assert found["machine"]["cores"] >= 1
    assert found["date"][:2] == "20"
    assert clock(lambda: time.sleep(0.01)) >= 0.01


def test_pinning_leaves_torch_with_its_threads_though_numba_starts_its_own() -> None:
    """In a process of its own: numba starts its threads once."""
    code = (
        "import torch\n"
        "torch.set_num_threads(1)\n"
        "from understudy.experiments.timing import pinned_threads\n"
        "with pinned_threads(2):\n"
        "    assert torch.get_num_threads() == 2\n"
        "assert torch.get_num_threads() == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
