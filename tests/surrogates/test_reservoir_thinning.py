"""Thinning a periodic field and refining it again."""

import numpy as np
import pytest
from understudy.surrogates.thinning import refine, thin, thinned_shape


@pytest.mark.parametrize("points", [6, 7, 8])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_refining_passes_through_the_given_points(points: int, factor: int) -> None:
    fields = np.random.default_rng(points).normal(size=(3, points))
    np.testing.assert_allclose(thin(refine(fields, factor), factor), fields, rtol=0, atol=1e-14)


def test_a_smooth_wave_is_restored_exactly_in_two_dimensions() -> None:
    x, y = np.meshgrid(*[2 * np.pi * np.arange(24) / 24] * 2, indexing="ij")
    wave = np.cos(2 * x - y) + np.sin(3 * y)
    np.testing.assert_allclose(refine(thin(wave, 3, 2), 3, 2), wave, rtol=0, atol=1e-13)


def test_a_factor_that_does_not_divide_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="every 3th point of a grid of 6 x 8"):
        thinned_shape((6, 8), 3)
