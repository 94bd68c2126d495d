"""Friction in pipes: the closed form against charts, roots and digits; iterations and formulae against it."""

import mpmath
import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from understudy.solvers.contract import SolverError, Status
from understudy.solvers.pipe_flow import (
    KIT,
    MATERIALS,
    REGIMES,
    Compiled,
    Explicit,
    Iterated,
    PipeFlow,
    WrightOmega,
    regimes_of,
)

ONCE = np.zeros(1)
SYSTEM = PipeFlow()
TUBE, STEEL, RIVETED = 4.0, 2.0, 6.0


def drawn(samples: int) -> dict[str, np.ndarray]:
    return dict(SYSTEM.draw([np.random.default_rng(i) for i in range(samples)]))


def pipe(reynolds: object, *, diameter: float = 0.2, material: float = STEEL) -> dict[str, np.ndarray]:
    numbers = np.atleast_1d(np.asarray(reynolds, dtype=np.float64))
    return {
        "reynolds": numbers,
        "diameter": np.full(len(numbers), diameter),
        "material": np.full(len(numbers), material),
    }


def friction(queries: dict[str, np.ndarray], solver: object = None) -> np.ndarray:
    solver = WrightOmega(SYSTEM) if solver is None else solver
    return solver(queries, ONCE).values["friction"][:, 0]  # type: ignore[operator, no-any-return]


def chart() -> tuple[np.ndarray, np.ndarray]:
    """Reynolds numbers and relative roughnesses all over Moody's chart."""
    reynolds, roughness = np.meshgrid(np.geomspace(4e3, 1e8, 120), np.r_[0.0, np.geomspace(1e-6, 0.05, 60)])
    return reynolds.ravel(), roughness.ravel()


@pytest.mark.parametrize(
    ("reynolds", "roughness", "published"),
    [
        # smooth walls, Prandtl's law as textbooks tabulate it
        (4e3, 0.0, 0.0399),
        (1e4, 0.0, 0.0309),
        (1e5, 0.0, 0.0180),
        (1e6, 0.0, 0.0116),
        (1e7, 0.0, 0.0081),
        (1e8, 0.0, 0.0059),
        # the right edge of Moody's chart, where nothing but roughness counts
        (1e8, 1e-3, 0.0196),
        (1e8, 1e-2, 0.0379),
        (1e8, 0.05, 0.0716),
        # between them
        (1e5, 1e-4, 0.0185),
        (1e5, 1e-3, 0.0222),
        (1e6, 1e-4, 0.0134),
    ],
)
def test_the_closed_form_is_moodys_chart(reynolds: float, roughness: float, published: float) -> None:
    found = WrightOmega(SYSTEM).turbulent(np.array([reynolds]), np.array([roughness]))
    assert found[0] == pytest.approx(published, abs=0.6e-4)


def test_the_closed_form_is_the_root_of_colebrooks_equation() -> None:
    reynolds, roughness = chart()
    found = WrightOmega(SYSTEM).turbulent(reynolds, roughness)
    for i in range(0, len(found), 37):

        def off(root: float, _i: int = i) -> float:
            return root + 2 * np.log10(roughness[_i] / 3.7 + 2.51 / reynolds[_i] * root)

        root = brentq(off, 1.0, 50.0, xtol=1e-15, rtol=4 * np.finfo(float).eps)
        assert found[i] == pytest.approx(root**-2, rel=1e-13)


def test_the_closed_form_loses_no_digits_and_says_so() -> None:
    """Rough walls at large Reynolds numbers: exp of a hundred thousand, differences of large numbers."""
    queries = pipe(np.geomspace(4e3, 1e8, 25), diameter=0.06, material=RIVETED)
    queries["material"][::2], queries["diameter"][::2] = TUBE, 1.7
    solution = WrightOmega(SYSTEM)(queries, ONCE)
    roughness = [mpmath.mpf(float(r)) for r in SYSTEM.relative_roughness(queries)]
    with mpmath.workdps(40):
        for i, relative in enumerate(roughness):
            slope = mpmath.mpf("2.51") / mpmath.mpf(float(queries["reynolds"][i]))
            root = mpmath.findroot(
                lambda x, a=relative, b=slope: x + 2 * mpmath.log10(a / mpmath.mpf("3.7") + b * x), 7.0
            )
            error = float(abs(mpmath.mpf(float(solution.values["friction"][i, 0])) * root**2 - 1))
            assert error < solution.error_estimate[i]
    assert solution.error_estimate.max() < 1e-14


