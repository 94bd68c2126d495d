"""Vortices are found where they are, with their circulation; criteria are what they should be."""

from typing import Any

import numpy as np
import pytest
import torch
from understudy.solvers.contract import SolverError
from understudy.solvers.vortices import FittedVortices, GradientCriterion, Planted, Vortices
from understudy.solvers.vortices.circulation import around_circles, from_integrals, tried_radii, within
from understudy.solvers.vortices.gradients import okubo_weiss, q_criterion, velocity_gradient
from understudy.solvers.vortices.ladder import ladder
from understudy.solvers.vortices.lamb_oseen import background, velocity, velocity_and_slopes
from understudy.solvers.vortices.splines import MARGIN, spline
from understudy.solvers.vortices.table import SLOTTED, cores, in_slots, table_of

SYSTEM = Vortices()
ONCE = np.zeros(1)
X, Y = np.meshgrid(SYSTEM.middles, SYSTEM.middles)
ONE = np.array([[0.437, 0.561, -1.1, 0.06]])
BEHIND = background(X.ravel(), Y.ravel()) @ np.array([0.8, 2.0, -3.0, -0.5, 4.0, -2.0])


def seen(vortices: np.ndarray, *, flow: bool = False, noise: float = 0.0) -> dict[str, np.ndarray]:
    """A query with no truth in it, as one's own field has none."""
    fields = np.stack(velocity(vortices, X, Y))
    if flow:
        fields = fields + BEHIND.reshape(fields.shape)
    fields = fields + noise * np.random.default_rng(3).standard_normal(fields.shape)
    return {"u": fields[:1], "v": fields[1:]}


def drawn(samples: int, **changes: Any) -> tuple[Vortices, dict[str, np.ndarray]]:
    system = Vortices(**changes)
    return system, dict(system.draw([np.random.default_rng([1, i]) for i in range(samples)]))


def found(solver: Any, query: dict[str, np.ndarray]) -> np.ndarray:
    values = solver(query, ONCE).values
    return table_of({name: values[name][0, 0] for name in SLOTTED})


# one vortex ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "solver",
    [
        GradientCriterion(SYSTEM, criterion="q"),
        GradientCriterion(SYSTEM, criterion="okubo-weiss", threshold=0.2),
        FittedVortices(SYSTEM),
    ],
    ids=lambda s: s.label,
)
@pytest.mark.parametrize("flow", [False, True])
def test_one_vortex_is_found_within_a_cell_and_its_circulation_within_one_percent(
    solver: Any, flow: bool
) -> None:
    (sure, x, y, circulation, radius), *others = found(solver, seen(ONE, flow=flow))
    assert not others
    assert 0.5 <= sure <= 1
    assert np.hypot(x - ONE[0, 0], y - ONE[0, 1]) < 0.5 * SYSTEM.spacing
    assert circulation == pytest.approx(ONE[0, 2], rel=0.01)
    assert radius == pytest.approx(ONE[0, 3], rel=0.03)


def test_a_vortex_turns_like_a_body_within_and_like_a_point_without() -> None:
    x, y = np.array([1e-6, 0.5]), np.zeros(2)
    _, v = velocity(np.array([[0.0, 0.0, 2.0, 0.05]]), x, y)
    assert v[0] / x[0] == pytest.approx(2.0 / (2 * np.pi * 0.05**2), rel=1e-9)
    assert v[1] == pytest.approx(2.0 / (2 * np.pi * 0.5), rel=1e-12)
    middle = velocity(np.array([[0.0, 0.0, 2.0, 0.05]]), np.zeros(1), np.zeros(1))
    assert not np.any(middle)


def test_the_slopes_are_those_of_differences() -> None:
    vortices = np.array([[0.4, 0.5, 1.2, 0.05], [0.7, 0.3, -0.8, 0.04]])
    generator = np.random.default_rng(0)
    x, y = generator.random(60), generator.random(60)
    x[0], y[0] = 0.4 + 1e-5, 0.5  # where the swirl is a series
    values, slopes = velocity_and_slopes(vortices, x, y)
    np.testing.assert_allclose(values, np.concatenate(velocity(vortices, x, y)), rtol=1e-13)
    step = 1e-6
    for vortex in range(2):
        for column in range(4):
            ends = []
            for sign in (1, -1):
                moved = vortices.copy()
                if column == 3:
                    moved[vortex, 3] *= np.exp(sign * step)
                else:
                    moved[vortex, column] += sign * step
                ends.append(velocity_and_slopes(moved, x, y)[0])
            slope = (ends[0] - ends[1]) / (2 * step)
            np.testing.assert_allclose(slopes[:, 4 * vortex + column], slope, atol=1e-6 * np.abs(slope).max())


