"""Fluid is kept, mirrors mirror, finer grids agree, and no sample depends on another."""

import itertools

import numba
import numpy as np
import pytest
import torch
from understudy.solvers.contract import Queries, SolverError, Status
from understudy.solvers.methods.stream_function import Boundary, Stream, left
from understudy.solvers.steady_flow import SteadyFlow, StreamNewton, ellipse
from understudy.solvers.steady_flow.forces import forces_of_fields
from understudy.solvers.steady_flow.held import held, velocities
from understudy.solvers.steady_flow.steady_solver import GUESS

SYSTEM = SteadyFlow(32, 64)
ONCE = np.zeros(1)


def drawn(samples: int, system: SteadyFlow = SYSTEM) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def velocity_error(values: Queries, truth: Queries) -> np.ndarray:
    """(samples,) relative, root-mean-square."""
    gap = sum(((values[n] - truth[n]) ** 2).sum(axis=(1, 2, 3)) for n in ("u", "v"))
    return np.sqrt(gap / sum((truth[n] ** 2).sum(axis=(1, 2, 3)) for n in ("u", "v")))


@pytest.mark.parametrize("rows", [16, 32, 64])
def test_no_cell_gains_or_loses_fluid_and_nothing_flows_through_solids(rows: int) -> None:
    query = drawn(6)
    solution = StreamNewton(SYSTEM, rows=rows, tolerance=1e-2)(query, ONCE)
    found = SYSTEM.invariants(solution.values, query)
    assert found["divergence"].max() < 1e-12
    assert found["flux"].max() < 1e-12
    if rows >= 32:  # coarser grids know the solid less well than the query does
        assert found["slip"].max() < 1e-5


def test_the_equations_written_a_second_time_hold_for_the_answer() -> None:
    for walls in ("no_slip", "slip"):
        system = SteadyFlow(32, 64, walls=walls)
        query = drawn(4, system)
        solution = StreamNewton(system, tolerance=1e-12)(query, ONCE)
        residual = system.residual(
            {name: torch.as_tensor(values) for name, values in solution.values.items()},
            {name: torch.as_tensor(values) for name, values in query.items()},
        )
        # pressure is summed up through solids, whose great resistance multiplies round-off
        limits = {"divergence": 1e-11, "momentum_x": 1e-9, "momentum_y": 1e-4, "slip_x": 1e-5, "slip_y": 1e-5}
        for name, missing in residual.items():
            assert missing.abs().max() < limits[name], name
        behind = int(np.flatnonzero((query["distance"] < 0).any(axis=(0, 1))).max()) + 2
        assert residual["momentum_y"][..., behind:].abs().max() < 1e-9


def test_the_equations_can_be_differentiated() -> None:
    query = {name: torch.as_tensor(values) for name, values in drawn(2).items()}
    values = {n: torch.rand(2, 1, 32, 64, dtype=torch.float64, requires_grad=True) for n in ("u", "v", "p")}
    sum(part.square().sum() for part in SYSTEM.residual(values, query).values()).backward()  # type: ignore[union-attr]
    assert all(torch.isfinite(field.grad).all() and field.grad.any() for field in values.values())  # type: ignore[union-attr]


@pytest.mark.parametrize("walls", ["no_slip", "slip"])
def test_a_symmetry_takes_queries_and_their_answers_to_queries_and_their_answers(walls: str) -> None:
    system = SteadyFlow(32, 64, walls=walls)
    query, solver = drawn(4, system), StreamNewton(system, tolerance=1e-12)
    (mirrored,) = system.symmetries
    image = mirrored(query)
    solution, wanted = solver(image, ONCE), mirrored(solver(query, ONCE).values)
    assert not np.allclose(image["distance"], query["distance"], atol=0.05)
    fluid = image["distance"][:, None] > 0
    for name, values in wanted.items():
        where = fluid if name == "p" else np.ones(values.shape, np.bool_)
        gap = np.abs(np.where(where, solution.values[name] - values, 0.0)).max()
        # pressure is summed up through solids, whose great resistance multiplies round-off
        assert gap < (1e-6 if name == "p" else 1e-8), name
    assert np.array_equal(mirrored(image)["distance"], query["distance"])