def test_laminar_flow_does_not_know_of_the_wall() -> None:
    reynolds = np.array([500.0, 1000.0, 2300.0])
    for material in range(len(MATERIALS)):
        found = friction(pipe(reynolds, material=float(material)))
        np.testing.assert_allclose(found, 64 / reynolds, rtol=1e-15)


def test_the_critical_zone_is_a_straight_line_between_its_ends() -> None:
    reynolds = np.linspace(2300, 4000, 18)
    for material in (TUBE, RIVETED):
        found = friction(pipe(reynolds, material=material))
        assert found[0] == pytest.approx(64 / 2300, rel=1e-15)
        np.testing.assert_allclose(np.diff(found, 2), 0, atol=1e-16)
        assert found[-1] == pytest.approx(friction(pipe(4000.0001, material=material))[0], rel=1e-7)
        assert found[-1] > 1.4 * found[0]
    assert regimes_of(np.array([2300.0, 2300.1, 3999.9, 4000.0])).tolist() == [0, 1, 1, 2]
    assert REGIMES == ("laminar", "critical", "turbulent"), "transition is another thing on Moody's chart"


def test_friction_rises_with_roughness_and_falls_with_the_reynolds_number() -> None:
    reynolds, roughness = (array.reshape(61, 120) for array in chart())
    found = WrightOmega(SYSTEM).turbulent(reynolds, roughness)
    assert (np.diff(found, axis=0) > 0).all()
    assert (np.diff(found, axis=1) < 0).all()


def test_the_limits_are_those_of_prandtl_and_von_karman() -> None:
    exact = WrightOmega(SYSTEM)
    smooth = exact.turbulent(np.array([3e5]), np.zeros(1)) ** -0.5
    assert smooth == pytest.approx(2 * np.log10(3e5 / smooth) - 2 * np.log10(2.51), rel=1e-14)
    rough = exact.turbulent(np.array([1e14]), np.array([0.01]))
    assert rough == pytest.approx((2 * np.log10(3.7 / 0.01)) ** -2, rel=1e-10)


def test_newton_squares_the_error_and_the_fixed_point_leaves_a_share_of_it() -> None:
    reynolds, roughness = np.array([5e3]), np.array([1e-5])
    exact = WrightOmega(SYSTEM).turbulent(reynolds, roughness) ** -0.5

    def errors(method: str, counts: tuple[int, ...]) -> np.ndarray:
        solvers = [Iterated(SYSTEM, method=method, iterations=n) for n in counts]  # type: ignore[arg-type]
        return np.array([abs(s.turbulent(reynolds, roughness) ** -0.5 - exact)[0] for s in solvers])

    first, second, third = np.log(errors("newton", (1, 2, 3)))
    assert (third - second) / (second - first) == pytest.approx(2.0, abs=0.15)
    # half of the second derivative over the first
    slope = 2.51 / reynolds / (roughness / 3.7 + 2.51 / reynolds * exact)
    bend = 0.5 * 2 / np.log(10) * slope**2 / (1 + 2 / np.log(10) * slope)
    assert np.exp(third - 2 * second) == pytest.approx(bend[0], rel=0.02)
    fixed = errors("fixed point", (4, 5, 6))
    share = 2 / np.log(10) * slope[0]
    np.testing.assert_allclose(fixed[1:] / fixed[:-1], share, rtol=0.01)
    assert errors("newton", (5,)) < 1e-14


@pytest.mark.parametrize(
    ("formula", "bound"),
    [("haaland", 0.02), ("swamee-jain", 0.035), ("churchill", 0.035), ("serghides", 3.2e-5)],
)
def test_formulae_are_as_close_as_their_authors_say_and_no_closer(formula: str, bound: float) -> None:
    reynolds, roughness = chart()
    found = Explicit(SYSTEM, formula=formula).turbulent(reynolds, roughness)  # type: ignore[arg-type]
    error = np.abs(found / WrightOmega(SYSTEM).turbulent(reynolds, roughness) - 1).max()
    assert 0.3 * bound < error < bound


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_compiled_newton_is_newton_in_either_precision(iterations: int) -> None:
    reynolds, roughness = chart()
    wanted = Iterated(SYSTEM, iterations=iterations).turbulent(reynolds, roughness)
    double, single = (
        Compiled(SYSTEM, method="newton", iterations=iterations, precision=p).turbulent(reynolds, roughness)  # type: ignore[arg-type]
        for p in ("double", "single")
    )
    np.testing.assert_allclose(double, wanted, rtol=1e-13)
    off = np.abs(single / wanted - 1).max()
    assert 1e-9 < off < 1e-5, "four bytes, and no fewer digits than they hold"


