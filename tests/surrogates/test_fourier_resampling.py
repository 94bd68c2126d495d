"""Grids are changed as another library does it, a coarse view is replaced and nothing else; filters."""

import numpy as np
import pytest
import scipy.signal
import torch
from understudy.datasets.observations import SEEN, Coarse
from understudy.surrogates.blocks.consistency import consistent, without_seen
from understudy.surrogates.blocks.fourier_resampling import resampled
from understudy.surrogates.blocks.mode_filter import ModeFilter, soft_filter

GRIDS = [((24,), (6,)), ((24,), (8,)), ((16, 12), (4, 6)), ((8, 12, 16), (4, 4, 8))]
Grid = tuple[int, ...]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    """Waves of all lengths, the shortest among them."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("old", [7, 8, 9, 24])
@pytest.mark.parametrize("new", [5, 6, 8, 12, 15, 16])
def test_a_line_is_resampled_as_scipy_does_it(old: int, new: int) -> None:
    field = noise(3, old)
    expected = scipy.signal.resample(field.numpy(), new, axis=1)
    torch.testing.assert_close(resampled(field, (new,)), torch.from_numpy(expected), rtol=0, atol=1e-13)


@pytest.mark.parametrize(("grid", "coarse"), GRIDS, ids=str)
def test_several_axes_are_resampled_one_after_the_other(grid: Grid, coarse: Grid) -> None:
    field = noise(2, *grid)
    expected = field.numpy()
    for axis, points in enumerate(coarse):
        expected = scipy.signal.resample(expected, points, axis=1 + axis)
    torch.testing.assert_close(resampled(field, coarse), torch.from_numpy(expected), rtol=0, atol=1e-13)


def test_the_coarse_view_is_that_of_the_instrument() -> None:
    field = noise(3, 16, 12)
    seen = Coarse(4)(field.numpy(), np.random.default_rng())[SEEN]
    torch.testing.assert_close(resampled(field, (4, 3)), torch.from_numpy(seen), rtol=0, atol=1e-13)


def test_interpolation_passes_through_what_it_was_given_and_follows_the_formula_of_its_waves() -> None:
    coarse = noise(5, 6, 8)
    fine = resampled(coarse, (12, 24))
    torch.testing.assert_close(fine[:, ::2, ::3], coarse, rtol=0, atol=1e-13)
    x = 2 * np.pi * np.arange(24) / 24
    few = torch.from_numpy(np.cos(3 * x[::3] + 0.4))
    torch.testing.assert_close(resampled(few, (24,)), torch.from_numpy(np.cos(3 * x + 0.4)))


@pytest.mark.parametrize(("grid", "coarse"), GRIDS, ids=str)
def test_up_and_down_again_is_where_one_was(grid: Grid, coarse: Grid) -> None:
    seen = noise(2, *coarse)
    torch.testing.assert_close(resampled(resampled(seen, grid), coarse), seen, rtol=0, atol=1e-13)


def test_a_field_in_single_precision_stays_so_and_gradients_pass() -> None:
    field = noise(2, 16).float().requires_grad_(True)
    view = resampled(field, (4,))
    assert view.dtype == torch.float32
    view.square().sum().backward()
    assert field.grad is not None and field.grad.abs().max() > 1e-3


def test_more_axes_than_there_are_and_axes_without_points_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4, 4\) must give 1 point or more"):
        resampled(noise(8), (4, 4))
    with pytest.raises(ValueError, match=r"\(0,\) must give 1 point or more"):
        resampled(noise(2, 8), (0,))


# consistency ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("grid", "coarse"), GRIDS, ids=str)
def test_the_view_of_a_consistent_field_is_the_one_asked_for(
    grid: Grid, coarse: Grid, dtype: torch.dtype
) -> None:
    field, seen = noise(3, *grid).to(dtype), noise(3, *coarse, seed=1).to(dtype)
    mended = consistent(field, seen, dimensions=len(grid))
    digits = 1e-13 if dtype == torch.float64 else 5e-6
    torch.testing.assert_close(resampled(mended, coarse), seen, rtol=0, atol=digits)


@pytest.mark.parametrize(("grid", "coarse"), GRIDS, ids=str)
def test_twice_is_once_and_sums_go_to_sums(grid: Grid, coarse: Grid) -> None:
    field, other, seen, told = noise(*grid), noise(*grid, seed=2), noise(*coarse, seed=1), noise(*coarse)

    def mended(field: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        return consistent(field, seen, dimensions=len(grid))

    once = mended(field, seen)
    torch.testing.assert_close(mended(once, seen), once, rtol=0, atol=1e-13)
    both = mended(2 * field - other, 2 * seen - told)
    torch.testing.assert_close(both, 2 * once - mended(other, told), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("grid", "coarse"), GRIDS, ids=str)
def test_it_changes_what_is_seen_at_right_angles_and_so_never_makes_an_error_larger(
    grid: Grid, coarse: Grid
) -> None:
    truth, guess = noise(50, *grid), noise(50, *grid, seed=1)
    mended = consistent(guess, resampled(truth, coarse), dimensions=len(grid))

    def size(field: torch.Tensor) -> torch.Tensor:
        return field.flatten(1).square().sum(dim=1)

    # what was wrong before is what is wrong still and, at a right angle to it, what was replaced
    replaced = size(guess - truth) - size(mended - truth)
    torch.testing.assert_close(replaced, size(mended - guess), rtol=0, atol=1e-10)
    assert (replaced > 0.1).all()


def test_what_is_not_seen_has_no_view_and_is_no_larger() -> None:
    field = noise(5, 12, 8)
    hidden = without_seen(field, (4, 4))
    assert resampled(hidden, (4, 4)).abs().max() < 1e-13
    torch.testing.assert_close(without_seen(hidden, (4, 4)), hidden, rtol=0, atol=1e-13)
    assert (hidden.square().sum() < field.square().sum()).all()
    assert without_seen(resampled(noise(3, 4), (16,)), (4,)).abs().max() < 1e-13


def test_views_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 4\) is none of a field of shape \(3, 16\)"):
        consistent(noise(3, 16), noise(2, 4), dimensions=1)
    with pytest.raises(ValueError, match=r"\(20,\) must nowhere be finer than the grid \(16,\)"):
        without_seen(noise(3, 16), (20,))


# filter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [(16,), (15,), (8, 12), (6, 4, 8)], ids=str)
def test_a_filter_multiplies_waves_and_tells_what_becomes_of_white_noise(grid: Grid) -> None:
    modes = (*grid[:-1], grid[-1] // 2 + 1)
    axes = tuple(range(-len(grid), 0))
    passed = torch.rand(modes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    if len(grid) > 1:  # both images of a wave are one wave of a real field
        others = axes[:-1]
        passed = 0.5 * (passed + passed.flip(others).roll((1,) * len(others), others))
    block, field = ModeFilter(passed, grid=grid).double(), noise(400, *grid)
    expected = torch.fft.rfftn(field, dim=axes) * passed
    torch.testing.assert_close(torch.fft.rfftn(block(field), dim=axes), expected, rtol=0, atol=1e-11)
    assert float(block(field).square().mean().sqrt()) == pytest.approx(block.gain, rel=0.02)
    assert not block.state_dict()


def test_the_soft_filter_halves_a_wave_that_is_as_weak_as_its_floor() -> None:
    x = 2 * np.pi * torch.arange(16, dtype=torch.float64) / 16
    fields = torch.stack([2 * torch.cos(2 * x), 0.2 * torch.sin(3 * x), 2 * torch.sin(2 * x)])
    passed = soft_filter(fields, dimensions=1, floor=0.1 / np.sqrt(2))
    assert passed.shape == (9,)
    assert float(passed[3]) == pytest.approx(0.5)
    assert float(passed[2]) == pytest.approx(1 / (1 + 0.1 / np.sqrt(2)))
    assert passed[[0, 1, 4, 8]].max() < 1e-12
    assert (soft_filter(fields, dimensions=1, floor=0.0) == 1).all()
    assert (soft_filter(torch.zeros(3, 16), dimensions=1, floor=0.1) == 1).all()


def test_filters_of_another_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(16,\) has modes \(9,\), but \(8,\) are given"):
        ModeFilter(torch.ones(8), grid=(16,))
    with pytest.raises(ValueError, match="at least 0, got -1"):
        soft_filter(noise(3, 16), dimensions=1, floor=-1.0)
