"""Timing measures what it says, with threads pinned and put back."""

import time

import numba
import numpy as np
import pytest
import torch
from understudy.experiments.timing import clock, measure, peak_memory, pinned_threads, provenance


def test_measure_finds_the_seconds_of_a_call_and_keeps_the_first_apart() -> None:
    calls = []

    def call() -> None:
        time.sleep(0.05 if not calls else 0.01)
        calls.append(1)

    timing = measure(call, repeats=5)
    assert timing.median >= 0.01
    assert timing.first >= 0.05 - timing.median
    assert len(timing.rounds) == 5
    assert timing.low <= timing.median <= timing.high
    assert timing.median == sorted(timing.rounds)[2]


def test_the_budget_ends_the_repeats() -> None:
    assert len(measure(lambda: time.sleep(0.02), repeats=100, budget=0.05).rounds) < 6


def test_threads_are_pinned_inside_and_put_back() -> None:
    before = torch.get_num_threads(), numba.get_num_threads()
    with pinned_threads(1):
        assert torch.get_num_threads() == 1
        assert numba.get_num_threads() == 1
    assert (torch.get_num_threads(), numba.get_num_threads()) == before
    with pytest.raises(ValueError, match="at least 1"), pinned_threads(0):
        pass


def test_peak_memory_sees_an_array_that_is_gone_afterwards() -> None:
    def call() -> float:
        return float(np.ones(30_000_000).sum())

    assert peak_memory(call) > 100e6


def test_provenance_names_versions_machine_and_date() -> None:
    found = provenance()
    assert found["versions"]["numpy"] == np.__version__
    assert found["machine"]["cores"] >= 1
    assert found["date"][:2] == "20"
    assert clock(lambda: time.sleep(0.01)) >= 0.01
