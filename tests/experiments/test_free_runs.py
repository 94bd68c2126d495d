"""Free runs: the solver is like itself, what is wrong is told apart, what blows up is counted."""

import threading
import time

import numpy as np
import pytest
from understudy.experiments import at_once
from understudy.experiments.free_runs import FreeRuns, run_freely
from understudy.solvers.contract import Answer, Queries, Solution
from understudy.solvers.kuramoto_sivashinsky import ETDAB, KuramotoSivashinsky

SYSTEM = KuramotoSivashinsky(22.0, 32)
SOLVER = ETDAB(SYSTEM, step=1 / 16)
SCALE = 1.3


def stretched(queries: Queries, times: np.ndarray) -> Solution:
    """The solver's answer with a fifth too much amplitude from the second frame on."""
    solution = SOLVER(queries, times)
    values = {"u": np.concatenate([solution.values["u"][:, :1], 1.2 * solution.values["u"][:, 1:]], axis=1)}
    return Solution(times, values, solution.status, solution.seconds, solution.error_estimate)


def exploding(queries: Queries, times: np.ndarray) -> Solution:
    """The solver's answer, half of the runs infinite at the end."""
    solution = SOLVER(queries, times)
    values = solution.values["u"].copy()
    values[::2, -1] = np.inf
    return Solution(times, {"u": values}, solution.status, solution.seconds, solution.error_estimate)


@pytest.fixture(scope="module")
def found() -> FreeRuns:
    drawn = SYSTEM.draw([np.random.default_rng([5, i]) for i in range(24)])
    queries = {"u": SOLVER(drawn, np.array([200.0])).values["u"][:, -1]}
    other_step: Answer = ETDAB(SYSTEM, step=1 / 24)
    answers = {"other step": other_step, "stretched": stretched, "exploding": exploding}
    return run_freely(
        queries, answers, SOLVER, SYSTEM, runs=4, total=8000.0, horizon=np.arange(1.0, 400.0), scale=SCALE
    )


def test_the_solver_at_another_step_is_within_its_own_sampling_error(found: FreeRuns) -> None:
    assert found.groups == 6
    assert found.runs * found.length == pytest.approx(8000.0)
    assert max(found.times_sampling("other step").values()) < 1.5
    assert abs(found.growth_apart("other step")) < 3


def test_a_wrong_amplitude_is_many_sampling_errors_away(found: FreeRuns) -> None:
    assert min(found.times_sampling("stretched").values()) > 3
    expected = 2 * np.log10(1.2)
    assert found.apart["stretched"]["log10_spectrum"] == pytest.approx(expected, abs=0.05)


def test_runs_that_end_in_infinity_are_counted(found: FreeRuns) -> None:
    assert found.climates["exploding"].bounded == 0.5
    assert found.climates["other step"].bounded == 1.0


def test_growth_rates_are_those_of_the_equation(found: FreeRuns) -> None:
    mean, error = found.growth["solver"]
    assert 0 < error < 0.01
    assert mean == pytest.approx(0.0475, abs=4 * error)


def test_what_goes_into_the_results_names_every_contestant(found: FreeRuns) -> None:
    plain = found.plain()
    assert list(plain["contestants"]) == ["other step", "stretched", "exploding"]
    assert set(plain["climates"]) == {"solver", "other step", "stretched", "exploding"}


def test_a_single_start_leaves_nothing_to_compare_with() -> None:
    drawn = SYSTEM.draw([np.random.default_rng(1)])
    alone = run_freely(
        drawn, {"same": SOLVER}, SOLVER, SYSTEM, runs=3, total=50.0, horizon=np.arange(1.0, 9.0), scale=SCALE
    )
    assert (alone.runs, alone.groups) == (1, 1)
    assert alone.times_sampling("same") == {}


def test_surrogates_run_beside_the_solver_and_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once.os, "cpu_count", lambda: 4)
    running, most, guard = [0], [0], threading.Lock()

    def watched(queries: Queries, times: np.ndarray) -> Solution:
        with guard:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        solution = SOLVER(queries, times)
        with guard:
            running[0] -= 1
        return solution

    drawn = SYSTEM.draw([np.random.default_rng([5, i]) for i in range(4)])
    answers = {"one": watched, "two": watched, "three": watched}
    free = run_freely(
        drawn, answers, SOLVER, SYSTEM, runs=2, total=40.0, horizon=np.arange(1.0, 20.0), scale=SCALE
    )
    assert list(free.apart) == list(answers)
    assert most[0] == 1