def test_the_integral_around_a_circle_is_the_circulation_within_it() -> None:
    radii = SYSTEM.spacing * np.array([2.0, 4.0, 8.0])
    fields = seen(ONE, flow=True)
    splines = np.empty((2, 64 + 2 * MARGIN, 64 + 2 * MARGIN))
    spline(fields["u"][0], splines[0])
    spline(fields["v"][0], splines[1])
    integrals = np.empty(3)
    around_circles(splines[0], splines[1], (0.437, 0.561), radii, SYSTEM.spacing, integrals)
    turning = 4.0 - -3.0  # v by x less u by y, of the background
    exact = -1.1 * (1 - np.exp(-((radii / 0.06) ** 2))) + turning * np.pi * radii**2
    np.testing.assert_allclose(integrals, exact, rtol=2e-3)
    tried = tried_radii(0.01, 0.2)
    circulation, radius = from_integrals(exact, radii, tried, within(tried, radii), False)
    assert abs(circulation + 1.1) > 0.05  # the background is taken for the vortex
    more = SYSTEM.spacing * np.arange(1.5, 9)
    exact = -1.1 * (1 - np.exp(-((more / 0.06) ** 2))) + turning * np.pi * more**2
    circulation, radius = from_integrals(exact, more, tried, within(tried, more), True)
    assert circulation == pytest.approx(-1.1, rel=5e-3)
    assert radius == pytest.approx(0.06, rel=5e-3)


# criteria --------------------------------------------------------------------------------------------


def test_a_turning_body_has_a_positive_q_and_a_pure_strain_a_negative_one() -> None:
    turning = velocity_gradient(-3 * Y, 3 * X, spacing=SYSTEM.spacing)
    strain = velocity_gradient(2 * X, -2 * Y, spacing=SYSTEM.spacing)
    shear = velocity_gradient(5 * Y, 0 * X, spacing=SYSTEM.spacing)
    for gradient, q in ((turning, 9.0), (strain, -4.0), (shear, 0.0)):
        np.testing.assert_allclose(q_criterion(gradient), q, atol=1e-9)
        np.testing.assert_allclose(okubo_weiss(gradient), -4 * q, atol=1e-9)


def test_okubo_weiss_is_minus_four_q_where_nothing_diverges_and_else_is_not() -> None:
    generator = np.random.default_rng(0)
    u_x, u_y, v_x = generator.standard_normal((3, 50))
    np.testing.assert_allclose(
        okubo_weiss((u_x, u_y, v_x, -u_x)), -4 * q_criterion((u_x, u_y, v_x, -u_x)), atol=1e-12
    )
    apart = okubo_weiss((u_x, u_y, v_x, u_x)) + 4 * q_criterion((u_x, u_y, v_x, u_x))
    np.testing.assert_allclose(apart, -4 * u_x**2, atol=1e-12)  # the square of the divergence, less


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("solver", [GradientCriterion(SYSTEM), FittedVortices(SYSTEM)], ids=lambda s: s.label)
def test_slow_flows_have_as_many_vortices_as_fast_ones(solver: Any, scale: float) -> None:
    _, queries = drawn(6)
    scaled = {name: scale * queries[name] for name in ("u", "v")}
    plain, other = (solver(asked, ONCE).values for asked in (queries, scaled))
    assert plain["present"].sum() > 6
    for name in SLOTTED:
        size = scale if name == "circulation" else 1.0
        np.testing.assert_allclose(other[name] / size, plain[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("solver", [GradientCriterion(SYSTEM), FittedVortices(SYSTEM)], ids=lambda s: s.label)
def test_round_off_of_an_even_flow_is_no_vortex(solver: Any) -> None:
    generator = np.random.default_rng(2)
    flows = np.stack([background(X.ravel(), Y.ravel()) @ generator.normal(size=6) for _ in range(24)])
    u, v = flows.reshape(24, 2, *X.shape).swapaxes(0, 1)
    assert not solver({"u": u, "v": v}, ONCE).values["present"].any()
    assert not solver({"u": 0 * u, "v": 0 * v}, ONCE).values["present"].any()


# many vortices, and noise ----------------------------------------------------------------------------


def test_the_fit_is_as_accurate_as_the_noise_allows() -> None:
    """Its errors are those that the Cramer-Rao bound gives."""
    system, queries = drawn(40, fewest=1, most=1, least_noise=0.3, most_noise=0.3)
    values = FittedVortices(system)(queries, ONCE).values
    expected, actual = [], []
    for i in range(40):
        table = table_of({name: values[name][i, 0] for name in SLOTTED})
        true = table_of({name: queries[f"drawn_{name}"][i] for name in SLOTTED})
        assert len(table) == 1
        _, slopes = velocity_and_slopes(true[:, 1:], X.ravel(), Y.ravel())
        matrix = np.hstack([slopes, background(X.ravel(), Y.ravel())])
        bound = 0.3 * np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix))[:3])
        expected.append(bound)
        actual.append(table[0, 1:4] - true[0, 1:4])
    ratio = np.sqrt((np.array(actual) ** 2 / np.array(expected) ** 2).mean(axis=0))
    assert (ratio > 0.7).all()
    assert (ratio < 1.4).all()


