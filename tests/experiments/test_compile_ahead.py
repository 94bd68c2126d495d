"""What a comparison will run is compiled beforehand where it is not yet, and left alone where it is."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from understudy.experiments import compile_ahead as module
from understudy.experiments.compile_ahead import compile_ahead
from understudy.solvers.contract import Queries, Solution, Solver
from understudy.solvers.kuramoto_sivashinsky import ETDRK4, KuramotoSivashinsky

SYSTEM = KuramotoSivashinsky(22.0, 16)
ASKED: list[tuple[str, int, list[float]]] = []


class Watched(ETDRK4):
    """Notes what it is asked."""

    def __call__(self, queries: Queries, times: np.ndarray) -> Solution:
        ASKED.append((self.label, len(queries["u"]), list(times)))
        return super().__call__(queries, times)


def ask(monkeypatch: pytest.MonkeyPatch, *, seconds: float, solvers: list[Solver]) -> None:
    @contextmanager
    def compiling() -> Iterator[list[float]]:
        yield [seconds]

    ASKED.clear()
    monkeypatch.setattr(module, "compiling", compiling)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 1)  # in this process, where it can be watched
    compile_ahead(solvers, {"u": np.zeros((5, 16))}, 0.5)


def test_where_the_first_solver_compiles_all_are_asked_for_one_query_and_for_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    solvers = [Watched(SYSTEM, step=1 / 4), Watched(SYSTEM, step=1 / 8)]
    ask(monkeypatch, seconds=3.0, solvers=list(solvers))
    assert {(label, samples) for label, samples, _ in ASKED} == {
        (s.label, n) for s in solvers for n in (1, 3)
    }
    assert all(times == [0.5] for _, _, times in ASKED)


def test_where_it_does_not_nothing_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    solvers = [Watched(SYSTEM, step=1 / 4), Watched(SYSTEM, step=1 / 8)]
    ask(monkeypatch, seconds=0.0, solvers=list(solvers))
    assert len(ASKED) == 1
    ask(monkeypatch, seconds=0.0, solvers=[])
    assert not ASKED
