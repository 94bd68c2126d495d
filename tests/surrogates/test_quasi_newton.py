"""Quasi-Newton descent: it finds known minima, deeper with scaling, and says why it ends."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der
from understudy.surrogates.curvature import DenseCurvature, LimitedCurvature
from understudy.surrogates.quasi_newton import Descent, QuasiNewton, QuasiNewtonSettings
from understudy.surrogates.surrogate import SurrogateError

DENSE = pytest.mark.parametrize("update", ["bfgs", "ssbfgs", "ssbroyden"])
UPDATES = pytest.mark.parametrize("update", ["bfgs", "ssbfgs", "ssbroyden", "lbfgs"])
START = np.resize([-1.2, 1.0], 20)


def valley(x: np.ndarray) -> tuple[float, np.ndarray]:
    """Rosenbrock's, least at ones."""
    return float(rosen(x)), rosen_der(x)


def bowl(size: int, condition: float) -> tuple[np.ndarray, np.ndarray]:
    """A symmetric matrix of this condition, and where its bowl is least."""
    generator = np.random.default_rng(0)
    turned, _ = np.linalg.qr(generator.standard_normal((size, size)))
    return turned @ np.diag(np.geomspace(1, condition, size)) @ turned.T, generator.standard_normal(size)


def descend(objective: object, start: np.ndarray, **settings: object) -> tuple[QuasiNewton, Descent]:
    one = QuasiNewton(objective, start, QuasiNewtonSettings(**settings))  # type: ignore[arg-type]
    return one, one.run()


@UPDATES
def test_it_finds_the_end_of_a_curved_valley(update: str) -> None:
    one, end = descend(valley, START, update=update, gradient=1e-8)
    assert end.why == "the gradient is as small as was asked for"
    np.testing.assert_allclose(one.place, 1, atol=1e-6)
    assert end.value == one.value == rosen(one.place)


def test_plain_bfgs_takes_the_steps_that_scipy_takes() -> None:
    _, end = descend(valley, START, update="bfgs", gradient=1e-5)
    theirs = minimize(rosen, START, jac=rosen_der, method="BFGS", options={"gtol": 1e-5})
    assert abs(end.steps - theirs.nit) <= 0.1 * theirs.nit
    assert end.evaluations <= 1.2 * theirs.nfev


@DENSE
def test_on_a_bowl_the_inverse_hessian_is_learned(update: str) -> None:
    matrix, least = bowl(12, 1e3)
    one, _ = descend(
        lambda x: (0.5 * float((x - least) @ matrix @ (x - least)), matrix @ (x - least)),
        np.zeros(12),
        update=update,
        gradient=1e-9,
    )
    np.testing.assert_allclose(one.place, least, atol=1e-8)
    learned = one.curvature
    assert isinstance(learned, DenseCurvature)
    np.testing.assert_allclose(learned.inverse, learned.inverse.T, rtol=1e-9, atol=1e-15)
    step, change = np.ones(12), matrix @ np.ones(12)
    learned.learn(step, change, float(step @ np.linalg.solve(learned.inverse, step)))
    np.testing.assert_allclose(learned.times(change), step, rtol=1e-7)  # the secant equation
    assert np.linalg.eigvalsh(learned.inverse).min() > 0


def test_the_last_steps_stand_for_the_matrix_that_bfgs_has_of_them() -> None:
    generator = np.random.default_rng(1)
    limited, dense = LimitedCurvature(6, pairs=3), DenseCurvature(6, update="bfgs")
    matrix, _ = bowl(6, 10.0)
    for kept in range(5):
        step = generator.standard_normal(6)
        limited.learn(step, matrix @ step, 0.0)
        if kept == 4:  # the first two are forgotten
            last = limited.changes[-1]
            dense.inverse *= float(limited.steps[-1] @ last / (last @ last))
            for s, y in zip(limited.steps, limited.changes, strict=True):
                dense.learn(s, y, 0.0)
    assert len(limited.steps) == 3
    vector = generator.standard_normal(6)
    np.testing.assert_allclose(limited.times(vector), dense.times(vector), rtol=1e-10)
    limited.forget()
    np.testing.assert_array_equal(limited.times(vector), vector)


def test_an_objective_that_changes_under_way_is_descended_from_there() -> None:
    middle = np.zeros(3)
    one = QuasiNewton(
        lambda x: (0.5 * float((x - middle) @ (x - middle)), x - middle), np.ones(3), QuasiNewtonSettings()
    )
    one.run()
    np.testing.assert_allclose(one.place, 0, atol=1e-10)
    middle[:] = 5
    assert one.run().steps == one.steps  # it knows nothing of it
    np.testing.assert_allclose(one.place, 0, atol=1e-10)
    one.changed()
    one.run()
    np.testing.assert_allclose(one.place, 5, atol=1e-10)
    middle[:] = np.nan
    with pytest.raises(SurrogateError, match="not finite"):
        one.changed()