def test_two_that_are_near_are_told_apart_by_the_fit() -> None:
    pair = np.array([[0.45, 0.5, 1.0, 0.04], [0.55, 0.5, 0.9, 0.04]])
    table = found(FittedVortices(SYSTEM), seen(pair, flow=True, noise=0.1))
    order = table[np.argsort(table[:, 1])]
    np.testing.assert_allclose(order[:, 1:3], pair[:, :2], atol=0.2 * SYSTEM.spacing)
    np.testing.assert_allclose(order[:, 3], pair[:, 2], rtol=0.03)


def test_what_the_criterion_overlooks_is_found_in_what_the_fit_leaves() -> None:
    weak = np.array([[0.3, 0.3, 1.5, 0.03], [0.7, 0.7, 0.5, 0.08]])
    query = seen(weak, noise=0.05)
    assert len(found(GradientCriterion(SYSTEM, threshold=1.0, smoothing=1.5), query)) == 1
    assert len(found(FittedVortices(SYSTEM, rounds=0), query)) == 1
    table = found(FittedVortices(SYSTEM, rounds=2), query)
    np.testing.assert_allclose(table[np.argsort(table[:, 1]), 3], weak[:, 2], rtol=0.05)


def test_noise_alone_is_no_vortex_for_the_fit() -> None:
    nothing = seen(np.zeros((0, 4)), flow=True, noise=0.3)
    assert len(found(GradientCriterion(SYSTEM), nothing)) > 3
    assert len(FittedVortices(SYSTEM).find(nothing["u"][0], nothing["v"][0])) == 0


@pytest.mark.parametrize("solver", [GradientCriterion(SYSTEM), FittedVortices(SYSTEM)], ids=lambda s: s.label)
def test_a_mirrored_field_has_mirrored_vortices_that_turn_the_other_way(solver: Any) -> None:
    query = seen(ONE, flow=True, noise=0.05)
    mirrored = {"u": -query["u"][..., ::-1], "v": query["v"][..., ::-1]}
    table, other = found(solver, query), found(solver, mirrored)
    np.testing.assert_allclose(other[:, 1], 1 - table[:, 1], atol=1e-6)
    np.testing.assert_allclose(other[:, 3], -table[:, 3], rtol=1e-6)


def test_the_ladder_has_unique_labels_and_answers_in_full_shapes() -> None:
    system, queries = drawn(2, points=32, fewest=2)
    solvers = ladder(system)
    assert len({s.label for s in solvers}) == len(solvers) > 12
    for solver in solvers:
        solution = solver(queries, np.array([0.0, 1.0]))
        assert solution.solved.all()
        assert {n: v.shape[1:] for n, v in solution.values.items()} == {
            field.name: (2, *system.grid_of(field)) for field in system.fields
        }
        one = solver({name: values[1:] for name, values in queries.items()}, ONCE)
        for name, values in one.values.items():
            np.testing.assert_array_equal(values[0, 0], solution.values[name][1, 1])


# the system ------------------------------------------------------------------------------------------


