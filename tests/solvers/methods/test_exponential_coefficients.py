"""The coefficients alone: against arbitrary precision, and against the classical schemes."""

import math

import mpmath
import numpy as np
import pytest
from understudy.solvers.methods.exponential import (
    Multistep,
    RungeKutta,
    adams_bashforth,
    adams_bashforth_moulton,
    cox_matthews,
    crank_nicolson_adams_bashforth,
    krogstad,
    phi_functions,
)

ARGUMENTS = [0.0, 1e-12, -1e-9, 1e-3, -0.03, 0.25, -0.7, 2.0, -5.0, -31.9, -32.1, -120.0, -5000.0]
LINEAR = np.array([0.25, 0.0, -1e-8, -0.3, -7.0, -400.0])


def exact_phi(order: int, z: float) -> mpmath.mpf:
    """From the series, with as many digits as the cancellation takes."""
    with mpmath.workdps(400):
        x = mpmath.mpf(z)
        if x == 0:
            return 1 / mpmath.factorial(order)
        head = mpmath.fsum(x**j / mpmath.factorial(j) for j in range(order))
        return (mpmath.exp(x) - head) / x**order


@pytest.mark.parametrize("order", range(1, 8))
def test_phi_functions_have_full_relative_accuracy_everywhere(order: int) -> None:
    computed = phi_functions(np.array(ARGUMENTS), 7)[order]
    expected = [float(exact_phi(order, z)) for z in ARGUMENTS]
    np.testing.assert_allclose(computed, expected, rtol=4e-16)


def test_phi_functions_refuse_complex_arguments() -> None:
    with pytest.raises(TypeError, match="real"):
        phi_functions(np.array([1j]), 2)


def test_phi_functions_keep_extended_precision() -> None:
    if np.finfo(np.longdouble).eps > 1e-18:
        pytest.skip("no extended precision on this machine")
    z = np.array([-0.7], dtype=np.longdouble)
    computed = phi_functions(z, 3)[3, 0]
    high = float(computed)
    expected = exact_phi(3, -0.7)
    with mpmath.workdps(40):
        error = mpmath.mpf(high) + mpmath.mpf(float(computed - np.longdouble(high))) - expected
        assert abs(error / expected) < 4e-19


def test_without_a_linear_part_adams_bashforth_is_the_classical_one() -> None:
    zero, step = np.zeros(1), 0.1
    known = {2: [3 / 2, -1 / 2], 4: [55 / 24, -59 / 24, 37 / 24, -9 / 24]}
    known[6] = [4277 / 1440, -7923 / 1440, 9982 / 1440, -7298 / 1440, 2877 / 1440, -475 / 1440]
    for order, weights in known.items():
        scheme = adams_bashforth(zero, step, order=order)
        np.testing.assert_allclose(scheme.weights[:, 0], step * np.array(weights), rtol=1e-14)


def one_step(scheme: RungeKutta | Multistep, step: float, power: int) -> np.ndarray:
    """One step of v' = linear v + t^power from v(0) = 0, with t in units of the step."""
    if isinstance(scheme, Multistep):
        past = -np.arange(len(scheme.weights), dtype=float)
        return np.einsum("j,jm->m", past**power, scheme.weights)
    times = np.array([0, 0.5, 0.5, 1.0])
    return np.einsum("j,jm->m", times**power, np.array(scheme.weights))


def exact_step(step: float, power: int, fraction: float = 1.0) -> np.ndarray:
    """The same, exactly."""
    phi = phi_functions(fraction * step * LINEAR, power + 1)[power + 1]
    return step * fraction ** (power + 1) * math.factorial(power) * phi


@pytest.mark.parametrize("fraction", [1.0, 0.4])
@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_adams_bashforth_is_exact_for_polynomials_below_its_order(order: int, fraction: float) -> None:
    scheme = adams_bashforth(LINEAR, 0.3, order=order, fraction=fraction)
    for power in range(order):
        np.testing.assert_allclose(
            one_step(scheme, 0.3, power),
            exact_step(0.3, power, fraction),
            rtol=1e-13,
            atol=1e-16 * order**power,  # the terms of the sum are that large, and cancel
        )
    assert np.abs(one_step(scheme, 0.3, order) / exact_step(0.3, order, fraction) - 1).max() > 0.1