def test_clamonds_iteration_is_as_close_as_its_author_says() -> None:
    """Two are round-off everywhere; one leaves about the fourth power of the start's error."""
    reynolds, roughness = chart()
    exact = WrightOmega(SYSTEM).turbulent(reynolds, roughness)
    once, twice = (
        np.abs(Compiled(SYSTEM, iterations=n).turbulent(reynolds, roughness) / exact - 1).max()
        for n in (1, 2)
    )
    assert 1e-5 < once < 2e-4
    assert twice < 5e-15


def test_what_does_not_reach_the_tolerance_has_no_answer_and_the_others_theirs() -> None:
    queries = drawn(60)
    loose = Iterated(SYSTEM, method="fixed point", iterations=4, tolerance=1e-4)
    solution = loose(queries, ONCE)
    turbulent = regimes_of(queries["reynolds"]) > 0
    assert 0 < (~solution.solved).sum() < turbulent.sum()
    assert (solution.status[~solution.solved] == Status.NOT_CONVERGED).all()
    assert np.isnan(solution.values["friction"][~solution.solved]).all()
    assert solution.solved[~turbulent].all(), "laminar flow needs no iteration"
    assert "do not reach the tolerance" in solution.notes[0]
    error = np.abs(solution.values["friction"][:, 0] / friction(queries) - 1)[solution.solved]
    assert error.max() < 1e-4
    enough = Iterated(SYSTEM, iterations=50, tolerance=1e-14)(queries, ONCE)
    assert enough.solved.all()
    np.testing.assert_allclose(enough.values["friction"][:, 0], friction(queries), rtol=1e-13)


@pytest.mark.parametrize(
    "solver",
    [*KIT.ladder(SYSTEM), Iterated(SYSTEM, method="fixed point", iterations=30, tolerance=1e-5)],
    ids=lambda s: s.label,
)
def test_no_sample_depends_on_another_and_the_answer_is_the_same_at_all_times(solver: object) -> None:
    queries = drawn(30)
    together = solver(queries, np.array([0.0, 2.0]))  # type: ignore[operator]
    assert together.values["friction"].shape == (30, 2)
    assert (together.values["friction"][:, 0] == together.values["friction"][:, 1]).all()
    for i in range(30):
        alone = {name: values[i : i + 1] for name, values in queries.items()}
        rtol = 1e-6 if "single" in solver.label else 1e-14  # type: ignore[attr-defined]
        np.testing.assert_allclose(friction(alone, solver), together.values["friction"][i, :1], rtol=rtol)


def test_the_ladder_goes_from_percents_to_round_off_each_rung_with_its_own_name() -> None:
    queries, ladder = drawn(400), KIT.ladder(SYSTEM)
    exact = friction(queries)
    errors = {s.label: np.median(np.abs(friction(queries, s) / exact - 1)) for s in ladder}
    assert len(errors) == len(ladder)
    fixed = [error for label, error in errors.items() if label.startswith("Fixed-point")]
    newton = [error for label, error in errors.items() if label.startswith("Newton")]
    assert fixed[0] > 0.8 * max(errors.values()) > 2e-3, "the control is as rough as any"
    assert (np.diff(fixed) < 0).all()
    assert (np.diff(newton[:3]) < 0).all()
    assert newton[-1] < 1e-14
    assert isinstance(KIT.standard(SYSTEM), WrightOmega)
    assert isinstance(KIT.reference(SYSTEM), WrightOmega)


def test_pipes_are_drawn_evenly_in_their_logarithms_and_each_for_itself() -> None:
    queries = drawn(2000)
    for name, least, most in (("reynolds", 500, 1e8), ("diameter", 0.06, 2.0)):
        share = np.log(queries[name] / least) / np.log(most / least)
        assert np.abs(np.sort(share) - (np.arange(2000) + 0.5) / 2000).max() < 0.04
    assert np.bincount(queries["material"].astype(int), minlength=8).min() > 200
    few = SYSTEM.draw([np.random.default_rng(i) for i in (7, 3)])
    for name, values in few.items():
        np.testing.assert_array_equal(values, queries[name][[7, 3]])
    narrow = PipeFlow(least_diameter=0.1, most_diameter=0.1).draw([np.random.default_rng(0)])
    assert narrow["diameter"].tolist() == [0.1]