def test_scaling_pays_where_the_first_guess_is_far_too_stiff() -> None:
    matrix, least = bowl(60, 1e4)

    def flat(x: np.ndarray) -> tuple[float, np.ndarray]:
        way = np.tanh(x - least)
        return 1e-4 * float(way @ matrix @ way), 2e-4 * (matrix @ way) * (1 - way**2)

    values = {
        u: descend(flat, np.zeros(60), update=u, steps=150, gradient=0.0)[1].value
        for u in ("bfgs", "ssbroyden")
    }
    assert values["ssbroyden"] < 0.2 * values["bfgs"]


@UPDATES
def test_a_descent_that_was_stopped_goes_on_as_if_it_had_not_been(update: str) -> None:
    whole, _ = descend(valley, START, update=update, steps=40)
    first, end = descend(valley, START, update=update, steps=25)
    assert end.why == "all steps are taken"
    assert end.steps == 25
    second = QuasiNewton(valley, np.zeros(20), QuasiNewtonSettings(update=update, steps=40))  # type: ignore[arg-type]
    second.resume(first.state())
    if isinstance(first.curvature, DenseCurvature):
        assert isinstance(second.curvature, DenseCurvature)
        assert not np.shares_memory(second.curvature.inverse, first.curvature.inverse)
    assert second.run().steps == 40
    assert np.array_equal(second.place, whole.place)


def test_it_ends_where_it_is_told_to_and_when_the_time_is_up() -> None:
    one = QuasiNewton(valley, START, QuasiNewtonSettings())
    assert one.run(lambda descent: descent.steps == 3).why == "it was asked to"
    assert one.steps == 3
    _, end = descend(valley, START, seconds=1e-9)
    assert end.why == "the time is up"


def test_where_nothing_leads_lower_it_says_so() -> None:
    kink = np.ones(3)
    _, end = descend(lambda x: (float(np.abs(x).sum()), kink), np.zeros(3))
    assert end.why == "no step along the gradient leads lower"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"update": "sr1"}, "update must be"),
        ({"steps": 0}, "steps"),
        ({"seconds": -1.0}, "seconds"),
        ({"gradient": -1.0}, "gradient"),
        ({"decrease": 0.95}, "Wolfe"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(SurrogateError, match=said):
        QuasiNewtonSettings(**settings)  # type: ignore[arg-type]


def test_a_loss_that_is_not_finite_and_too_many_numbers_are_refused() -> None:
    with pytest.raises(SurrogateError, match="nan at the start"):
        QuasiNewton(lambda x: (np.nan, x), np.zeros(2), QuasiNewtonSettings())
    with pytest.raises(SurrogateError, match="30,000 numbers is too large"):
        QuasiNewton(valley, np.zeros(30_000), QuasiNewtonSettings())


def test_a_cliff_is_not_climbed_and_an_edge_not_crossed() -> None:
    def cliff(x: np.ndarray) -> tuple[float, np.ndarray]:
        beyond = max(0.0, float(x[0]) - 1000)
        return -float(x[0]) + 1e6 * beyond**2, np.array([-1 + 2e6 * beyond])

    values = []
    one = QuasiNewton(cliff, np.zeros(1), QuasiNewtonSettings(steps=200))
    one.run(lambda descent: values.append(descent.value))
    assert (np.diff(values) < 0).all()
    assert one.place[0] == pytest.approx(1000, abs=1e-3)

    def edge(x: np.ndarray) -> tuple[float, np.ndarray]:
        with np.errstate(all="ignore"):
            return -100 * float(x[0]) - float(np.log(1 - x[0])), -100 + 1 / (1 - x)

    one, _ = descend(edge, np.zeros(1), gradient=1e-6)
    assert one.place[0] == pytest.approx(0.99, abs=1e-6)


def test_an_objective_may_use_its_array_again() -> None:
    kept = np.empty(20)

    def again(x: np.ndarray) -> tuple[float, np.ndarray]:
        kept[:] = rosen_der(x)
        return float(rosen(x)), kept

    _, end = descend(again, START, gradient=1e-8)
    _, fresh = descend(valley, START, gradient=1e-8)
    assert (end.steps, end.value) == (fresh.steps, fresh.value)


def test_a_state_of_another_size_is_refused() -> None:
    one = QuasiNewton(valley, np.zeros(5), QuasiNewtonSettings())
    with pytest.raises(SurrogateError, match="of 20 numbers, the descent of 5"):
        one.resume(QuasiNewton(valley, START, QuasiNewtonSettings()).state())
    with pytest.raises(SurrogateError, match="the same optimiser"):
        one.resume(QuasiNewton(valley, np.zeros(5), QuasiNewtonSettings(update="lbfgs")).state())


def test_a_direction_of_hopeless_curvature_spoils_nothing() -> None:
    one = DenseCurvature(20, update="ssbroyden")
    step, change = np.full(20, 1e-3), np.full(20, 1e13)  # some 1e16 times what the inverse expects
    one.learn(step, change, float(step @ step))
    assert np.isfinite(one.inverse).all()
    assert np.linalg.eigvalsh(one.inverse).min() > -1e-12
    # where h b is so large that 1 - sqrt(a / (a + 1)) would be nothing; worked out by hand
    assert one._scale_and_share(b=2.0, h=1e16) == pytest.approx((0.25, 4.0))
