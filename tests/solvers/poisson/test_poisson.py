"""Poisson's equation: the sine series against known answers, fast differences against their matrices."""

import math

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
import torch
from understudy.solvers.contract import SolverError, Status
from understudy.solvers.methods.sine_polynomials import amplitudes, sampled, sine_polynomial, values_of
from understudy.solvers.poisson import KIT, FiniteDifferences, Poisson, SineSeries

ONCE = np.zeros(1)


def drawn(samples: int, system: Poisson) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def source_of(heights: list[list[float]], system: Poisson) -> dict[str, np.ndarray]:
    """A source of these amplitudes."""
    return {"f": values_of(np.array([heights]), system.points, dimensions=2)}


def at_on(solution: object, places: dict[str, torch.Tensor]) -> object:
    """An `At` for a function of the places, by derivatives of derivatives."""
    places = {name: values.clone().requires_grad_() for name, values in places.items()}

    def at(name: str, /, **orders: int) -> torch.Tensor:
        if name in places:
            return places[name]
        value = solution(**places)  # type: ignore[operator]
        for coordinate, times in orders.items():
            for _ in range(times):
                (value,) = torch.autograd.grad(value.sum(), places[coordinate], create_graph=True)
        return value

    return at


def test_the_standard_source_has_the_answer_that_it_was_made_for() -> None:
    system = Poisson(33)
    side = np.sin(np.pi * system.places())
    query = drawn(1, system)
    np.testing.assert_allclose(query["f"][0], 2 * np.pi**2 * np.outer(side, side), atol=1e-13)
    found = SineSeries(system)(query, ONCE).values["u"]
    np.testing.assert_allclose(found[0, 0], np.outer(side, side), atol=1e-15)


def test_waves_that_differ_along_x_and_y_are_told_apart_off_the_unit_scale() -> None:
    system = Poisson(24)
    x, y = np.sin(3 * np.pi * system.places()), np.sin(5 * np.pi * system.places())
    f = 1e3 * np.outer(x, y) - 40 * np.outer(y, y)
    found = SineSeries(system)({"f": f[None]}, ONCE).values["u"][0, 0]
    wanted = 1e3 / (34 * np.pi**2) * np.outer(x, y) - 40 / (50 * np.pi**2) * np.outer(y, y)
    np.testing.assert_allclose(found, wanted, atol=1e-14)


def test_a_source_that_is_no_sum_of_few_sines_has_nearly_its_own_answer() -> None:
    errors = []
    for points in (33, 65):
        system = Poisson(points)
        x = system.places()
        shape, bend = x - 2 * x**3 + x**4, 12 * x * (x - 1)
        f = -(np.outer(bend, shape) + np.outer(shape, bend))
        found = SineSeries(system)({"f": f[None]}, ONCE).values["u"][0, 0]
        errors.append(np.abs(found - np.outer(shape, shape)).max())
    assert errors[1] < 2e-8
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.1)


def test_the_estimate_bounds_the_round_off_of_the_series_and_not_by_much() -> None:
    system, long = Poisson(65, waves=20), np.longdouble
    query = drawn(4, system)
    solution = SineSeries(system)(query, ONCE)
    k, pi = np.arange(1, 64), 4 * np.arctan(long(1))
    sines = np.sin(pi * (np.outer(k, k) % 128).astype(long) / 64)
    heights = sines @ query["f"][:, 1:-1, 1:-1].astype(long) @ sines / 32**2
    truth = sines @ (heights / (pi**2 * (k[:, None] ** 2 + k**2))) @ sines
    error = np.abs(solution.values["u"][:, 0, 1:-1, 1:-1] - truth).max(axis=(1, 2))
    relative = (error / np.abs(truth).max(axis=(1, 2))).astype(float)
    assert (relative < solution.error_estimate).all()
    assert solution.error_estimate.max() < 5e-14


