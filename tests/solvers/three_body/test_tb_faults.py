"""What cannot be solved ends with a status and its meaning, in bounded time, and spoils nothing else."""

import dataclasses
import time

import numpy as np
import pytest
from understudy.solvers.contract import Queries, Solver, SolverError, Status
from understudy.solvers.three_body import DormandPrince, Leapfrog, Regularised, RungeKutta4, ThreeBody

SYSTEM = ThreeBody()
SOLVERS: list[Solver] = [
    Regularised(SYSTEM, most_steps=5_000),
    DormandPrince(SYSTEM, most_steps=5_000),
    DormandPrince(SYSTEM, transformed=True, most_steps=5_000),
    Leapfrog(SYSTEM, most_steps=5_000),
    Leapfrog(SYSTEM, transformed=False, most_steps=5_000),
    RungeKutta4(SYSTEM, most_steps=5_000),
]
every = pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.label)


def drawn(samples: int) -> dict[str, np.ndarray]:
    return dict(SYSTEM.draw([np.random.default_rng(i) for i in range(samples)]))


def with_first(query: Queries, **changes: list[float]) -> Queries:
    """The query with other values for its first sample."""
    changed = {name: values.copy() for name, values in query.items()}
    for name, values in changes.items():
        changed[name][0] = values
    return changed


@every
def test_two_bodies_at_one_place_are_refused_and_the_others_solved(solver: Solver) -> None:
    query = with_first(drawn(3), x=[0.5, 0.5, -1.0], y=[0.1, 0.1, -0.2])
    times = np.array([0.0, 0.2])
    solution = solver(query, times)
    assert solution.status.tolist() == [Status.REFUSED, Status.SOLVED, Status.SOLVED]
    assert np.isnan(solution.values["x"][0]).all()
    assert any("one place" in note for note in solution.notes)
    alone = solver({name: values[1:] for name, values in query.items()}, times)
    np.testing.assert_array_equal(solution.values["x"][1:], alone.values["x"])


@every
def test_a_collision_of_all_three_ends_with_a_status_and_not_never(solver: Solver) -> None:
    """The equilateral triangle at rest falls into its centre: no solution goes on from there."""
    query = with_first(drawn(2), x=[1.0, -0.5, -0.5], y=[0.0, 0.75**0.5, -(0.75**0.5)])
    solver(query, np.array([0.1]))
    begin = time.perf_counter()
    solution = solver(query, np.array([0.1, 50.0]))
    assert time.perf_counter() - begin < 5
    if isinstance(solver, Regularised) or (isinstance(solver, DormandPrince) and solver.transformed):
        assert solution.status[0] in (Status.OUT_OF_BUDGET, Status.DIVERGED)
    assert np.isfinite(solution.values["x"][0, 1]).all() == (solution.status[0] == Status.SOLVED)
    if solution.status[0] != Status.DIVERGED:
        assert np.isfinite(solution.values["x"][0, 0]).all()


@every
def test_a_solve_that_needs_more_steps_than_it_may_take_keeps_what_it_has(solver: Solver) -> None:
    short = dataclasses.replace(solver, most_steps=20)
    solution = short(drawn(3), np.array([0.0, 0.01, 40.0]))
    assert (solution.status == Status.OUT_OF_BUDGET).all()
    assert np.isfinite(solution.values["x"][:, :2]).all()
    assert np.isnan(solution.values["x"][:, 2]).all()
    assert any("most_steps" in note for note in solution.notes)
    assert (solution.measures["steps"] == 20).all()


def test_a_step_far_too_long_is_marked_where_it_ends_in_nonsense() -> None:
    solution = RungeKutta4(SYSTEM, step=1.0, most_steps=1000)(drawn(40), np.array([0.1, 10.0]))
    finite = np.isfinite(solution.values["x"]).all(axis=(1, 2))
    np.testing.assert_array_equal(solution.status == Status.SOLVED, finite)
    assert (solution.status == Status.DIVERGED).sum() > 10
    assert not np.isfinite(solution.values["x"][solution.status == Status.DIVERGED]).any()


@pytest.mark.parametrize(
    "solver",
    [
        Regularised(SYSTEM, tolerance=1e-4),
        DormandPrince(SYSTEM, tolerance=1e-3),
        Leapfrog(SYSTEM, step=1 / 4),
    ],
    ids=lambda s: s.label,
)
def test_at_a_coarse_tolerance_what_has_lost_its_energy_is_not_called_solved(solver: Solver) -> None:
    query, times = drawn(200), np.array([10.0])
    solution = solver(query, times)
    solved = solution.solved
    assert 2 < (solution.status == Status.DIVERGED).sum() < 195
    assert (solution.measures["energy_error"][solution.status == Status.DIVERGED] > 0.1).all()
    assert (solution.measures["energy_error"][solved] <= 0.1).all()
    energy = SYSTEM.invariants(solution.values, query)["energy"][:, 0]
    start = SYSTEM.invariants({n: v[:, None] for n, v in query.items()}, query)["energy"][:, 0]
    near = np.abs(energy - start)[solved] < 0.5 * np.abs(start[solved])
    assert near.all()


