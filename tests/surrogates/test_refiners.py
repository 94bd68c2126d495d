"""What refines without a network is what its formula says, and no linear map of a view does better."""

from typing import Any

import numpy as np
import pytest
import scipy.interpolate
import scipy.signal
import torch
from known_dynamics import in_view
from known_lines import seen_coarsely
from understudy.datasets.observations import SEEN, Coarse, Gappy, Observations, Observed
from understudy.datasets.tasks import Direct
from understudy.experiments.stages import Candidate
from understudy.surrogates.blocks.fourier_resampling import resampled
from understudy.surrogates.coarse_interpolation import CoarseInterpolation
from understudy.surrogates.coarse_regression import CoarseRegression
from understudy.surrogates.refinement_scaling import RefinementScaling
from understudy.surrogates.refiner import Views
from understudy.surrogates.super_resolution import SuperResolution
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def interpolation(examples: Observations, method: Any = "fourier") -> CoarseInterpolation:
    found = CoarseInterpolation(CoarseInterpolation.Settings(method))
    found.fit(examples, examples, seed=0)
    return found


def answered(surrogate: Any, seen: np.ndarray) -> np.ndarray:
    return np.asarray(surrogate({SEEN: torch.from_numpy(seen)})["u"])


def test_fourier_interpolation_is_scipys() -> None:
    examples, seen = in_view(noise(2, 3, 24), Coarse(4), window=2), noise(5, 2, 6)
    expected = scipy.signal.resample(seen, 24, axis=2)
    np.testing.assert_allclose(answered(interpolation(examples), seen), expected, atol=1e-13)


def test_cubic_and_linear_interpolation_go_around_the_line_as_scipys_do() -> None:
    examples, seen = in_view(noise(2, 1, 24), Coarse(4)), noise(5, 1, 6)
    knots, places = np.arange(7), np.arange(24) / 4
    around = np.concatenate([seen[:, 0], seen[:, 0, :1]], axis=1)
    cubic = scipy.interpolate.CubicSpline(knots, around, axis=1, bc_type="periodic")(places)
    np.testing.assert_allclose(answered(interpolation(examples, "cubic"), seen)[:, 0], cubic, atol=1e-13)
    linear = np.stack([np.interp(places, knots, line) for line in around])
    np.testing.assert_allclose(answered(interpolation(examples, "linear"), seen)[:, 0], linear, atol=1e-13)


@pytest.mark.parametrize("method", ["fourier", "cubic", "linear"])
def test_on_a_plane_it_goes_along_one_axis_after_the_other(method: Any) -> None:
    plane, line = in_view(noise(2, 1, 12, 16), Coarse(4)), noise(3, 1, 3, 4)
    found = answered(interpolation(plane, method), line)
    across = interpolation(in_view(noise(2, 1, 12), Coarse(4)), method)
    along = interpolation(in_view(noise(2, 1, 16), Coarse(4)), method)
    first = np.stack([answered(across, line[..., j]) for j in range(4)], axis=-1)
    expected = np.stack([answered(along, first[:, :, i]) for i in range(12)], axis=2)
    np.testing.assert_allclose(found, expected, atol=1e-13)
    np.testing.assert_allclose(found[..., ::4, ::4], line, atol=1e-13)


def test_its_record_is_the_error_on_the_validation_windows() -> None:
    train, valid = seen_coarsely(4, seed=0), seen_coarsely(3, seed=1)
    record = CoarseInterpolation().fit(train, valid, seed=0)
    inputs, outputs = valid.batch(range(len(valid)))
    wrong = scipy.signal.resample(inputs[SEEN], 32, axis=2) - outputs["u"]
    expected = np.sqrt((wrong**2).sum() / (outputs["u"] ** 2).sum())
    assert record.validation_error == pytest.approx(expected, rel=1e-12)


# regression ----------------------------------------------------------------------------------------


