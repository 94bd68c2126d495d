"""What no clock is held to runs in several threads: in order, pinned, and ended by the first error."""

import threading
import time

import numba
import pytest
import torch
from understudy.experiments import at_once as module
from understudy.experiments.at_once import at_once


@pytest.mark.parametrize("cores", [1, 4])
def test_results_come_in_the_order_of_the_items_whichever_is_done_first(
    cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: cores)

    def work(item: int) -> int:
        time.sleep(0.02 * (3 - item % 4))
        return 10 * item

    assert at_once(work, range(8), threads=1, desc="sleeping") == [10 * i for i in range(8)]


@pytest.mark.parametrize(("cores", "threads", "expected"), [(4, 1, 4), (4, 2, 2), (1, 1, 1)])
def test_as_many_run_at_a_time_as_there_are_cores_for(
    cores: int, threads: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(module, "pinned_threads", lambda _: threading.Lock())  # as many as there are
    running, most, lock = [0], [0], threading.Lock()

    def work(_: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1

    at_once(work, range(8), threads=threads, desc="sleeping")
    assert most[0] == expected


def test_each_has_its_threads_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    before = torch.get_num_threads(), numba.get_num_threads()
    seen = at_once(
        lambda _: (torch.get_num_threads(), numba.get_num_threads()), range(4), threads=1, desc="looking"
    )
    assert set(seen) == {(1, 1)}
    assert (torch.get_num_threads(), numba.get_num_threads()) == before


def test_the_first_error_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        time.sleep(0.02)
        if item == 0:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        at_once(work, range(50), threads=1, desc="failing")
    assert len(begun) < 10


def test_ctrl_c_does_not_wait_for_what_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    end = threading.Event()

    def work(item: int) -> None:
        if item == 0:
            raise KeyboardInterrupt
        end.wait(20)

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        at_once(work, range(4), threads=1, desc="waiting")
    assert time.monotonic() - begin < 10
    end.set()
