"""Sums of sines through values between walls."""

import numpy as np
import torch
from understudy.solvers.methods.sine_polynomials import parity, sampled, sine_polynomial


def test_the_polynomial_goes_through_the_points_and_is_the_series_between_them() -> None:
    generator = np.random.default_rng(0)
    u = np.pad(generator.standard_normal(31), 1)
    x = torch.linspace(0, 2, 33, dtype=torch.float64)
    np.testing.assert_allclose(sine_polynomial(u, length=2.0)(x), u, atol=1e-13)
    fine = sine_polynomial(u, length=2.0)(torch.linspace(0, 2, 101, dtype=torch.float64))
    np.testing.assert_allclose(fine, sampled(u, 101), atol=1e-13)
    np.testing.assert_allclose(sampled(sampled(u, 50), 33), u, atol=1e-13)
    coarse = sine_polynomial(u, length=2.0)(torch.linspace(0, 2, 12, dtype=torch.float64))
    np.testing.assert_allclose(coarse, sampled(u, 12), atol=1e-13)
    assert not sine_polynomial(np.zeros(33))(x).any()
    assert [parity(v) for v in (u + u[::-1], u - u[::-1], u)] == [1, -1, 0]