@pytest.mark.parametrize("order", [2, 4])
def test_fast_differences_solve_their_matrices(order: int) -> None:
    system, n = Poisson(20, waves=18), 18
    query = drawn(3, system)
    second = 19**2 * scipy.sparse.diags([1.0, -2.0, 1.0], [-1, 0, 1], shape=(n, n))
    one = scipy.sparse.identity(n)
    five = scipy.sparse.kron(second, one) + scipy.sparse.kron(one, second)
    left, right = five, scipy.sparse.identity(n * n)
    if order == 4:
        left = five + scipy.sparse.kron(second, second) / (6 * 19**2)
        right = right + five / (12 * 19**2)
    wanted = scipy.sparse.linalg.spsolve(left.tocsc(), -right @ query["f"][:, 1:-1, 1:-1].reshape(3, -1).T)
    found = FiniteDifferences(system, order=order)(query, ONCE).values["u"][:, 0]
    np.testing.assert_allclose(found[:, 1:-1, 1:-1].reshape(3, -1), wanted.T, atol=2e-14)
    for edge in (found[:, 0], found[:, -1], found[..., 0], found[..., -1]):
        assert not edge.any()


@pytest.mark.parametrize("order", [2, 4])
def test_half_the_spacing_leaves_what_the_order_says(order: int) -> None:
    system = Poisson(129)
    query = source_of([[1.0, 0.0, 0.4], [0.0, -0.7, 0.0], [0.3, 0.0, 1.0]], system)
    exact = SineSeries(system)(query, ONCE).values["u"]
    errors = [
        np.abs(FiniteDifferences(system, order=order, points=points)(query, ONCE).values["u"] - exact).max()
        for points in (33, 65)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.03)


@pytest.mark.parametrize("points", [50, 97, 129, 200])
def test_grids_need_not_divide_one_another(points: int) -> None:
    system = Poisson(65)
    query = source_of([[10.0, -4.0], [5.0, 6.0]], system)
    found = FiniteDifferences(system, order=4, points=points)(query, ONCE).values["u"]
    assert found.shape == (1, 1, 65, 65)
    np.testing.assert_allclose(found, SineSeries(system)(query, ONCE).values["u"], atol=2e-6)


def test_the_residual_knows_the_nine_points_and_falls_with_the_fourth_power_for_the_exact_answer() -> None:
    system = Poisson(33, waves=31)
    query = drawn(3, system)
    given = {"f": torch.from_numpy(query["f"])}
    for kind, least, most in (
        (FiniteDifferences(system, order=4), 0.0, 1e-10),
        (SineSeries(system), 0.1, 99.0),
    ):
        u = torch.from_numpy(kind(query, np.array([0.0, 1.0])).values["u"])
        parts = system.residual({"u": u}, given)
        assert parts["poisson"].shape == (3, 2, 31, 31)
        assert least <= float(parts["poisson"].abs().max()) < most
        assert parts["walls"].shape == (3, 2, 4, 33)
        assert not parts["walls"].any()
    sizes = []
    for points in (33, 65):
        query = source_of([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0]], Poisson(points))
        u = torch.from_numpy(SineSeries(Poisson(points))(query, ONCE).values["u"])
        parts = system.residual({"u": u}, {"f": torch.from_numpy(query["f"])})
        sizes.append(float(parts["poisson"].abs().max()))
    assert np.log2(sizes[0] / sizes[1]) == pytest.approx(4, abs=0.05)


def test_the_residual_is_the_equation_s_written_out_and_can_be_differentiated() -> None:
    system = Poisson(9)
    x, y = np.meshgrid(system.places(), system.places(), indexing="ij")
    # a polynomial of so low a degree loses nothing, and it is not zero on the walls
    values = torch.from_numpy((1 + x**3 * y + 2 * y**3)[None, None]).requires_grad_()
    f = torch.from_numpy((-6 * x * y - 12 * y + 1)[None]).requires_grad_()
    parts = system.residual({"u": values}, {"f": f})
    np.testing.assert_allclose(parts["poisson"].detach(), np.ones((1, 1, 7, 7)), atol=1e-11)
    walls = parts["walls"][0, 0].detach().numpy()
    s = system.places()
    np.testing.assert_allclose(walls, [1 + 2 * s**3, 1 + s + 2 * s**3, 0 * s + 1, 3 + s**3], atol=1e-14)
    sum(part.square().sum() for part in parts.values()).backward()  # type: ignore[union-attr]
    assert values.grad is not None
    assert values.grad.any()
    assert f.grad is not None
    inner = f.grad.clone()
    inner[:, [0, 0, -1, -1], [0, -1, 0, -1]] = 1.0  # corners of the source play no part
    assert inner.all()
    with pytest.raises(SolverError, match="u must be"):
        system.residual({"u": values[..., :-1]}, {"f": f})
    with pytest.raises(SolverError, match="u must be"):
        system.residual({"u": values}, {"f": f[:, :-1, :-1]})