def test_a_sample_s_answer_depends_on_no_other_sample_nor_on_threads() -> None:
    query, before = drawn(5), numba.get_num_threads()
    answers = []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):  # one on a machine of one core
            numba.set_num_threads(threads)
            answers.append(StreamNewton(SYSTEM)(query, ONCE).values)
    finally:
        numba.set_num_threads(before)
    alone = StreamNewton(SYSTEM)({name: values[3:4] for name, values in query.items()}, ONCE).values
    for name, values in answers[0].items():
        np.testing.assert_array_equal(values, answers[1][name])
        np.testing.assert_array_equal(values[3:4], alone[name])


def test_halving_the_cells_quarters_the_error_and_the_estimate_knows_it() -> None:
    query = drawn(8)
    truth = StreamNewton(SYSTEM, rows=128)(query, ONCE)
    errors = []
    for rows in (16, 32, 64):
        solution = StreamNewton(SYSTEM, rows=rows)(query, ONCE)
        errors.append(velocity_error(solution.values, truth.values))
        if rows > 16:
            ratio = solution.error_estimate / errors[-1]
            assert 0.4 < np.median(ratio) < 3
    ratios = [np.median(a / b) for a, b in itertools.pairwise(errors)]
    assert min(ratios) > 2.5
    assert np.median(errors[1]) < 0.03


def test_drag_is_what_the_flow_loses_between_inflow_and_outflow() -> None:
    """Momentum over the whole channel: pressure, what flows in and out, friction on the walls."""
    query = drawn(6)
    solution = StreamNewton(SYSTEM, tolerance=1e-12)(query, ONCE)
    u, _ = SYSTEM.faces(solution.values)
    u, h, nu = u[:, 0], SYSTEM.spacing, query["viscosity"]
    p = solution.values["p"][:, 0]
    # from the middle of the first cell on, where pressure is given
    first = 0.5 * (u[:, :, 0] + u[:, :, 1])
    inflow = (first**2 + p[:, :, 0]).sum(axis=1) * h - nu * (u[:, :, 1] - u[:, :, 0]).sum(axis=1)
    outflow = (u[:, :, -1] ** 2).sum(axis=1) * h
    walls = 2 * nu * ((u[:, 0] + u[:, -1])[:, 1:-1].sum(axis=1) + 0.5 * (u[:, 0] + u[:, -1])[:, -1])
    np.testing.assert_allclose(inflow - outflow - walls, solution.values["drag"][:, 0], rtol=1e-6)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-5, 1e-8])
def test_what_is_left_to_change_is_below_the_tolerance(tolerance: float) -> None:
    for rows in (16, 32):
        query = drawn(12)
        exact, found = (StreamNewton(SYSTEM, rows=rows, tolerance=t)(query, ONCE) for t in (1e-12, tolerance))
        both = exact.solved & found.solved
        assert both.sum() >= 10
        gap = np.abs(exact.values["psi"] - found.values["psi"])[both].max()
        assert gap < tolerance


def test_a_good_guess_saves_steps_and_changes_no_answer() -> None:
    query = drawn(4)
    solver = StreamNewton(SYSTEM, tolerance=1e-9)
    cold = solver(query, ONCE)
    warm = solver({**query, GUESS: cold.values["psi"][:, 0]}, ONCE)
    assert (warm.measures["steps"] == 1).all()
    assert (warm.measures["factorisations"] == 1).all()
    np.testing.assert_allclose(warm.values["u"], cold.values["u"], atol=1e-7)


def test_the_reynolds_number_is_the_obstacle_s() -> None:
    x, y = SYSTEM.middles()
    distance = ellipse().placed(x=0.7, y=0.45, size=0.3).distance(x, y)
    query = {"distance": distance[None], "viscosity": np.array([0.02])}
    solution = StreamNewton(SYSTEM)(query, ONCE)
    assert solution.status[0] == Status.SOLVED
    assert solution.measures["reynolds"][0] == pytest.approx(15, rel=0.02)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("grip", [0.0, 2.0])
