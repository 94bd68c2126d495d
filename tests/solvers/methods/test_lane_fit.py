"""Runs in lanes are the engine's; what is summed of them are the products; fits stop where nothing moves."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from understudy.solvers.kuramoto_sivashinsky import ETDAB, Krogstad, KuramotoSivashinsky
from understudy.solvers.methods.lane_fit import Waves, fit_starts, misfits, solve_starts
from understudy.solvers.methods.lane_gram import gram_kernels
from understudy.solvers.methods.lane_run import short_runs
from understudy.solvers.methods.lanes import aligned
from understudy.solvers.methods.spectral_solver import SpectralSolver

SYSTEM = KuramotoSivashinsky(22.0, 24)
SOLVERS: dict[str, SpectralSolver] = {
    "order 4": ETDAB(SYSTEM, step=1 / 8),
    "order 2, single": ETDAB(SYSTEM, step=1 / 4, order=2, dtype="float32"),
    "order 2, single, in registers": ETDAB(SYSTEM, step=1 / 4, order=2, points=16, dtype="float32"),
    "order 3, in registers": ETDAB(SYSTEM, step=1 / 4, order=3, points=16),
    "compensated": ETDAB(SYSTEM, step=1 / 8, compensated=True),
    "one step": Krogstad(SYSTEM, step=1 / 8),
}
TIMES = np.array([0.0, 0.25, 0.5, 1.25, 2.0])


@pytest.mark.parametrize(
    "name",
    # each is compiled
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in ("order 2, single", "order 3, in registers")))
        for name in SOLVERS
    ],
)
def test_short_runs_are_those_of_the_solver(name: str) -> None:
    solver = SOLVERS[name]
    runs = short_runs(solver, TIMES)
    assert runs is not None and runs.frames == len(TIMES)
    starts = np.random.default_rng(0).normal(size=(runs.lanes + 3, runs.points)).astype(runs.dtype)
    own = dataclasses.replace(solver, system=KuramotoSivashinsky(22.0, runs.points), points=None)
    exact = SpectralSolver.integrate(own, starts, TIMES)
    found = solve_starts(runs, starts)
    np.testing.assert_allclose(found, exact, atol=1e-4 if runs.dtype == np.float32 else 1e-10)
    again = runs(np.repeat(starts[None, : runs.lanes], 2, axis=0), 3)
    np.testing.assert_array_equal(again[0], again[1])
    np.testing.assert_array_equal(np.moveaxis(again[0], 2, 0), found[: runs.lanes, :3])


def test_there_are_none_between_steps_nor_where_nothing_is_compiled() -> None:
    for solver in (
        ETDAB(SYSTEM, step=0.2),
        ETDAB(SYSTEM, step=1 / 8, dtype="longdouble"),
        ETDAB(SYSTEM, step=1 / 8, points=26),
        ETDAB(SYSTEM, step=1 / 8, dealias="2/3"),
    ):
        assert short_runs(solver, TIMES) is None


@pytest.mark.parametrize(("lanes", "dtype"), [(8, np.float64), (16, np.float32)])
def test_sums_are_those_of_all_products(lanes: int, dtype: Any) -> None:
    differences, values_at, add_products = gram_kernels(lanes)
    generator, blocks, rows, points, runs = np.random.default_rng(1), 2, 5, 11, lanes + 3
    physical = aligned((blocks, rows, lanes), dtype)
    physical[:] = generator.normal(size=physical.shape)
    shown = generator.normal(size=(points, rows)).astype(dtype)
    fields, values = aligned((blocks, rows, lanes), dtype), aligned((points + 4, blocks, lanes), dtype)
    sums = aligned((blocks * lanes, blocks, lanes), dtype)
    for block in range(blocks):
        differences(block, physical[block], dtype(2), fields)
    flat = np.concatenate(physical, axis=1)
    moved = np.concatenate([flat[:, :1], 2 * (flat[:, 1:] - flat[:, :1])], axis=1)
    np.testing.assert_allclose(np.concatenate(fields, axis=1), moved, rtol=1e-5)
    places = np.zeros(points + 4, dtype=np.int64)
    places[:6] = 0, 2, 3, 7, 8, 10
    values_at(places, 6, shown, fields, values)
    numbers = values.reshape(points + 4, -1)
    np.testing.assert_allclose(numbers[:6], shown[places[:6]] @ moved, rtol=1e-3, atol=1e-4)
    assert (numbers[6:8] == 0).all()
    add_products(6, runs, values, numbers, sums)
    add_products(6, runs, values, numbers, sums)
    found, products = sums.reshape(blocks * lanes, -1), 2 * numbers[:6].T @ numbers[:6]
    upper = np.triu_indices(runs)
    np.testing.assert_allclose(found[upper], products[upper], rtol=1e-3, atol=1e-3)


def test_misfits_count_what_is_known() -> None:
    seen, values = np.array([[[1.0, np.nan]], [[3.0, 5.0]]]), np.zeros((2, 1, 2))
    known = np.array([[[1.0, 0.0]], [[1.0, 1.0]]])
    np.testing.assert_allclose(misfits(seen, known, values, noise=0.5), [4.0, 136.0])


def test_a_window_that_would_move_no_more_is_done_and_others_go_on() -> None:
    solver = SOLVERS["order 4"]
    runs, x = short_runs(solver, TIMES), 2 * np.pi * np.arange(24) / 24
    assert runs is not None
    own = np.stack([np.cos(x), np.cos(2 * x), np.sin(x), np.sin(2 * x)])
    waves = Waves(own, np.ascontiguousarray(own.T), np.eye(24))
    truth = np.array([[1.0, -0.5, 0.3, 0.8], [0.5, 0.5, -1.0, 0.2], [0.0, 0.0, 0.0, 0.0]])
    seen = solver.integrate(truth @ own, TIMES)
    found = fit_starts(
        runs,
        waves,
        seen,
        np.ones(seen.shape),
        noise=1e-4,
        lengths=(5,) * 40,
        move=1e-5,
        settled=1e-6,
        still=1,
        first=truth + np.array([[0.0], [0.4], [0.0]]),
    )
    np.testing.assert_allclose(found.amplitudes, truth, atol=1e-5)
    assert found.taken[2] <= 2 < found.taken[1] < 20
