"""Compiled finders answer what plain NumPy and SciPy do, on fields with noise, of any size and stride."""

import math
from typing import Any

import numpy as np
import plain_finders as plain
import pytest
from scipy.ndimage import gaussian_filter
from understudy.solvers.methods.compiled import compiled
from understudy.solvers.methods.expm1 import expm1
from understudy.solvers.methods.lanes import load, store
from understudy.solvers.vortices import FittedVortices, GradientCriterion, Vortices
from understudy.solvers.vortices.circulation import around_circles
from understudy.solvers.vortices.descent import measure, room_for, show, solve, standard_errors
from understudy.solvers.vortices.gradients import turning_of
from understudy.solvers.vortices.lamb_oseen import background, velocity_and_slopes
from understudy.solvers.vortices.normal_equations import CELLS, places_of, sum_velocities
from understudy.solvers.vortices.peaks import highest, peaks
from understudy.solvers.vortices.smoothing import gaussian_weights, smooth
from understudy.solvers.vortices.splines import MARGIN, spline

SYSTEM = Vortices()
UNEVEN = Vortices(points=37)
"""No whole number of lanes fills a row of its cells, nor all of them."""


def fields(system: Vortices, samples: int, seed: int = 11) -> tuple[np.ndarray, np.ndarray]:
    queries = system.draw([np.random.default_rng([seed, i]) for i in range(samples)])
    return queries["u"], queries["v"]


# criteria --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deviation", [0.0, 0.4, 1.0, 2.0, 2.7])
def test_smoothing_is_scipy_s(deviation: float) -> None:
    u, _ = fields(UNEVEN, 1)
    out = np.empty_like(u[0])
    smooth(u[0], gaussian_weights(deviation), out)
    expected = gaussian_filter(u[0], deviation, mode="nearest", truncate=3.0) if deviation else u[0]
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("criterion", ["q", "okubo-weiss"])
def test_the_criterion_is_that_of_the_gradient_at_edges_and_corners_too(criterion: Any) -> None:
    u, v = fields(UNEVEN, 1)
    out = np.empty_like(u[0])
    turning_of(u[0], v[0], UNEVEN.spacing, criterion == "q", out)
    expected = plain.turning(GradientCriterion(UNEVEN, criterion=criterion, smoothing=0.0), u[0], v[0])
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_splines_are_scipy_s_within_the_field_and_beyond_its_edges() -> None:
    u, v = fields(UNEVEN, 1)
    shape = UNEVEN.points + 2 * MARGIN, UNEVEN.points + 2 * MARGIN
    splines = np.empty(shape), np.empty(shape)
    spline(u[0], splines[0])
    spline(v[0], splines[1])
    radii = UNEVEN.spacing * np.array([0.7, 1.5, 3.0, 4.5])
    for middle in ((0.5, 0.43), (0.014, 0.3), (0.3, 0.014), (0.986, 0.8), (0.8, 0.986)):
        out = np.empty(4)
        around_circles(splines[0], splines[1], middle, radii, UNEVEN.spacing, out)
        expected = plain.around_circles(u[0], v[0], middle=middle, radii=radii, spacing=UNEVEN.spacing)
        np.testing.assert_allclose(out, expected, rtol=0, atol=2e-6)
    for axis in (0, 1):  # in the middle of cells a spline is a mean of three coefficients along each axis
        before, here, after = (np.take(splines[0], range(i, shape[0] - 2 + i), axis) for i in range(3))
        splines = ((before + 4 * here + after) / 6, splines[1])
    np.testing.assert_allclose(splines[0].T, np.pad(u[0], MARGIN - 1, mode="edge"), rtol=0, atol=1e-12)


def test_the_highest_peaks_come_first_and_of_level_ones_the_earlier() -> None:
    field = np.zeros((20, 20))
    for place, height in (((2, 3), 1.0), ((2, 10), 3.0), ((9, 9), 2.0), ((15, 2), 2.0), ((15, 15), 0.4)):
        field[place] = height
    field[3, 11] = 2.9  # no peak: a higher one is near
    places, chosen = np.empty((field.size, 2), np.int64), np.empty(3, np.int64)
    count = peaks(field, 0.5, 0.0, places)
    assert places[:count].tolist() == [[2, 3], [2, 10], [9, 9], [15, 2]]
    assert highest(field, places, count, chosen) == 3
    assert places[chosen].tolist() == [[2, 10], [9, 9], [15, 2]]
    assert highest(field, places, 1, chosen) == 1