def test_the_predictor_corrector_is_its_two_halves_put_together() -> None:
    """Predict, evaluate, correct, written out on v' = linear v + sin(v), against the combined weights."""
    step, order, steps = 0.1, 4, 12
    ahead = adams_bashforth(LINEAR, step, order=order)
    # the corrector, from its definition: exact for polynomials through nodes 1, 0, -1, -2
    nodes = np.array([1.0, 0.0, -1.0, -2.0])
    exact = np.array([exact_step(step, power) for power in range(order)])
    correct = np.linalg.solve(nodes[None, :] ** np.arange(order)[:, None], exact)
    corrected = [np.full(len(LINEAR), 0.5)] * order
    terms = [np.sin(corrected[0]) * (1 + 0.01 * i) for i in range(order + 1)]  # newest first; any history
    combined_terms, predicted = list(terms), None
    combined = adams_bashforth_moulton(LINEAR, step, order=order)
    value = corrected[0]
    for i in range(steps):
        guess = ahead.propagator * value + np.einsum("jm,jm->m", ahead.weights, np.array(terms[:order]))
        if i == 0:
            predicted = guess
        else:
            weights = combined.weights
            predicted = combined.propagator * predicted + np.einsum(
                "jm,jm->m", weights, np.array(combined_terms[: order + 1])
            )
            np.testing.assert_allclose(predicted, guess, rtol=1e-12)
        new = np.sin(guess)
        value = ahead.propagator * value + np.einsum(
            "jm,jm->m", correct, np.array([new, *terms[: order - 1]])
        )
        terms.insert(0, new)
        combined_terms.insert(0, np.sin(predicted))


@pytest.mark.parametrize("make", [cox_matthews, krogstad])
def test_runge_kutta_steps_are_exact_for_quadratic_forcing(make) -> None:  # type: ignore[no-untyped-def]
    scheme = make(LINEAR, 0.3)
    for power in range(3):
        np.testing.assert_allclose(
            one_step(scheme, 0.3, power), exact_step(0.3, power), rtol=1e-12, atol=1e-16
        )


@pytest.mark.parametrize("make", [cox_matthews, krogstad])
def test_the_stages_of_runge_kutta_are_exact_for_a_constant_term(make) -> None:  # type: ignore[no-untyped-def]
    scheme, step = make(LINEAR, 0.3), 0.3
    for share, weights in zip((0.5, 0.5, 1.0), scheme.stages, strict=True):
        total = sum(w for w in weights if w is not None)
        np.testing.assert_allclose(
            total, share * step * phi_functions(share * step * LINEAR, 1)[1], rtol=1e-13
        )


def test_crank_nicolson_is_second_order_for_a_linear_equation() -> None:
    linear = np.array([-1.0])
    errors = [
        abs(crank_nicolson_adams_bashforth(linear, h).propagator[0] ** round(1 / h) - np.exp(-1))
        for h in (0.1, 0.05)
    ]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize(
    "scheme",
    [
        adams_bashforth(LINEAR, 1e-3, order=4),
        adams_bashforth_moulton(LINEAR, 1e-3, order=4, fraction=0.3),
        crank_nicolson_adams_bashforth(LINEAR, 1e-3),
    ],
)
def test_the_increment_keeps_the_digits_that_the_propagator_has_lost(scheme: Multistep) -> None:
    np.testing.assert_allclose(scheme.increment, scheme.propagator - 1, atol=2e-16)
    fraction = 0.3 if len(scheme.weights) == 5 else 1.0
    z = fraction * 1e-3 * LINEAR
    exact = z / (1 - z / 2) if len(scheme.weights) == 2 else np.expm1(z)
    np.testing.assert_allclose(scheme.increment, exact, rtol=5e-16)


def test_an_order_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        adams_bashforth(LINEAR, 0.1, order=9)
    with pytest.raises(ValueError, match="2 to 7"):
        adams_bashforth_moulton(LINEAR, 0.1, order=1)
