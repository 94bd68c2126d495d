"""Quasi-Newton descent: it finds known minima, deeper with scaling, and says why it ends."""

import warnings

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der
from understudy.surrogates.quasi_newton import Descent, QuasiNewton, QuasiNewtonSettings
from understudy.surrogates.surrogate import SurrogateError

UPDATES = pytest.mark.parametrize("update", ["bfgs", "ssbfgs", "ssbroyden"])
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the line search says so when it finds nothing
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


@UPDATES
def test_on_a_bowl_the_inverse_hessian_is_learned(update: str) -> None:
    matrix, least = bowl(12, 1e3)
    one, _ = descend(
        lambda x: (0.5 * float((x - least) @ matrix @ (x - least)), matrix @ (x - least)),
        np.zeros(12),
        update=update,
        gradient=1e-9,
    )
    np.testing.assert_allclose(one.place, least, atol=1e-8)
    assert np.array_equal(one.inverse, one.inverse.T) or np.allclose(one.inverse, one.inverse.T, rtol=1e-9)
    step, change = np.ones(12), matrix @ np.ones(12)
    one.gradient = -np.linalg.solve(one.inverse, step)  # of which this step is the quasi-Newton step
    one._learn(step, change, 1.0)
    np.testing.assert_allclose(one.inverse @ change, step, rtol=1e-7)  # the secant equation
    assert np.linalg.eigvalsh(one.inverse).min() > 0


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
    second.resume({name: values.copy() for name, values in first.state().items()})
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
