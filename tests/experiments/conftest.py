"""Modules beside tests are importable by name; a comparison of known contestants; ladders of few rungs."""

import importlib
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from known_contestants import SPENT, contestants, plan
from understudy.experiments.compare import Row, compare


@pytest.fixture(scope="module")
def pretended_clock() -> Iterator[None]:
    """What is clocked are the seconds that the known contestants pretend to have taken."""

    def clock(call: Callable[[], object], *, synchronise: bool = False) -> float:
        before = SPENT[0]
        call()
        return SPENT[0] - before

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("understudy.experiments.throughput.clock", clock)
        yield


@pytest.fixture(scope="module")
def rows(pretended_clock: None) -> list[Row]:
    """The known contestants, compared."""
    return compare(plan(), contestants())


@pytest.fixture(scope="module")
def few_rungs() -> Iterator[None]:
    """Of ladders whose rungs are compiled one by one, each third to fifth, the last always among them; of
    those that run on fine grids, the coarse ones. What is left is compiled where it is asked for.

    The whole ones take minutes to compile where nothing is; see `test_whole_ladders`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("understudy.experiments.compile_ahead.COLD", math.inf)
        for module, name, few_of in (
            ("solvers.kuramoto_sivashinsky.ladder", "SETTINGS", lambda rungs: rungs[::-4][::-1]),
            ("solvers.burgers.ladder", "GRIDS", lambda grids: grids[:3]),
            ("solvers.steady_flow.ladder", "SHARES", lambda shares: shares[3:6]),
            ("experiments.direct_insertion", "RUNGS", lambda rungs: rungs[::-3][::-1]),
            ("experiments.smoothing_comparison", "SETTINGS", lambda rungs: rungs[::-5][::-1]),
        ):
            found = importlib.import_module(f"understudy.{module}")
            patch.setattr(found, name, few_of(getattr(found, name)))
        yield