def test_the_jacobian_is_how_what_is_missing_changes(grip: float, closed: bool) -> None:
    """At every node, those beside inflow, outflow and walls too, and with solids about."""
    generator = np.random.default_rng(0)
    rows, columns = 9, 14
    at_u, at_v = (
        generator.standard_normal((rows, columns + 1)),
        generator.standard_normal((rows + 1, columns)),
    )
    boundary = Boundary(
        np.zeros(rows + 1) if closed else np.linspace(0, 1, rows + 1), grip=grip, closed=closed
    )
    stream = Stream(boundary, columns, 1 / rows, 0.05, at_u, at_v)
    stream.ku *= 1e-5  # else they hide all the rest
    stream.kv *= 1e-5
    psi = stream.held(generator.standard_normal((rows + 1, columns + 1)))
    factors, step = stream.factors(psi), generator.standard_normal((rows - 1, columns))
    if closed:
        step[:, -1] = 0
    ahead, behind = psi.copy(), psi.copy()
    ahead[1:-1, 1:] += 1e-4 * step
    behind[1:-1, 1:] -= 1e-4 * step
    change = (stream.missing(ahead).copy() - stream.missing(behind)) / 2e-4
    np.testing.assert_allclose(factors.solve(change), step, atol=1e-6)


def test_a_stream_function_that_is_held_makes_a_flow_that_keeps_all_fluid_and_slips_nowhere() -> None:
    query = drawn(6)
    psi = np.random.default_rng(0).standard_normal((6, *SYSTEM.grid))
    u, v = velocities(SYSTEM, held(SYSTEM, psi, query["distance"]))
    found = SYSTEM.invariants({"u": u[:, None], "v": v[:, None]}, query)
    assert found["divergence"].max() < 1e-12
    assert found["flux"].max() < 1e-12
    assert found["slip"].max() < 1e-12
    assert np.abs(u).max() > 1


def test_two_bodies_are_held_each_at_its_own_value() -> None:
    system = SteadyFlow(32, 64, families=("pair",))
    query = drawn(4, system)
    psi = StreamNewton(system, rows=64)(query, ONCE).values["psi"][:, 0]
    np.testing.assert_allclose(held(system, psi, query["distance"]), psi, atol=1e-6)
    inside = system.corners(query["distance"])[:, 1:, 1:] < 0
    assert all(np.ptp(one[within]) > 0.05 for one, within in zip(psi, inside, strict=True))


def test_velocities_of_a_solver_s_stream_function_are_the_solver_s() -> None:
    for walls in ("no_slip", "slip"):
        system = SteadyFlow(32, 64, walls=walls)
        query = drawn(3, system)
        values = StreamNewton(system)(query, ONCE).values
        u, v = velocities(system, values["psi"])
        np.testing.assert_allclose(u, values["u"], atol=1e-10)
        np.testing.assert_allclose(v, values["v"], atol=1e-10)


def test_stream_functions_of_other_shapes_are_refused() -> None:
    with pytest.raises(SolverError, match="psi and distance must be"):
        held(SYSTEM, np.zeros((2, 8, 8)), np.zeros((2, 8, 8)))


@pytest.mark.parametrize("walls", ["no_slip", "slip"])
def test_the_fields_alone_tell_the_forces(walls: str) -> None:
    system = SteadyFlow(32, 64, walls=walls)  # type: ignore[arg-type]
    query = drawn(6, system)
    for rows, limit in ((64, 0.03), (128, 0.007)):
        values = StreamNewton(system, rows=rows)(query, ONCE).values
        drag, lift = forces_of_fields(system, values, query["viscosity"])
        np.testing.assert_allclose(drag, values["drag"], rtol=limit)
        assert (np.abs(lift - values["lift"]) / values["drag"]).max() < limit
    assert np.abs(values["lift"]).max() > 0.05


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([1e-3], 1e-3),
        ([1e-2, 1e-4], 5 * 1e-4 * 0.01 / 0.99),
        ([1e-2, 1.9e-3], 1.9e-3),
        ([1e-2, 4e-3], 4e-3),
        ([1.2e-2, 9e-3], 2.7e-2),
        ([1e-3, 1e-3], np.inf),
        ([1e-3, 2e-3], np.inf),
        ([1e-14, 2e-14], 2e-14),
    ],
)
def test_what_is_left_is_told_by_the_last_two_changes(changes: list[float], expected: float) -> None:
    assert left(changes) == pytest.approx(expected, rel=1e-9)