@every
@pytest.mark.parametrize("times", [[0.2, 0.1], [0.1, 0.1], [-0.1, 0.2], [np.nan], [], [[0.1]]], ids=str)
def test_times_out_of_order_are_refused(solver: Solver, times: list[float]) -> None:
    with pytest.raises(SolverError, match="times"):
        solver(drawn(1), np.array(times))


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_masses_must_be_positive(value: float) -> None:
    query = with_first(drawn(2), mass=[1.0, value, 1.0])
    with pytest.raises(SolverError, match=r"masses must be positive.*samples \[0\]"):
        Regularised(SYSTEM)(query, np.array([1.0]))


def test_nan_in_a_query_is_named() -> None:
    query = with_first(drawn(2), vx=[0.0, np.nan, 0.0])
    with pytest.raises(SolverError, match=r"'vx'.*NaN.*\[0\]"):
        Regularised(SYSTEM)(query, np.array([1.0]))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Regularised(SYSTEM, tolerance=1e-17), "1e-16, which is all that double precision can give"),
        (lambda: DormandPrince(SYSTEM, tolerance=np.nan), "tolerance"),
        (lambda: Regularised(SYSTEM, most_steps=0), "most_steps"),
        (lambda: Leapfrog(SYSTEM, step=-1.0), "step must be positive"),
        (lambda: Leapfrog(SYSTEM, order=3), "order must be 2, 4, 6 or 8"),
        (lambda: Regularised(ThreeBody(softening=0.1)), "take DormandPrince"),
        (lambda: ThreeBody(softening=-0.1), "softening"),
        (lambda: ThreeBody(mass_ratio=0.5), "mass_ratio"),
        (lambda: ThreeBody(speed=np.inf), "speed"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_what_would(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(SolverError, match=said):
        make()


def test_softened_bodies_may_all_start_at_one_place() -> None:
    soft = ThreeBody(softening=0.3)
    query = {name: np.zeros((1, 3)) for name in ("x", "y", "vx", "vy")} | {"mass": np.ones((1, 3))}
    query["vx"][0] = [0.5, -0.5, 0.0]
    solution = DormandPrince(soft, tolerance=1e-10)(query, np.array([1.0]))
    assert solution.status.tolist() == [Status.SOLVED]
    energy = soft.invariants(solution.values, query)["energy"][0, 0]
    start = soft.invariants({n: query[n][:, None] for n in ("x", "y", "vx", "vy")}, query)["energy"][0, 0]
    assert energy == pytest.approx(start, rel=1e-8)


def test_no_queries_have_no_answers() -> None:
    query = {name: np.zeros((0, 3)) for name in ("x", "y", "vx", "vy", "mass")}
    solution = Regularised(ThreeBody())(query, np.array([1.0, 2.0]))
    assert solution.known.shape == (0, 2)


def test_frames_of_a_transformed_scheme_are_at_their_times_however_long_its_steps() -> None:
    """A body far from the others moves evenly: a frame of another time would make it jump."""
    query, times = drawn(300), np.linspace(0.0, 10.0, 257)
    solution = Leapfrog(SYSTEM, order=8, step=1 / 4)(query, times)
    assert solution.solved.sum() > 100
    values = {n: solution.values[n][solution.solved] for n in ("x", "y", "vx", "vy")}
    far = np.hypot(values["x"], values["y"])
    speed = np.hypot(values["vx"], values["vy"])
    way = np.hypot(np.diff(values["x"], axis=1), np.diff(values["y"], axis=1))
    reach = np.diff(times)[:, None] * np.maximum(speed[:, 1:], speed[:, :-1])
    lonely = np.minimum(far[:, 1:], far[:, :-1]) > 1.5
    assert lonely.any(axis=2).mean() > 0.1
    assert (way[lonely] < 2 * reach[lonely] + 0.02).all()


@every
@pytest.mark.parametrize("size", [1e-200, 1e160, 1e200, 1e300])
def test_lengths_whose_powers_leave_float64_are_marked_and_spoil_no_other(
    solver: Solver, size: float
) -> None:
    query = drawn(2)
    query["x"][0], query["y"][0] = size * query["x"][0], size * query["y"][0]
    with np.errstate(all="ignore"):
        solution = solver(query, np.array([0.5]))
    alone = solver({n: v[1:] for n, v in query.items()}, np.array([0.5]))
    assert solution.status[1] == Status.SOLVED
    np.testing.assert_array_equal(solution.values["x"][1], alone.values["x"][0])
    assert np.isfinite(solution.values["x"][0]).all() == (solution.status[0] == Status.SOLVED)