@pytest.mark.parametrize("system", [SYSTEM, UNEVEN], ids=["64", "37"])
@pytest.mark.parametrize(
    ("criterion", "threshold", "smoothing"),
    [("q", 1.0, 1.0), ("q", 0.5, 2.0), ("okubo-weiss", 0.2, 2.0), ("q", 2.0, 0.0)],
)
def test_criteria_find_what_plain_loops_find(
    system: Vortices, criterion: Any, threshold: float, smoothing: float
) -> None:
    solver = GradientCriterion(system, criterion=criterion, threshold=threshold, smoothing=smoothing)
    u, v = fields(system, 8)
    tables = solver.tables(u, v)
    for i in range(8):
        expected = plain.found_by(solver, u[i], v[i])[: system.slots]
        np.testing.assert_allclose(tables[i, : len(expected)], expected, rtol=2e-5, atol=2e-6)
        assert not tables[i, len(expected) :].any()
        np.testing.assert_array_equal(solver.find(u[i], v[i]), tables[i, : len(expected)])


# the fit ---------------------------------------------------------------------------------------------


@compiled()
def expm1_of_all(values: Any) -> None:
    """In place, of (rows, 8)."""
    for row in range(len(values)):
        store(values, row, expm1(load(values, row, 8)))


def test_expm1_of_lanes_is_the_library_s_however_small_or_large() -> None:
    exponents = np.linspace(-18, math.log10(700), 4000)
    values = np.concatenate([-(10**exponents), 10**exponents]).reshape(-1, 8)
    expected = np.expm1(values)
    expm1_of_all(values)
    np.testing.assert_allclose(values, expected, rtol=7e-16)


@pytest.mark.parametrize(("points", "stride"), [(64, 1), (37, 1), (37, 2), (64, 4)])
@pytest.mark.parametrize("vortices", [0, 1, 3])
def test_the_normal_equations_are_those_of_the_whole_matrix(points: int, stride: int, vortices: int) -> None:
    system = Vortices(points=points)
    u, v = fields(system, 1)
    generator = np.random.default_rng(3)
    table = generator.uniform([0.1, 0.1, -1, 0.03], [0.9, 0.9, 1, 0.08], (vortices, 4))
    cells = plain.Seen(FittedVortices(system, stride=stride), u[0], v[0])
    matrix, rest = cells.matrix(table)
    room = room_for(points, stride, 3)
    assert show(u[0], v[0], stride, room) == pytest.approx(float(cells.seen @ cells.seen), rel=1e-12)
    centred = table - np.array([0.5, 0.5, 0, 0])
    assert measure(centred, room, room.normal) == pytest.approx(float(rest @ rest), rel=1e-11)
    numbers = matrix.shape[1]
    normal = matrix.T @ matrix
    size = np.sqrt(np.outer(np.diag(normal), np.diag(normal)))
    np.testing.assert_allclose(room.normal[:numbers, :numbers] / size, normal / size, rtol=0, atol=1e-12)
    slope = matrix.T @ rest / np.sqrt(np.diag(normal) * (rest @ rest))
    ours = room.normal[numbers, :numbers] / np.sqrt(np.diag(normal) * (rest @ rest))
    np.testing.assert_allclose(ours, slope, rtol=0, atol=1e-12)
    if vortices:
        errors = np.empty(vortices)
        standard_errors(vortices, 0.04, room, errors)
        expected = 0.2 * np.sqrt(np.diag(np.linalg.inv(normal))[2 : 4 * vortices : 4])
        np.testing.assert_allclose(errors, expected, rtol=1e-6)


