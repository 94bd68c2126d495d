"""The Lyapunov spectrum against what is known, and against what the tangent dynamics must be."""

import numpy as np
import pytest
from understudy.solvers.contract import SolverError
from understudy.solvers.kuramoto_sivashinsky import KuramotoSivashinsky
from understudy.solvers.kuramoto_sivashinsky.exact import MEASURED_EXPONENTS, growth_rate
from understudy.solvers.kuramoto_sivashinsky.lyapunov import kaplan_yorke_dimension, lyapunov_spectrum


def test_about_the_state_of_rest_the_exponents_are_the_growth_rates() -> None:
    """Below 2 pi every start decays to rest, where each wave counts twice (sine and cosine)."""
    system = KuramotoSivashinsky(5.0, 16)
    spectrum = lyapunov_spectrum(
        system, exponents=5, time=40.0, samples=2, step=1 / 32, interval=0.25, transient=40.0
    )
    k = 2 * np.pi / 5 * np.array([0, 1, 1, 2, 2])
    np.testing.assert_allclose(spectrum.exponents, growth_rate(k), rtol=1e-5, atol=1e-6)


def test_the_short_measurement_at_22_is_within_its_spread() -> None:
    spectrum = lyapunov_spectrum(KuramotoSivashinsky(22.0, 32), exponents=6, time=500.0, samples=10)
    assert spectrum.exponents[0] == pytest.approx(0.0484, abs=4 * spectrum.standard_error[0])
    assert spectrum.standard_error[0] < 0.006
    assert np.abs(spectrum.exponents[1:5]).max() < 0.015
    assert spectrum.exponents[5] == pytest.approx(-0.1885, abs=0.03)
    assert spectrum.dimension == pytest.approx(5.24, abs=0.15)


def test_the_same_seed_gives_the_same_spectrum() -> None:
    system = KuramotoSivashinsky(22.0, 24)
    one, two = (lyapunov_spectrum(system, exponents=2, time=20.0, samples=2, seed=3).exponents for _ in "ab")
    np.testing.assert_array_equal(one, two)


def test_the_dimension_interpolates_where_the_sum_changes_sign() -> None:
    assert kaplan_yorke_dimension(np.array([0.3, 0.0, -0.1, -0.4, -5.0])) == pytest.approx(3.5)
    assert kaplan_yorke_dimension(np.array([-1.0, -2.0])) == 0.0


def test_too_few_exponents_for_a_dimension_are_refused() -> None:
    with pytest.raises(SolverError, match="more exponents"):
        kaplan_yorke_dimension(np.array([0.3, 0.0, -0.1]))


@pytest.mark.parametrize(
    "settings", [{"exponents": 0}, {"exponents": 65}, {"samples": 0}, {"interval": 0.01}, {"time": 1.0}]
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(SolverError):
        lyapunov_spectrum(KuramotoSivashinsky(), **{"exponents": 3, "time": 10.0, **settings})  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("length", "points", "exponents", "time", "samples", "positive", "dimension"),
    [
        (22.0, 48, 7, 2000.0, 32, 1, 5.24),
        (60.0, 96, 16, 1000.0, 16, 6, 13.5),
        (100.0, 160, 26, 600.0, 12, 11, 22.5),
        (200.0, 320, 50, 400.0, 6, 22, 45.0),
    ],
)
def test_long_measurements_agree_with_the_known_exponents(
    length: float, points: int, exponents: int, time: float, samples: int, positive: int, dimension: float
) -> None:
    spectrum = lyapunov_spectrum(
        KuramotoSivashinsky(length, points), exponents=exponents, time=time, samples=samples, seed=1
    )
    known, error = MEASURED_EXPONENTS[length]
    assert spectrum.exponents[0] == pytest.approx(known, abs=4 * np.hypot(spectrum.standard_error[0], error))
    assert spectrum.standard_error[0] < 0.1 * known
    assert spectrum.dimension == pytest.approx(dimension, rel=0.02)
    # the three zero exponents are not told from small positive ones: those that are clearly above zero
    assert abs((spectrum.exponents > 0.004).sum() - positive) <= 2
