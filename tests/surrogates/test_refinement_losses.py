"""Losses of fields have the values, slopes and limits of their formulas."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from understudy.surrogates.blocks.charbonnier import Charbonnier
from understudy.surrogates.blocks.feature_loss import FeatureLoss
from understudy.surrogates.blocks.periodic_convolution import PeriodicConvolution
from understudy.surrogates.blocks.spectral_loss import SpectralLoss
from understudy.surrogates.refining_loss import LossSettings
from understudy.surrogates.surrogate import SurrogateError

ZERO = torch.zeros((), dtype=torch.float64)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Charbonnier ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_the_slope_of_charbonnier_is_its_closed_form(scale: float) -> None:
    error = torch.linspace(-10, 10, 41, dtype=torch.float64).requires_grad_(True)
    loss = Charbonnier(scale=scale)(error, torch.zeros_like(error))
    loss.backward()
    expected = error / (1 + (error / scale).square()).sqrt() / 41
    torch.testing.assert_close(error.grad, expected.detach(), rtol=1e-13, atol=0)
    value = scale**2 * ((1 + (error / scale).square()).sqrt() - 1).mean()
    torch.testing.assert_close(loss, value, rtol=1e-13, atol=0)


def test_charbonnier_is_a_square_near_zero_and_an_absolute_value_far_away() -> None:
    loss = Charbonnier(scale=0.5)
    for error in (1e-9, 1e-5):  # no digit is lost on small ones
        assert float(loss(ZERO + error, ZERO)) == pytest.approx(error**2 / 2, rel=1e-9)
    for error in (1e6, -1e9):
        assert float(loss(ZERO + error, ZERO)) == pytest.approx(0.5 * abs(error), rel=1e-5)
    assert float(loss(ZERO, ZERO)) == 0


def test_a_scale_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive, got 0"):
        Charbonnier(scale=0.0)


# spectral ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [(16,), (15,), (8, 6), (7, 9), (4, 6, 8)], ids=str)
def test_unweighted_the_spectral_loss_is_the_mean_square(grid: tuple[int, ...]) -> None:
    first, second = noise(3, 2, *grid), noise(3, 2, *grid, seed=1)
    loss = SpectralLoss(dimensions=len(grid))(first, second)
    torch.testing.assert_close(loss, (first - second).square().mean(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("phases", [0.0, 0.3, 1.0])
def test_the_spectral_loss_of_equal_fields_is_zero(phases: float) -> None:
    field = noise(3, 16)
    loss = SpectralLoss(dimensions=1, power=3.0, phases=phases)
    assert float(loss(field, field)) == 0
    assert float(loss(field, 1.1 * field)) > 1e-4


def test_waves_count_by_their_length_their_strength_and_their_place() -> None:
    x = 2 * math.pi * torch.arange(16, dtype=torch.float64) / 16

    def loss(power: float, phases: float, *fields: torch.Tensor) -> float:
        return float(SpectralLoss(dimensions=1, power=power, phases=phases)(*fields))

    for wave in (0, 1, 3, 7):
        strength = 0.5 if wave else 1.0  # mean square of a cosine
        stronger = 3 * torch.cos(wave * x), 2 * torch.cos(wave * x)
        assert loss(2.0, 1.0, *stronger) == pytest.approx((1 + wave) ** 2 * strength)
        assert loss(2.0, 0.0, *stronger) == pytest.approx((1 + wave) ** 2 * strength)
    moved = torch.cos(3 * x), torch.cos(3 * x + 1.2)
    apart = 0.5 * abs(1 - np.exp(1.2j)) ** 2
    assert loss(0.0, 1.0, *moved) == pytest.approx(apart)
    assert loss(0.0, 0.25, *moved) == pytest.approx(0.25 * apart)
    assert loss(0.0, 0.0, *moved) == pytest.approx(0, abs=1e-15)


def test_lengths_of_waves_on_a_plane_are_those_of_their_vectors() -> None:
    x, y = torch.meshgrid(*[2 * math.pi * torch.arange(n).double() / n for n in (12, 16)], indexing="ij")
    loss = SpectralLoss(dimensions=2, power=1.0)
    for a, b in ((3, 4), (-3, 4), (3, -4), (5, 0), (0, 5)):
        wave = torch.cos(a * x + b * y + 0.3)
        assert float(loss(wave, torch.zeros_like(wave))) == pytest.approx(0.5 * (1 + math.hypot(a, b)))


def test_the_slope_of_the_spectral_loss_is_finite_where_a_wave_is_missing() -> None:
    field = torch.zeros(2, 16, dtype=torch.float64).requires_grad_(True)
    SpectralLoss(dimensions=1, phases=0.0)(field, noise(2, 16)).backward()
    assert field.grad is not None and torch.isfinite(field.grad).all()


def test_phases_out_of_range_and_no_dimension_are_refused() -> None:
    for wrong in ({"dimensions": 1, "phases": 1.5}, {"dimensions": 0}):
        with pytest.raises(ValueError, match=r"at least 1 and phases lie in \[0, 1\]"):
            SpectralLoss(**wrong)  # type: ignore[arg-type]


# features ------------------------------------------------------------------------------------------


def network() -> nn.Sequential:
    torch.manual_seed(0)
    first = PeriodicConvolution(dimensions=1, inputs=2, outputs=3, width=3)
    second = PeriodicConvolution(dimensions=1, inputs=3, outputs=4, width=3)
    return nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), nn.Dropout(0.5)).double()


def test_the_feature_loss_compares_the_outputs_of_the_layers_that_are_named() -> None:
    layers, first, second = network(), noise(5, 2, 8), noise(5, 2, 8, seed=1)
    one = (layers[:2](first) - layers[:2](second)).square().mean()
    two = (layers[:4](first) - layers[:4](second)).square().mean()
    torch.testing.assert_close(FeatureLoss(features=layers, layers=(1,))(first, second), one)
    torch.testing.assert_close(FeatureLoss(features=layers, layers=(1, 3))(first, second), (one + two) / 2)


def test_gradients_reach_the_answer_and_never_the_features() -> None:
    layers, answer = network(), noise(5, 2, 8).requires_grad_(True)
    loss = FeatureLoss(features=layers, layers=(1, 3))
    loss(answer, noise(5, 2, 8, seed=1)).backward()
    assert answer.grad is not None and answer.grad.abs().max() > 1e-4
    assert not any(p.requires_grad or p.grad is not None for p in loss.parameters())
    assert all(p.requires_grad and p.grad is None for p in layers.parameters())


def test_the_features_are_a_copy_that_stays_in_evaluation() -> None:
    layers, fields = network(), (noise(5, 2, 8), noise(5, 2, 8, seed=1))
    loss = FeatureLoss(features=layers, layers=(4,))
    before = loss(*fields)
    nn.Sequential(loss).train()
    assert torch.equal(loss(*fields), before)  # dropout would be another every time
    nn.init.zeros_(layers[0].weight)
    assert torch.equal(loss(*fields), before)


def test_layers_that_are_not_there_are_refused() -> None:
    for layers in ((), (5,), (-1,)):
        with pytest.raises(ValueError, match="some of 0 to 4"):
            FeatureLoss(features=network(), layers=layers)


# their weights -------------------------------------------------------------------------------------


def test_a_loss_is_the_sum_of_its_parts_by_their_weights() -> None:
    chosen = LossSettings(mse=0.5, charbonnier=2.0, scale=0.3, spectral=3.0, power=2.0, phases=0.5)
    answer, truth = noise(4, 2, 16), noise(4, 2, 16, seed=1)
    found = {type(part): (weight, float(part(answer, truth))) for weight, part in chosen.parts(2, 1)}
    assert set(found) == {nn.MSELoss, Charbonnier, SpectralLoss}
    assert found[nn.MSELoss] == (0.5, pytest.approx(float((answer - truth).square().mean())))
    assert found[Charbonnier][1] == pytest.approx(float(Charbonnier(scale=0.3)(answer, truth)))
    expected = SpectralLoss(dimensions=1, power=2.0, phases=0.5)(answer, truth)
    assert found[SpectralLoss] == (3.0, pytest.approx(float(expected)))


def test_weights_that_make_no_loss_are_refused() -> None:
    with pytest.raises(SurrogateError, match="one of them above 0"):
        LossSettings(mse=0.0)
    with pytest.raises(SurrogateError, match="one of them above 0"):
        LossSettings(feature=-1.0)
    with pytest.raises(SurrogateError, match="penalty"):
        LossSettings(adversarial=1.0, penalty=-1.0)