def test_velocities_of_all_vortices_are_those_of_the_formula_at_each_cell() -> None:
    table = np.array([[0.3, 0.4, 1.2, 0.05], [0.5 / 37, 0.5 / 37, -0.7, 0.03]])  # one in the middle of a cell
    cells = places_of(37, 1)
    out = np.empty((2 * len(cells) // CELLS, 8))
    sum_velocities(table - np.array([0.5, 0.5, 0, 0]), cells, out)
    x, y = (w.ravel() for w in np.meshgrid(UNEVEN.middles, UNEVEN.middles))
    values, _ = velocity_and_slopes(table, x, y)
    np.testing.assert_allclose(out.reshape(2, -1)[:, : 37**2].ravel(), values, rtol=0, atol=1e-13)


def test_a_system_that_is_not_positive_is_told() -> None:
    generator = np.random.default_rng(0)
    root = generator.standard_normal((7, 5))
    matrix, right = root.T @ root, generator.standard_normal(5)
    rows, out = np.vstack([matrix, right]), np.empty(5)
    assert solve(rows, 5, out)
    np.testing.assert_allclose(out, np.linalg.solve(matrix, right), rtol=1e-10)
    assert not solve(np.vstack([matrix - 3 * np.eye(5) * matrix.max(), right]), 5, out)


@pytest.mark.parametrize(
    ("system", "changes"),
    [
        (SYSTEM, {"iterations": 3, "rounds": 0, "threshold": 0.5, "smoothing": 2.0}),
        (SYSTEM, {"iterations": 6, "rounds": 1}),
        (SYSTEM, {"iterations": 6, "rounds": 1, "stride": 2}),
        (UNEVEN, {"iterations": 12, "rounds": 2, "stride": 2}),
        (UNEVEN, {"iterations": 12, "rounds": 2}),
    ],
    ids=str,
)
def test_fits_end_where_a_plain_one_ends(system: Vortices, changes: dict[str, Any]) -> None:
    solver = FittedVortices(system, **changes)
    u, v = fields(system, 6)
    tables = solver.tables(u, v)
    for i in range(6):
        expected = plain.found_by_fit(solver, u[i], v[i])
        np.testing.assert_allclose(tables[i, : len(expected)], expected, rtol=1e-3, atol=1e-4)
        assert not tables[i, len(expected) :].any()


def test_a_fit_goes_on_from_any_table_and_leaves_empty_slots_out() -> None:
    solver = FittedVortices(SYSTEM, iterations=4, rounds=0)
    u, v = fields(SYSTEM, 3)
    begun = np.zeros((3, 12, 5))
    for i in range(3):
        begun[i, 1:9:2] = GradientCriterion(SYSTEM, smoothing=2.0).tables(u, v)[i, :4]
    before = begun.copy()
    tables = solver.refine(u.astype(np.float32), v.astype(np.float32), begun)
    np.testing.assert_array_equal(begun, before)
    for i in range(3):
        own = begun[i][begun[i, :, 0] > 0]
        exact = plain.found_by_fit(solver, u[i], v[i], own)
        np.testing.assert_allclose(tables[i, : len(exact)], exact, rtol=1e-3, atol=1e-4)
        assert not tables[i, len(exact) :].any()


def test_polish_ends_where_a_fit_to_all_cells_ends() -> None:
    u, v = fields(SYSTEM, 4)
    begun = {"rounds": 0, "threshold": 0.5, "smoothing": 2.0}
    polished = FittedVortices(SYSTEM, iterations=12, stride=2, polish=12, **begun).tables(u, v)
    direct = FittedVortices(SYSTEM, iterations=24, **begun).tables(u, v)
    coarse = FittedVortices(SYSTEM, iterations=24, stride=2, **begun).tables(u, v)
    np.testing.assert_allclose(polished, direct, rtol=1e-4, atol=1e-5)
    assert np.abs(coarse - direct).max() > 1e-2


def test_what_only_all_cells_together_show_to_be_clear_is_polished_and_stays() -> None:
    weak = np.array([[0.55, 0.45, 0.4, 0.06]])
    x, y = (w.ravel() for w in np.meshgrid(SYSTEM.middles, SYSTEM.middles))
    values, slopes = velocity_and_slopes(weak, x, y)
    matrix = np.hstack([slopes, background(x, y)])
    noise = 0.4 / (10 * np.sqrt(np.linalg.inv(matrix.T @ matrix)[2, 2]))  # ten standard errors
    seen = values + noise * np.random.default_rng(5).standard_normal(len(values))
    u, v = seen.reshape(2, 64, 64)
    begun = {"iterations": 6, "rounds": 0, "stride": 2, "threshold": 0.5, "smoothing": 2.0}
    assert len(FittedVortices(SYSTEM, **begun).find(u, v)) == 0
    (table,) = FittedVortices(SYSTEM, **begun, polish=3).find(u, v)
    np.testing.assert_allclose(table[1:4], weak[0, :3], rtol=0.25)
