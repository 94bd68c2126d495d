"""The butterflies, on plain arrays, are the discrete Fourier transform in another order."""

import numpy as np
import pytest
from understudy.solvers.methods.butterflies import (
    complex_forward,
    complex_inverse,
    order,
    real_forward,
    real_inverse,
    real_order,
    rotate,
)
from understudy.solvers.methods.pass_of_eight import eight_forward, eight_inverse

SIZES = [2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80]


def as_complex(pairs):
    return np.array([a + 1j * b for a, b in pairs])


@pytest.mark.parametrize("points", [1, 3, 5, *SIZES])
def test_complex_transform_agrees_with_numpy_and_its_inverse_undoes_it(points):
    rng = np.random.default_rng(points)
    z = 30 * (rng.normal(size=(points, 3)) + 1j * rng.normal(size=(points, 3)))
    spectrum = complex_forward([(v.real, v.imag) for v in z])
    np.testing.assert_allclose(as_complex(spectrum), np.fft.fft(z, axis=0)[order(points)], atol=1e-12 * 30)
    np.testing.assert_allclose(as_complex(complex_inverse(spectrum)), points * z, atol=1e-12 * 30 * points)


@pytest.mark.parametrize("points", SIZES)
def test_real_transform_holds_every_wavenumber_once(points):
    x = 30 * np.random.default_rng(points).normal(size=(points, 3))
    spectrum = real_forward(list(x))
    wanted = np.fft.fft(x, axis=0)
    (even, odd), rest = spectrum[0], spectrum[1:]
    np.testing.assert_allclose(
        [even + odd, even - odd], [wanted[0].real, wanted[points // 2].real], atol=1e-11
    )
    if rest:
        np.testing.assert_allclose(as_complex(rest), wanted[real_order(points)[1:]], atol=1e-11)
    held = sorted(min(k, points - k) for k in real_order(points))
    assert held == list(range(points // 2))
    np.testing.assert_allclose(np.array(real_inverse(spectrum)), points / 2 * x, atol=1e-12 * 30 * points)


def test_a_pass_over_eight_points_leaves_shorter_transforms_of_the_stated_wavenumbers():
    points, part = 64, 8
    x = np.random.default_rng(0).normal(5.0, 9.0, size=points)
    wanted = np.fft.fft(x)
    left = np.empty((8, part))
    back = np.empty(points)
    for n in range(part):
        turns = [(np.cos(2 * np.pi * n * k / points), -np.sin(2 * np.pi * n * k / points)) for k in (1, 2, 5)]
        left[:, n] = eight_forward(list(x[n::part]), turns)
        back[n::part] = eight_inverse(list(left[:, n]), turns)
    for row, plus in ((2, 2), (4, 1), (6, 5)):
        z = np.fft.fft(left[row] + 1j * left[row + 1])
        np.testing.assert_allclose(z, wanted[8 * np.arange(part) + plus], atol=1e-11)
    np.testing.assert_allclose(np.fft.fft(left[:2].ravel()), wanted[::4], atol=1e-11)
    np.testing.assert_allclose(back, 4 * x, atol=1e-11)


@pytest.mark.parametrize("points", [8, 12])
def test_rotations_need_no_special_angle(points):
    z = (3.0, -7.0)
    for turns in range(-points, 2 * points):
        got = complex(*rotate(z, turns, points))
        assert got == pytest.approx((3 - 7j) * np.exp(-2j * np.pi * turns / points), rel=1e-14)