def test_a_symmetry_takes_a_source_s_answer_to_its_image_s_answer() -> None:
    system = Poisson(33, waves=6)
    query = drawn(2, system)
    images = [symmetry(query) for symmetry in system.symmetries]
    assert len(images) == 4
    for solver in (SineSeries(system), FiniteDifferences(system, order=4)):
        for image, symmetry in zip(images, system.symmetries, strict=True):
            assert not np.allclose(image["f"], query["f"])
            one, other = (solver(q, ONCE).values for q in (query, image))
            np.testing.assert_allclose(other["u"], symmetry(one)["u"], atol=1e-14)
    for i, one in enumerate(images):
        assert not any(np.allclose(one["f"], other["f"]) for other in images[:i])
    np.testing.assert_array_equal(images[0]["f"][:, 0], query["f"][:, -1])  # left and right are ends of x


def test_answers_add_up_and_no_sample_depends_on_another() -> None:
    system = Poisson(33, waves=6)
    query = drawn(3, system)
    for solver in (SineSeries(system), FiniteDifferences(system, points=40)):
        u = solver(query, ONCE).values["u"]
        total = solver({"f": query["f"].sum(axis=0, keepdims=True)}, ONCE).values["u"]
        np.testing.assert_allclose(total[0], u.sum(axis=0), atol=1e-14)
        for i in range(3):
            np.testing.assert_allclose(
                solver({"f": query["f"][i : i + 1]}, ONCE).values["u"][0], u[i], atol=1e-15
            )


def test_the_answer_is_the_same_at_all_times() -> None:
    system = Poisson(17)
    for solver in (SineSeries(system), FiniteDifferences(system)):
        solution = solver(drawn(2, system), np.array([0.0, 0.5, 7.0]))
        assert solution.values["u"].shape == (2, 3, 17, 17)
        assert (solution.values["u"] == solution.values["u"][:, :1]).all()
        assert solution.solved.all()