def test_what_is_drawn_is_as_the_settings_say_and_its_own_generators() -> None:
    system, queries = drawn(60)
    present = queries["drawn_present"] == 1
    assert set(present.sum(axis=1)) == {1, 2, 3, 4, 5, 6}
    assert (np.abs(queries["drawn_circulation"][present]) >= 0.5).all()
    assert (queries["drawn_circulation"][present] > 0).any()
    assert (queries["drawn_circulation"][present] < 0).any()
    assert not any(queries[f"drawn_{name}"][~present].any() for name in SLOTTED)
    for i in range(60):
        x, y, r = (queries[f"drawn_{n}"][i, present[i]] for n in ("centre_x", "centre_y", "radius"))
        assert (np.minimum(x, y) >= r).all()
        assert (np.maximum(x, y) <= 1 - r).all()
        way = np.hypot(x[:, None] - x, y[:, None] - y) / (r[:, None] + r)
        assert (way[~np.eye(len(x), dtype=bool)] >= 1.25).all()
    again = system.draw([np.random.default_rng([1, 7])])
    for name, values in again.items():
        np.testing.assert_array_equal(values[0], queries[name][7])


def test_the_residual_of_the_truth_is_the_noise_and_that_of_another_is_not() -> None:
    system, queries = drawn(3, least_noise=0.2, most_noise=0.2)
    solution = Planted(system)(queries, ONCE)
    asked = {name: torch.from_numpy(values) for name, values in queries.items()}
    values = {name: torch.from_numpy(v) for name, v in solution.values.items()}
    left = system.residual(values, asked)
    for part in left.values():
        assert part.shape == (3, 1, 64, 64)
        np.testing.assert_allclose(part.std(dim=(1, 2, 3)), 0.2, rtol=0.05)
    moved = system.residual({**values, "centre_x": values["centre_x"] + 0.04}, asked)
    assert (moved["v"].std(dim=(1, 2, 3)) > 0.25).all()


def test_a_field_of_one_s_own_needs_no_truth_and_has_none() -> None:
    query = seen(ONE)
    assert len(found(FittedVortices(SYSTEM), query)) == 1
    with pytest.raises(SolverError, match="lacks 'drawn_present'; ask a solver that finds"):
        Planted(SYSTEM)(query, ONCE)
    with pytest.raises(SolverError, match="needs 'v'"):
        FittedVortices(SYSTEM)({"u": query["u"]}, ONCE)


def test_finders_do_not_read_the_truth() -> None:
    system, queries = drawn(2)
    hidden = {name: values for name, values in queries.items() if name in ("u", "v")}
    for solver in (GradientCriterion(system), FittedVortices(system)):
        for name, values in solver(hidden, ONCE).values.items():
            np.testing.assert_array_equal(values, solver(queries, ONCE).values[name])


def test_slots_hold_the_surest_and_cores_their_cells() -> None:
    tables = [np.array([[0.6, 0.5, 0.25, 1, 0.1], [0.9, 0.5, 0.75, 2, 0.1], [0.7, 0.1, 0.1, 3, 0.1]])]
    slots = in_slots(tables, slots=2)
    np.testing.assert_array_equal(slots["circulation"], [[2, 3]])
    mask = cores(slots, points=64)[0]
    assert mask.sum() == pytest.approx(2 * np.pi * 0.1**2 * 64**2, rel=0.03)
    assert mask[48, 32] == 1  # rows are y
    assert mask[32, 48] == 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Vortices(points=4), "points must be at least 8"),
        (lambda: Vortices(fewest=4, most=3), "fewest and most"),
        (lambda: Vortices(most=9), "slots"),
        (lambda: Vortices(least_radius=0.0), "least_radius must be positive"),
        (lambda: Vortices(most_radius=0.3), "a quarter"),
        (lambda: Vortices(apart=-1.0), "apart must be at least 0"),
        (lambda: GradientCriterion(SYSTEM, criterion="delta"), "'q' or 'okubo-weiss'"),  # type: ignore[arg-type]
        (lambda: GradientCriterion(SYSTEM, threshold=0.0), "threshold must be positive"),
        (lambda: FittedVortices(SYSTEM, iterations=0), "iterations must be at least 1"),
        (lambda: FittedVortices(SYSTEM, stride=16), "leaves too few"),
        (lambda: FittedVortices(SYSTEM, polish=-1), "polish must be at least 0"),
        (lambda: FittedVortices(SYSTEM, polish=1), "give a stride above 1"),
        (lambda: FittedVortices(SYSTEM, smoothing=-1.0), "smoothing at least 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(make: Any, said: str) -> None:
    with pytest.raises(SolverError, match=said):
        make()


def test_vortices_that_do_not_fit_are_refused() -> None:
    crowded = Vortices(fewest=8, most=8, least_radius=0.2, most_radius=0.2)
    with pytest.raises(SolverError, match="do not fit into the square"):
        crowded.draw([np.random.default_rng(0)])