def splines(windows: int, frames: int, grid: tuple[int, ...], seed: int) -> np.ndarray:
    """Fields that follow linearly, and alike in all cells of 4 points, from a quarter of their points."""
    fields = noise(windows, frames, *(n // 4 for n in grid), seed=seed)
    for axis, points in enumerate(grid, start=2):
        knots, places = np.arange(points // 4 + 1), np.arange(points) / 4 - 0.3
        first = np.take(fields, [0], axis=axis)
        around = np.concatenate([fields, first], axis=axis)
        spline = scipy.interpolate.CubicSpline(knots, around, axis=axis, bc_type="periodic")
        fields = spline(places % (points // 4))
    return fields


@pytest.mark.parametrize("grid", [(16,), (24,), (12, 16)], ids=str)
def test_regression_finds_a_linear_law_of_which_fourier_knows_nothing(grid: tuple[int, ...]) -> None:
    train, test = (in_view(splines(n, 2, grid, seed), Coarse(4), window=2) for n, seed in ((60, 0), (5, 1)))
    regression = CoarseRegression(CoarseRegression.Settings(ridge=1e-12))
    record = regression.fit(train, test, seed=0)
    inputs, outputs = test.batch(range(5))
    np.testing.assert_allclose(answered(regression, inputs[SEEN]), outputs["u"], atol=1e-5)
    assert record.validation_error < 1e-6
    assert CoarseInterpolation().fit(train, test, seed=0).validation_error > 0.05


@pytest.mark.parametrize("grid", [(16,), (12, 16)], ids=str)
def test_regression_commutes_with_translations_by_cells_and_keeps_the_view(grid: tuple[int, ...]) -> None:
    axes = tuple(range(2, 2 + len(grid)))
    examples = in_view(noise(30, 2, *grid), Coarse(4), window=2)
    regression = CoarseRegression()
    regression.fit(examples, examples, seed=0)
    seen = noise(4, 2, *(n // 4 for n in grid), seed=1)
    found = answered(regression, seen)
    moved = answered(regression, np.roll(seen, (1, 2)[: len(grid)], axes))
    np.testing.assert_allclose(moved, np.roll(found, (4, 8)[: len(grid)], axes), atol=1e-12)
    view = resampled(torch.from_numpy(found), seen.shape[2:]).numpy()
    np.testing.assert_allclose(view, seen, atol=1e-12)
    assert np.abs(found - answered(interpolation(examples), seen)).max() > 1e-3


def test_regression_learns_from_the_frames_before() -> None:
    now = noise(200, 16)
    hidden = now - scipy.signal.resample(scipy.signal.resample(now, 4, axis=1), 16, axis=1)
    # the view of the frame before shows what that of this one hides
    before = scipy.signal.resample(hidden[:, 1::4], 16, axis=1)
    both = np.stack([before, now], axis=1)
    together, alone = in_view(both, Coarse(4), window=2), in_view(both[:, 1:], Coarse(4))
    errors = [CoarseRegression().fit(pairs, pairs, seed=0).validation_error for pairs in (together, alone)]
    assert errors[0] < 0.8 * errors[1]


def test_of_chaos_that_is_alike_everywhere_no_linear_map_of_a_frame_knows_more_than_fourier() -> None:
    train, valid = seen_coarsely(40, seed=0), seen_coarsely(20, seed=1)
    errors = [
        kind().fit(train, valid, seed=0).validation_error for kind in (CoarseRegression, CoarseInterpolation)
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.1)


# units ---------------------------------------------------------------------------------------------


def test_units_are_those_of_the_fields_and_of_what_the_interpolation_lacks() -> None:
    fields = torch.from_numpy(3 + 2 * noise(40, 2, 16))
    views = Views(resampled(fields, (4,)), fields)
    scaling = RefinementScaling.measure(views)
    encoded = scaling.encoded(views, device=torch.device("cpu"))
    lacking = fields - resampled(views.seen, (16,))
    assert scaling.mean == pytest.approx(float(fields.mean()))
    assert scaling.deviation == pytest.approx(float(fields.std(correction=0)))
    assert float(encoded.lacking.square().mean()) == pytest.approx(1)
    torch.testing.assert_close(encoded.lacking * scaling.lacking, lacking)
    torch.testing.assert_close(scaling.answer(encoded.shown, encoded.lacking), fields)
    assert encoded.size * scaling.lacking == pytest.approx(float(fields.square().mean().sqrt()))
    back = RefinementScaling.from_tensors(scaling.tensors())
    assert (back.mean, back.deviation, back.lacking) == (scaling.mean, scaling.deviation, scaling.lacking)


# refusals ------------------------------------------------------------------------------------------


def test_views_of_another_shape_are_refused_with_the_one_expected() -> None:
    found = interpolation(in_view(noise(2, 3, 24), Coarse(4), window=2))
    for wrong in (noise(5, 1, 6), noise(5, 2, 8), noise(5, 6)):
        with pytest.raises(SurrogateError, match=r"expected 'seen' of shape \(batch, 2, 6\), got shape"):
            answered(found, wrong)
    with pytest.raises(SurrogateError, match=r"\(batch, 2, 6\), got nothing"):
        found({"field": torch.zeros(1, 2, 6)})


@pytest.mark.parametrize("kind", [CoarseInterpolation, CoarseRegression, SuperResolution])
def test_what_another_instrument_saw_and_what_is_not_finite_are_refused(kind: Any) -> None:
    gappy, empty = in_view(noise(2, 3, 24), Gappy()), in_view(noise(0, 3, 24), Coarse(4))
    with pytest.raises(SurrogateError, match=r"seen by Gappy; give the task Coarse"):
        kind().fit(gappy, gappy, seed=0)
    lines = in_view(noise(2, 3, 24), Coarse(4))
    with pytest.raises(SurrogateError, match="needs training and validation pairs, got 6 and 0"):
        kind().fit(lines, empty, seed=0)
    broken = noise(2, 3, 24)
    broken[1, 2, 3] = np.nan
    with pytest.raises(SurrogateError, match="hold NaN or infinity"):
        kind().fit(in_view(broken, Coarse(4)), lines, seed=0)


def test_a_task_that_observes_nothing_is_refused_before_training() -> None:
    with pytest.raises(SurrogateError, match="SuperResolution learns observations, but Direct gives pairs"):
        Candidate("super_resolution", Direct())
    task = Observed("u", Coarse(4))
    assert Candidate("super_resolution", task).task == task
    assert Candidate("dense", task).task == task  # who learns any pairs learns these, too


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SurrogateError, match="one of fourier, cubic, linear, got 'nearest'"):
        CoarseInterpolation.Settings("nearest")  # type: ignore[arg-type]
    with pytest.raises(SurrogateError, match="ridge must be at least 0"):
        CoarseRegression.Settings(ridge=-1.0)
    for wrong in ({"width": 4}, {"channels": 0}, {"blocks": 0}):
        with pytest.raises(SurrogateError, match="at least 1 and width odd"):
            SuperResolution.Settings(training=TrainingSettings(), **wrong)  # type: ignore[arg-type]