def test_the_equations_point_by_point_vanish_on_the_exact_solution() -> None:
    system = Poisson(33, waves=5)
    query = drawn(1, system)
    problem = system.pointwise(query, horizon=1.0)
    k = torch.arange(1, 6, dtype=torch.float64)
    heights = torch.from_numpy(amplitudes(query["f"], dimensions=2)[0, :5, :5].copy())
    heights = heights / (math.pi**2 * (k[:, None] ** 2 + k**2))

    def exact(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        along, across = (torch.sin(math.pi * k * v[:, None]) for v in (x, y))
        return torch.einsum("pk,kl,pl->p", along, heights, across)

    generator = torch.Generator().manual_seed(0)
    places = {c: torch.rand(40, generator=generator, dtype=torch.float64) for c in "xy"}
    (left,) = problem.equations(at_on(exact, places)).values()
    assert float(left.detach().abs().max()) < 1e-11
    off = problem.equations(at_on(lambda x, y: exact(x, y) + 0.5 * x**2 * y + y**2, places))
    np.testing.assert_allclose(off["poisson"].detach(), places["y"] + 2, atol=1e-11)
    assert [c.name for c in problem.conditions] == ["left", "right", "bottom", "top"]
    assert [c.where for c in problem.conditions] == [{"x": 0.0}, {"x": 1.0}, {"y": 0.0}, {"y": 1.0}]
    for condition in problem.conditions:
        assert condition.built_in
        assert not callable(condition.where)
        there = {
            n: torch.full_like(v, condition.where[n]) if n in condition.where else v
            for n, v in places.items()
        }
        (left,) = condition.equations(at_on(exact, there)).values()
        assert float(left.detach().abs().max()) < 1e-13
        assert problem.form is not None
        added, factor = problem.form(there)["u"]
        assert not added.any()
        assert not factor.any()
    assert problem.form is not None
    middle = {c: torch.tensor([0.5, 0.25], dtype=torch.float64) for c in "xy"}
    np.testing.assert_allclose(problem.form(middle)["u"][1], [1.0, 0.5625])


@pytest.mark.parametrize(
    ("heights", "mirrors"),
    [
        ([[1.0]], {"x": (), "y": ()}),
        ([[0.0, 1.0], [0.0, 0.0]], {"x": (), "y": ("u",)}),
        ([[0.0, 0.0], [1.0, 1.0]], {"x": ("u",)}),
        ([[1.0, 1.0], [1.0, 0.0]], {}),
    ],
)
def test_a_source_s_parities_about_the_middle_are_mirrors(
    heights: list[list[float]], mirrors: dict[str, tuple[str, ...]]
) -> None:
    problem = Poisson(17).pointwise(source_of(heights, Poisson(17)), horizon=1.0)
    assert {m.reflected: m.odd for m in problem.mirrors} == {(axis,): odd for axis, odd in mirrors.items()}


def test_the_polynomial_goes_through_the_points_and_is_the_series_between_them() -> None:
    f = np.pad(np.random.default_rng(0).standard_normal((15, 15)), 1)

    def on(points: int) -> torch.Tensor:
        side = torch.linspace(0, 1, points, dtype=torch.float64)
        x, y = torch.meshgrid(side, side, indexing="ij")
        return sine_polynomial(f)(x.ravel(), y.ravel()).reshape(points, points)

    np.testing.assert_allclose(on(17), f, atol=1e-13)
    for points in (10, 40, 49):
        np.testing.assert_allclose(on(points), sampled(f, points, dimensions=2), atol=1e-13)
    np.testing.assert_allclose(on(9), f[::2, ::2], atol=1e-13)


def test_sources_are_the_same_functions_on_every_grid_and_of_one_size() -> None:
    coarse, fine = (drawn(3, Poisson(points, waves=5))["f"] for points in (17, 65))
    np.testing.assert_allclose(fine[:, ::4, ::4], coarse, atol=1e-12)
    sizes = np.sqrt((fine[:, 1:, 1:] ** 2).mean(axis=(1, 2)))
    np.testing.assert_allclose(sizes, np.pi**2, rtol=1e-12)
    heights = amplitudes(fine, dimensions=2)
    assert (np.abs(heights[:, :5, :5]) > 1e-3).all()
    assert np.abs(heights[:, 5:]).max() < 1e-13


def test_the_ladder_has_rungs_of_every_accuracy_each_with_its_own_name() -> None:
    system = Poisson(65, waves=4)
    query = drawn(1, system)
    series, *rungs = KIT.ladder(system)
    assert series == SineSeries(system)
    assert len({rung.label for rung in rungs}) == len(rungs) == 22
    exact = KIT.reference(system)(query, ONCE).values["u"]
    errors = [np.abs(rung(query, ONCE).values["u"] - exact).max() for rung in rungs]
    assert (np.diff(errors[::2]) < 0).all()
    assert (np.diff(errors[1::2]) < 0).all()
    assert errors[-1] < 1e-8
    assert errors[0] > 1e-2


@pytest.mark.parametrize(
    "wrong", [{"points": 4}, {"points": 33.0}, {"waves": 64}, {"waves": -1}, {"waves": 3.0}]
)
def test_systems_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SolverError, match=f"{next(iter(wrong))} must be"):
        Poisson(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"order": 3}, {"points": 4}, {"points": 33.0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SolverError, match=f"{next(iter(wrong))} must be"):
        FiniteDifferences(Poisson(), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [SineSeries, FiniteDifferences])
def test_what_cannot_be_answered_is_said_or_marked(kind: type) -> None:
    system = Poisson(17)
    query = drawn(2, system)
    for wall in ((8, 0), (8, -1), (0, 8), (-1, 8)):
        wrong = query["f"].copy()
        wrong[(1, *wall)] = 0.1
        with pytest.raises(SolverError, match=r"zero on all four walls; it is not in samples \[1\]"):
            kind(system)({"f": wrong}, ONCE)
    huge = {"f": query["f"] * np.array([1.0, 5e306])[:, None, None]}
    solution = kind(system)(huge, ONCE)
    assert solution.status.tolist() == [Status.SOLVED, Status.DIVERGED]
    assert np.isnan(solution.values["u"][1]).all()
    assert "1 of 2 samples have a source too large" in solution.notes[0]
    rest = kind(system)({"f": np.zeros((2, 17, 17))}, ONCE)
    assert rest.solved.all()
    assert not rest.values["u"].any()