def test_roughness_is_the_materials_in_parts_of_the_diameter_and_all_that_counts() -> None:
    queries = {
        "reynolds": np.full(3, 1e6),
        "diameter": np.array([0.1, 0.1, 0.1 * 3.0e-3 / 4.6e-5]),
        "material": np.array([STEEL, RIVETED, RIVETED]),
    }
    queries["diameter"][1] = 0.3
    relative = SYSTEM.relative_roughness(queries)
    np.testing.assert_allclose(relative, [4.6e-4, 1e-2, 4.6e-4], rtol=1e-12)
    assert friction(queries)[2] == pytest.approx(friction(queries)[0], rel=1e-13)
    assert SYSTEM.groups(queries)["relative_roughness"].tolist() == relative.tolist()


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        (
            "material",
            1.5,
            r"'material' must be one of the codes 0 \(asphalted cast iron\).*it is 1.5 in sample 1",
        ),
        ("material", 8.0, "must be one of the codes"),
        ("material", -1.0, "must be one of the codes"),
        ("material", np.nan, "NaN or infinity"),
        ("reynolds", 0.0, "'reynolds' must be positive"),
        ("diameter", -0.1, "'diameter' must be positive"),
        ("diameter", 4e-4, "10 times the wall's roughness"),
    ],
)
def test_pipes_that_make_no_sense_are_refused_by_name(name: str, wrong: float, said: str) -> None:
    queries = drawn(3)
    queries["material"][:] = STEEL
    queries[name][1] = wrong
    for ask in (WrightOmega(SYSTEM), Explicit(SYSTEM), Iterated(SYSTEM)):
        with pytest.raises(SolverError, match=said):
            ask(queries, ONCE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"least_reynolds": 0.0},
        {"least_reynolds": 1e9},
        {"most_reynolds": np.inf},
        {"least_diameter": 3.0},
        {"least_diameter": 0.02},
    ],
)
def test_systems_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SolverError, match="least_"):
        PipeFlow(**wrong)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"method": "secant"}, {"iterations": 0}, {"iterations": 2.0}, {"tolerance": -1.0}):
        with pytest.raises(SolverError, match=f"{next(iter(wrong))} must be"):
            Iterated(SYSTEM, **wrong)  # type: ignore[arg-type]
    for wrong in ({"method": "secant"}, {"iterations": 0}, {"precision": "half"}, {"precision": "single"}):
        with pytest.raises(SolverError, match=f"{next(iter(wrong))} must be"):
            Compiled(SYSTEM, **wrong)  # type: ignore[arg-type]
    with pytest.raises(SolverError, match="formula must be one of"):
        Explicit(SYSTEM, formula="moody")  # type: ignore[arg-type]


def test_the_residual_vanishes_on_the_law_of_each_regime_and_nowhere_else() -> None:
    queries = drawn(300)
    queries["reynolds"][:40] = np.linspace(2310, 3990, 40)
    regimes = regimes_of(queries["reynolds"])
    assert set(regimes.tolist()) == {0, 1, 2}
    given = {name: torch.from_numpy(values) for name, values in queries.items()}
    exact = torch.from_numpy(friction(queries))[:, None]
    left = SYSTEM.residual({"friction": exact}, given)["friction"]
    assert left.shape == (300, 1)
    assert float(left.abs().max()) < 1e-12
    off = SYSTEM.residual({"friction": 1.01 * exact}, given)["friction"][:, 0].numpy()
    assert off[regimes == 0] == pytest.approx(0.01)
    assert off[regimes == 1] == pytest.approx(0.01)
    # its slope in log f: a half of 1, and a little by the viscous layer
    assert (np.abs(off[regimes == 2]) > 0.004).all()
    assert (np.abs(off[regimes == 2]) < 0.008).all()


def test_the_residual_can_be_differentiated_whatever_a_network_says() -> None:
    queries = {name: torch.from_numpy(values) for name, values in drawn(50).items()}
    said = torch.linspace(-0.1, 0.3, 50, dtype=torch.float64)[:, None].requires_grad_()
    SYSTEM.residual({"friction": said}, queries)["friction"].square().sum().backward()
    assert said.grad is not None
    assert torch.isfinite(said.grad).all()
    assert (said.grad[said > 0] != 0).all()
    with pytest.raises(SolverError, match="friction must be"):
        SYSTEM.residual({"friction": said[:, 0]}, queries)
